#include "daemon/mail/incoming.hpp"

#include <algorithm>

#include "connectors/host/ascii.hpp"
#include "daemon/mail/gmime.hpp"
#include "daemon/mail/html_text.hpp"

namespace kontor::mail {
namespace {

constexpr std::size_t kTextMax = std::size_t{64} * 1024;
constexpr std::size_t kIdsMax = 64;
constexpr std::size_t kAddressesMax = 64;
constexpr std::size_t kDeliveriesMax = 64;
constexpr int kDepthMax = 16;
constexpr int kPartsMax = 200;

std::string trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const auto first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return "";
    return std::string(text.substr(first, text.find_last_not_of(kBlank) - first + 1));
}

/// UTF-8 whatever came.
std::string clean(const std::string& text) {
    std::unique_ptr<char, decltype(&g_free)> valid(
        g_utf8_make_valid(text.data(), static_cast<gssize>(text.size())), g_free);
    return valid.get();
}

std::string header(GMimeObject* object, const char* name) {
    const auto* value = g_mime_object_get_header(object, name);
    return value == nullptr ? "" : value;
}

void add_ids(std::vector<std::string>& out, const std::string& text) {
    if (text.empty()) return;
    std::unique_ptr<GMimeReferences, decltype(&g_mime_references_free)> ids(
        g_mime_references_parse(nullptr, text.c_str()), g_mime_references_free);
    for (int i = 0; i < g_mime_references_length(ids.get()) && out.size() < kIdsMax; ++i)
        if (const auto* id = g_mime_references_get_message_id(ids.get(), i)) out.emplace_back(id);
}

void add_addresses(std::vector<std::string>& out, InternetAddressList* list, int depth) {
    for (int i = 0; i < internet_address_list_length(list); ++i) {
        auto* one = internet_address_list_get_address(list, i);
        if (out.size() == kAddressesMax) return;
        if (INTERNET_ADDRESS_IS_GROUP(one)) {
            auto* members = internet_address_group_get_members(INTERNET_ADDRESS_GROUP(one));
            if (members != nullptr && depth < kDepthMax) add_addresses(out, members, depth + 1);
        } else if (const auto* address =
                       internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one))) {
            out.push_back(host::ascii_lower(clean(address)));
        }
    }
}

std::string bytes_of(GMimePart* part) {
    auto* content = g_mime_part_get_content(part);
    if (content == nullptr) return "";
    const Object<GMimeStream> stream(g_mime_stream_mem_new());
    g_mime_data_wrapper_write_to_stream(content, stream.get());
    const auto* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream.get()));
    return {reinterpret_cast<const char*>(bytes->data),
            std::min<std::size_t>(bytes->len, kTextMax)};
}

std::string text_of(GMimeObject* object) {
    std::unique_ptr<char, decltype(&g_free)> text(
        g_mime_text_part_get_text(GMIME_TEXT_PART(object)), g_free);
    std::string out(text ? text.get() : "");
    std::erase(out, '\r');
    if (out.size() > kTextMax) out.resize(kTextMax);
    return clean(out);
}

Object<GMimeMessage> parse(std::string_view bytes) {
    const Object<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(bytes.data(), bytes.size()));
    const Object<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
    return Object<GMimeMessage>(g_mime_parser_construct_message(parser.get(), nullptr));
}

/// The groups of fields of message/delivery-status that are about a recipient.
std::vector<Delivery> deliveries_in(const std::string& text) {
    std::vector<Delivery> out;
    Delivery now;
    const auto take = [&] {
        if (!now.action.empty() && out.size() < kDeliveriesMax) out.push_back(now);
        now = {};
    };
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        const auto line = trimmed(std::string_view(text).substr(at, end - at));
        at = end + 1;
        if (line.empty()) take();
        const auto colon = line.find(':');
        if (colon == std::string::npos) continue;
        const auto name = host::ascii_lower(trimmed(line.substr(0, colon)));
        // Comments may follow, as "5.1.1 (no such user)".
        auto value = host::ascii_lower(trimmed(line.substr(colon + 1)));
        value.resize(std::min(value.find_first_of(" (;"), value.size()));
        if (name == "action") now.action = clean(value);
        if (name == "status") now.status = clean(value);
    }
    take();
    return out;
}

/// Walks through the parts of a message.
class Reading {
public:
    explicit Reading(Incoming& out) : out_(out) {}

