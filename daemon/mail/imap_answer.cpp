#include "daemon/mail/imap_answer.hpp"

#include <algorithm>
#include <charconv>

#include "daemon/mail/months.hpp"
#include "sync/base/utf8.hpp"

namespace kontor::mail {
namespace {

constexpr std::size_t kLineMax = std::size_t{8} * 1024 * 1024;  // a search finds a million UIDs
constexpr std::size_t kLinesMax = 10'000;                       // of one answer
constexpr std::size_t kAnswerMax = std::size_t{32} * 1024 * 1024;
constexpr std::size_t kToldMax = 300;

std::optional<std::uint32_t> number_at(std::string_view text, std::string_view before) {
    const auto at = text.find(before);
    if (at == std::string_view::npos) return std::nullopt;
    const auto* begin = text.data() + at + before.size();
    std::uint32_t out = 0;
    const auto [end, failed] = std::from_chars(begin, text.data() + text.size(), out);
    return failed == std::errc() && end != begin ? std::optional(out) : std::nullopt;
}

/// How long the literal is that follows the line; nullopt: none does.
std::optional<std::size_t> literal_after(std::string_view line) {
    if (!line.ends_with('}')) return std::nullopt;
    const auto open = line.rfind('{');
    if (open == std::string_view::npos) return std::nullopt;
    std::size_t out = 0;
    const auto* end = line.data() + line.size() - 1;
    const auto [at, failed] = std::from_chars(line.data() + open + 1, end, out);
    return failed == std::errc() && at == end ? std::optional(out) : std::nullopt;
}

/// The string in quotes that begins there.
std::string unquoted(std::string_view text) {
    std::string out;
    for (std::size_t at = 1; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        out += text[at];
    }
    return out;
}

/// `INTERNALDATE "20-May-2026 10:00:00 +0200"`.
std::optional<Instant> arrival_in(std::string_view text) {
    constexpr std::string_view kBefore = "INTERNALDATE \"";
    constexpr std::string_view kShape = "dd-mmm-yyyy hh:mm:ss +zzzz";
    const auto at = text.find(kBefore);
    if (at == std::string_view::npos) return std::nullopt;
    const auto date = text.substr(at + kBefore.size(), kShape.size());
    if (date.size() != kShape.size()) return std::nullopt;
    const auto month = std::ranges::find(kMonths, date.substr(3, 3)) - std::begin(kMonths);
    if (month == std::ssize(kMonths)) return std::nullopt;
    std::string iso(date.substr(7, 4));
    iso += (month < 9 ? "-0" : "-") + std::to_string(month + 1) + "-";
    iso += date[0] == ' ' ? '0' : date[0];
    iso += date[1];
    return parse_instant(iso + "T" + std::string(date.substr(12, 8)) +
                         std::string(date.substr(21, 3)) + ":" + std::string(date.substr(24, 2)));
}

tl::unexpected<Error> no_imap() {
    return fail(Errc::kProtocol, "the mail server's answer is no IMAP");
}

/// What the server says, for a person: it may be anything.
std::string told(std::string_view said) {
    if (!is_utf8(said)) return "(a text that is not UTF-8)";
    if (said.size() > kToldMax) {
        auto end = kToldMax;
        while ((static_cast<unsigned char>(said[end]) & 0xC0) == 0x80) --end;
        said = said.substr(0, end);
    }
    std::string out(said);
    std::ranges::replace_if(
        out, [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
    return out;
}

}  // namespace

Result<std::vector<ImapLine>> ImapReader::read(const std::string& tag) {
    std::vector<ImapLine> out;
    std::size_t size = 0;
    while (true) {
        auto line = read_line();
        if (!line) return pass(line);
        if (line->text.starts_with(tag + " ")) {
            const auto said = std::string_view(line->text).substr(tag.size() + 1);
            if (said.starts_with("OK")) return out;
            return fail(Errc::kNotFound, "the mail server answers " + told(said),
                        {{"reason", "mailbox_refused"}});
        }
        if (line->text.starts_with("* BYE"))
            return fail(Errc::kUnavailable,
                        "the mail server says " + told(std::string_view(line->text).substr(2)));
        size += line->text.size() + line->literal.size();
        if (out.size() == kLinesMax || size > kAnswerMax) return no_imap();
        out.push_back(std::move(*line));
    }
}

/// More into the buffer.
Result<> ImapReader::receive() {
    if (taken_ > 0) {
        buffer_.erase(0, taken_);
        taken_ = 0;
    }
    return more_(buffer_);
}

Result<std::string> ImapReader::read_bytes(std::size_t count) {
    while (buffer_.size() - taken_ < count)
        if (auto more = receive(); !more) return pass(more);
    auto out = buffer_.substr(taken_, count);
    taken_ += count;
    return out;
}

Result<std::string> ImapReader::read_to_break() {
    std::size_t looked_at = 0;
    while (true) {
        const auto end = buffer_.find("\r\n", taken_ + looked_at);
        if (end != std::string::npos) {
            auto out = buffer_.substr(taken_, end - taken_);
            taken_ = end + 2;
            return out;
        }
        const auto there = buffer_.size() - taken_;
        if (there > kLineMax) return no_imap();
        looked_at = there > 0 ? there - 1 : 0;
        if (auto more = receive(); !more) return pass(more);
    }
}

Result<ImapLine> ImapReader::read_line() {
    ImapLine out;
    while (true) {
        auto part = read_to_break();
        if (!part) return pass(part);
        out.text += *part;
        const auto length = literal_after(*part);
        if (!length) return out;
        if (*length > kFetchedMax || out.text.size() > kLineMax) return no_imap();
        auto literal = read_bytes(*length);
        if (!literal) return pass(literal);
        out.literal = std::move(*literal);
    }
}

std::uint32_t validity_in(const std::vector<ImapLine>& lines) {
    std::uint32_t out = 0;
    for (const auto& line : lines)
        if (const auto value = number_at(line.text, "[UIDVALIDITY ")) out = *value;
    return out;
}

Result<std::vector<std::uint32_t>> uids_in(const std::vector<ImapLine>& lines,
                                           std::uint32_t after) {
    std::vector<std::uint32_t> out;
    constexpr std::string_view kFound = "* SEARCH";
    for (const auto& line : lines) {
        if (!line.text.starts_with(kFound)) continue;
        const auto* at = line.text.data() + kFound.size();
        const auto* end = line.text.data() + line.text.size();
        while (at != end) {
            if (*at == ' ') {
                ++at;
                continue;
            }
            std::uint32_t uid = 0;
            const auto [next, failed] = std::from_chars(at, end, uid);
            if (failed != std::errc()) return no_imap();
            at = next;
            // N:* is also the last message where all are older than N.
            if (uid > after) out.push_back(uid);
        }
    }
    std::ranges::sort(out);
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

Result<std::vector<Fetched>> messages_in(std::vector<ImapLine> lines,
                                         std::span<const std::uint32_t> uids) {
    std::vector<Fetched> out;
    for (auto& line : lines) {
        const auto body = line.text.find("BODY[]");
        const auto uid = number_at(line.text, "UID ");
        if (line.text.find(" FETCH (") == std::string::npos || body == std::string::npos || !uid ||
            std::ranges::find(uids, *uid) == uids.end())
            continue;
        const auto value = line.text.find(' ', body);
        if (value == std::string::npos) return no_imap();
        if (line.text.compare(value, 2, " \"") == 0)
            line.literal = unquoted(std::string_view(line.text).substr(value + 1));
        out.push_back({*uid, arrival_in(line.text), std::move(line.literal)});
    }
    std::ranges::sort(out, {}, &Fetched::uid);
    return out;
}

}  // namespace kontor::mail
