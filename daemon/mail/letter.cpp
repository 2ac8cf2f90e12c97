#include "daemon/mail/letter.hpp"

#include <mutex>

#include "daemon/mail/gmime.hpp"

namespace kontor::mail {
namespace {

bool stays_on_its_line(const std::string& text) {
    return text.find_first_of("\r\n") == std::string::npos;
}

Object<GMimeTextPart> part_of(const char* kind, const std::string& text) {
    Object<GMimeTextPart> part(g_mime_text_part_new_with_subtype(kind));
    g_mime_text_part_set_charset(part.get(), "utf-8");
    g_mime_text_part_set_text(part.get(), text.c_str());
    g_mime_part_set_content_encoding(GMIME_PART(part.get()),
                                     GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
    return part;
}

struct Mailbox {
    std::string name, address;
};

Mailbox mailbox_of(const std::string& text) {
    Mailbox out;
    if (!stays_on_its_line(text)) return out;
    Object<InternetAddressList> list(internet_address_list_parse(nullptr, text.c_str()));
    if (!list || internet_address_list_length(list.get()) != 1) return out;
    auto* one = internet_address_list_get_address(list.get(), 0);
    if (!INTERNET_ADDRESS_IS_MAILBOX(one)) return out;
    const auto* address = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one));
    const auto* name = internet_address_get_name(one);
    const std::string found = address == nullptr ? "" : address;
    const auto at = found.find('@');
    if (at == std::string::npos || at == 0 || at + 1 == found.size()) return out;
    out.address = found;
    out.name = name == nullptr ? "" : name;
    return out;
}

}  // namespace

void start_gmime() {
    static std::once_flag once;
    std::call_once(once, g_mime_init);
}

std::string address_of(const std::string& mailbox) {
    start_gmime();
    return mailbox_of(mailbox).address;
}

Result<std::string> compose(const Letter& letter, Instant date) {
    start_gmime();
    bool good = stays_on_its_line(letter.subject) && stays_on_its_line(letter.id);
    for (const auto& [name, value] : letter.headers) good = good && stays_on_its_line(value);
    if (!good) return fail(Errc::kInvalid, "a header holds a line break", {{"key", "header"}});
    Object<GMimeMessage> out(g_mime_message_new(TRUE));
    for (const auto& [type, text] : {std::pair(GMIME_ADDRESS_TYPE_FROM, &letter.from),
                                     std::pair(GMIME_ADDRESS_TYPE_TO, &letter.to),
                                     std::pair(GMIME_ADDRESS_TYPE_REPLY_TO, &letter.reply_to)}) {
        if (type == GMIME_ADDRESS_TYPE_REPLY_TO && text->empty()) continue;
        const auto box = mailbox_of(*text);
        if (box.address.empty())
            return fail(Errc::kInvalid, "no e-mail address", {{"reason", "no_address"}});
        g_mime_message_add_mailbox(out.get(), type, box.name.empty() ? nullptr : box.name.c_str(),
                                   box.address.c_str());
    }
    g_mime_message_set_subject(out.get(), letter.subject.c_str(), "utf-8");
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(date.time_since_epoch()).count();
    std::unique_ptr<GDateTime, decltype(&g_date_time_unref)> when(
        g_date_time_new_from_unix_utc(seconds), g_date_time_unref);
    g_mime_message_set_date(out.get(), when.get());
    g_mime_message_set_message_id(out.get(), letter.id.c_str());
    for (const auto& [name, value] : letter.headers)
        g_mime_object_set_header(GMIME_OBJECT(out.get()), name.c_str(), value.c_str(), "utf-8");

    Object<GMimeMultipart> both(g_mime_multipart_new_with_subtype("alternative"));
    g_mime_multipart_set_boundary(both.get(),
                                  ("=_kontor_" + letter.id.substr(0, letter.id.find('@'))).c_str());
    const auto text = part_of("plain", letter.text);
    const auto html = part_of("html", letter.html);
    g_mime_multipart_add(both.get(), GMIME_OBJECT(text.get()));
    g_mime_multipart_add(both.get(), GMIME_OBJECT(html.get()));
    g_mime_message_set_mime_part(out.get(), GMIME_OBJECT(both.get()));

    std::unique_ptr<GMimeFormatOptions, decltype(&g_mime_format_options_free)> options(
        g_mime_format_options_new(), g_mime_format_options_free);
    g_mime_format_options_set_newline_format(options.get(), GMIME_NEWLINE_FORMAT_DOS);
    std::unique_ptr<char, decltype(&g_free)> bytes(
        g_mime_object_to_string(GMIME_OBJECT(out.get()), options.get()), g_free);
    return std::string(bytes.get());
}

}  // namespace kontor::mail