    void look(GMimeObject* part, int depth) {
        if (part == nullptr || depth > kDepthMax || ++parts_ > kPartsMax) return;
        if (GMIME_IS_MULTIPART(part)) {
            auto* parts = GMIME_MULTIPART(part);
            for (int i = 0; i < g_mime_multipart_get_count(parts); ++i)
                look(g_mime_multipart_get_part(parts, i), depth + 1);
            return;
        }
        auto* type = g_mime_object_get_content_type(part);
        const auto is = [&](const char* major, const char* minor) {
            return g_mime_content_type_is_type(type, major, minor) != FALSE;
        };
        if (GMIME_IS_MESSAGE_PART(part)) {
            if (auto* inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(part)))
                returned(inner);
        } else if (GMIME_IS_TEXT_PART(part) && (is("text", "plain") || is("text", "html"))) {
            if (is_attached(part)) return;
            auto& place = is("text", "html") ? html_ : plain_;
            if (place.empty()) place = text_of(part);
        } else if (!GMIME_IS_PART(part)) {
            return;
        } else if (is("message", "delivery-status") || is("message", "global-delivery-status")) {
            out_.report = true;
            out_.deliveries = deliveries_in(bytes_of(GMIME_PART(part)));
        } else if (is("text", "rfc822-headers") || is("message", "global-headers") ||
                   is("message", "global")) {
            if (const auto inner = parse(bytes_of(GMIME_PART(part)))) returned(inner.get());
        }
    }

    void finish() {
        const bool blank = plain_.find_first_not_of(" \n\t") == std::string::npos;
        out_.text = blank ? text_of_html(html_) : std::move(plain_);
    }

private:
    static bool is_attached(GMimeObject* part) {
        const auto* how = g_mime_object_get_disposition(part);
        return how != nullptr && host::ascii_lower(how) == "attachment";
    }
    void returned(GMimeMessage* message) {
        add_ids(out_.returned, header(GMIME_OBJECT(message), "Message-ID"));
    }

    Incoming& out_;
    std::string plain_, html_;
    int parts_ = 0;
};

bool is_automatic(GMimeObject* message, const std::string& subject) {
    const auto word = [&](const char* name) {
        auto value = host::ascii_lower(trimmed(header(message, name)));
        value.resize(std::min(value.find_first_of(" ;("), value.size()));
        return value;
    };
    const auto submitted = word("Auto-Submitted");
    if (!submitted.empty() && submitted != "no") return true;
    constexpr std::string_view kBulk[] = {"bulk", "junk", "list", "auto_reply"};
    if (std::ranges::find(kBulk, word("Precedence")) != std::end(kBulk)) return true;
    for (const char* name : {"X-Autoreply", "X-Autorespond", "X-Autoresponder", "List-Id"})
        if (!header(message, name).empty()) return true;
    if (trimmed(header(message, "Return-Path")) == "<>") return true;
    // Of programs that say so nowhere else.
    constexpr std::string_view kSubjects[] = {"automatic reply", "auto reply",    "auto-reply",
                                              "autoreply",       "out of office", "自动回复",
                                              "自動回覆",        "自动答复"};
    const auto said = host::ascii_lower(subject);
    return std::ranges::any_of(kSubjects, [&](auto begin) { return said.starts_with(begin); });
}

}  // namespace

Incoming read_incoming(std::string_view bytes) {
    start_gmime();
    Incoming out;
    const auto message = parse(bytes);
    if (!message) return out;
    auto* object = GMIME_OBJECT(message.get());
    std::vector<std::string> own;
    add_ids(own, header(object, "Message-ID"));
    if (!own.empty()) out.id = clean(own.front()).substr(0, 998);
    const auto* subject = g_mime_message_get_subject(message.get());
    out.subject = trimmed(clean(subject == nullptr ? "" : subject));
    std::ranges::replace_if(
        out.subject, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
    add_ids(out.answers_to, header(object, "In-Reply-To"));
    add_ids(out.answers_to, header(object, "References"));
    for (const char* name : {"Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"}) {
        const auto value = header(object, name);
        if (value.empty()) continue;
        const Object<InternetAddressList> list(internet_address_list_parse(nullptr, value.c_str()));
        if (list) add_addresses(out.recipients, list.get(), 0);
    }
    Reading reading(out);
    reading.look(g_mime_message_get_mime_part(message.get()), 0);
    reading.finish();
    auto* part = g_mime_message_get_mime_part(message.get());
    const bool reports =
        part != nullptr && g_mime_content_type_is_type(g_mime_object_get_content_type(part),
                                                       "multipart", "report") != FALSE;
    out.report = out.report && reports;
    out.automatic = reports || is_automatic(object, out.subject);
    return out;
}

}  // namespace kontor::mail
