#include "daemon/mail/imap.hpp"

#include <poll.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "daemon/mail/connection.hpp"
#include "daemon/mail/months.hpp"

namespace kontor::mail {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{60};
constexpr int kAskEveryMs = 1'000;
constexpr std::size_t kLineMax = std::size_t{8} * 1024 * 1024;  // a search finds a million UIDs
constexpr std::size_t kLinesMax = 10'000;                       // of one answer
constexpr std::size_t kChunk = 16'384;

/// One line of an answer; what came as a literal is beside it, and `{n}` in its place.
struct Line {
    std::string text, literal;
};

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

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
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

// "1-Feb-2026".
std::string day_of(Instant at) {
    const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(at));
    return std::to_string(static_cast<unsigned>(day.day())) + "-" +
           std::string(kMonths[static_cast<unsigned>(day.month()) - 1]) + "-" +
           std::to_string(static_cast<int>(day.year()));
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

}  // namespace

/// Commands and answers over a connection that is signed in.
class ImapFolder::Talk {
public:
    explicit Talk(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {
        curl_easy_getinfo(connection_->curl(), CURLINFO_ACTIVESOCKET, &socket_);
    }
    Talk(const Talk&) = delete;
    Talk& operator=(const Talk&) = delete;
    ~Talk() {
        // Only what fits at once: nobody waits for a server that is gone.
        std::size_t sent = 0;
        constexpr std::string_view kLeave = "K0 LOGOUT\r\n";
        (void)curl_easy_send(connection_->curl(), kLeave.data(), kLeave.size(), &sent);
    }

    /// The lines before the tagged one. kNotFound (reason mailbox_refused) if the server says NO or
    /// BAD.
    Result<std::vector<Line>> ask(const std::string& command) {
        const auto tag = "K" + std::to_string(++commands_);
        until_ = steady_clock::now() + kPatience;
        if (auto sent = send(tag + " " + command + "\r\n"); !sent) return pass(sent);
        std::vector<Line> out;
        while (true) {
            auto line = read_line();
            if (!line) return pass(line);
            if (line->text.starts_with(tag + " ")) {
                const auto said = line->text.substr(tag.size() + 1);
                if (said.starts_with("OK")) return out;
                return fail(Errc::kNotFound, "the mail server answers " + said,
                            {{"reason", "mailbox_refused"}});
            }
            if (line->text.starts_with("* BYE"))
                return fail(Errc::kUnavailable, "the mail server says " + line->text.substr(2));
            if (out.size() == kLinesMax) return no_imap();
            out.push_back(std::move(*line));
        }
    }

private:
    Result<> wait(short events) const {
        while (true) {
            if (connection_->cancelled()) return fail(Errc::kCancelled, "cancelled");
            if (steady_clock::now() >= until_)
                return fail(Errc::kTimeout, "the mail server does not answer");
            pollfd ready{socket_, events, 0};
            if (::poll(&ready, 1, kAskEveryMs) > 0) return {};
        }
    }

    Result<> send(std::string_view rest) const {
        while (!rest.empty()) {
            std::size_t sent = 0;
            const auto code = curl_easy_send(connection_->curl(), rest.data(), rest.size(), &sent);
            rest.remove_prefix(sent);
            if (code == CURLE_AGAIN) {
                if (auto ready = wait(POLLOUT); !ready) return ready;
            } else if (code != CURLE_OK) {
                return fail(Errc::kUnavailable, curl_easy_strerror(code));
            }
        }
        return {};
    }

    /// More into the buffer.
    Result<> receive() {
        if (taken_ > 0) {
            buffer_.erase(0, taken_);
            taken_ = 0;
        }
        const auto size = buffer_.size();
        while (true) {
            buffer_.resize(size + kChunk);
            std::size_t got = 0;
            const auto code =
                curl_easy_recv(connection_->curl(), buffer_.data() + size, kChunk, &got);
            buffer_.resize(size + got);
            if (code == CURLE_AGAIN) {
                if (auto ready = wait(POLLIN); !ready) return ready;
                continue;
            }
            if (code != CURLE_OK) return fail(Errc::kUnavailable, curl_easy_strerror(code));
            if (got == 0) return fail(Errc::kUnavailable, "the mail server closes the connection");
            until_ = steady_clock::now() + kPatience;
            return {};
        }
    }

    Result<std::string> read_bytes(std::size_t count) {
        while (buffer_.size() - taken_ < count)
            if (auto more = receive(); !more) return pass(more);
        auto out = buffer_.substr(taken_, count);
        taken_ += count;
        return out;
    }

    Result<std::string> read_to_break() {
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

    Result<Line> read_line() {
        Line out;
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

    std::unique_ptr<Connection> connection_;
    curl_socket_t socket_ = CURL_SOCKET_BAD;
    std::string buffer_;
    std::size_t taken_ = 0;  ///< of the buffer
    steady_clock::time_point until_;
    int commands_ = 0;
};

ImapFolder::ImapFolder(std::unique_ptr<Talk> talk) : talk_(std::move(talk)) {}
ImapFolder::ImapFolder(ImapFolder&&) noexcept = default;
ImapFolder& ImapFolder::operator=(ImapFolder&&) noexcept = default;
ImapFolder::~ImapFolder() = default;

Result<ImapFolder> ImapFolder::open(const Server& server, const std::string& folder,
                                    std::function<bool()> cancelled) {
    auto connection = Connection::prepare(server, server.url, "imap,imaps", std::move(cancelled));
    if (!connection) return pass(connection);
    curl_easy_setopt((*connection)->curl(), CURLOPT_CONNECT_ONLY, 1L);
    if (auto done = (*connection)->perform(); !done) return pass(done);
    ImapFolder out(std::make_unique<Talk>(std::move(*connection)));
    auto lines = out.talk_->ask("EXAMINE " + quoted(folder));
    if (!lines) return pass(lines);
    for (const auto& line : *lines)
        if (const auto value = number_at(line.text, "[UIDVALIDITY ")) out.validity_ = *value;
    if (out.validity_ == 0) return no_imap();
    return out;
}

Result<std::vector<std::uint32_t>> ImapFolder::uids(std::uint32_t after,
                                                    std::optional<Instant> since) {
    std::vector<std::uint32_t> out;
    if (after == UINT32_MAX) return out;
    auto lines = talk_->ask("UID SEARCH UID " + std::to_string(after + 1) + ":*" +
                            (since ? " SINCE " + day_of(*since) : ""));
    if (!lines) return pass(lines);
    constexpr std::string_view kFound = "* SEARCH";
    for (const auto& line : *lines) {
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

Result<std::vector<Fetched>> ImapFolder::fetch(std::span<const std::uint32_t> uids) {
    std::vector<Fetched> out;
    if (uids.empty()) return out;
    std::string set;
    for (const auto uid : uids) set += (set.empty() ? "" : ",") + std::to_string(uid);
    auto lines = talk_->ask("UID FETCH " + set + " (UID INTERNALDATE BODY.PEEK[]<0." +
                            std::to_string(kFetchedMax) + ">)");
    if (!lines) return pass(lines);
    for (auto& line : *lines) {
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
