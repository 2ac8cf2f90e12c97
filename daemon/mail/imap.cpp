#include "daemon/mail/imap.hpp"

#include <poll.h>

#include <chrono>

#include "daemon/mail/connection.hpp"
#include "daemon/mail/imap_answer.hpp"
#include "daemon/mail/months.hpp"

namespace kontor::mail {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{60};
constexpr int kAskEveryMs = 1'000;
constexpr std::size_t kChunk = 16'384;

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

// "1-Feb-2026".
std::string day_of(Instant at) {
    const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(at));
    return std::to_string(static_cast<unsigned>(day.day())) + "-" +
           std::string(kMonths[static_cast<unsigned>(day.month()) - 1]) + "-" +
           std::to_string(static_cast<int>(day.year()));
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

    /// Errors as of ImapReader::read().
    Result<std::vector<ImapLine>> ask(const std::string& command) {
        const auto tag = "K" + std::to_string(++commands_);
        until_ = steady_clock::now() + kPatience;
        if (auto sent = send(tag + " " + command + "\r\n"); !sent) return pass(sent);
        return reader_.read(tag);
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

    Result<> receive(std::string& buffer) {
        const auto size = buffer.size();
        while (true) {
            buffer.resize(size + kChunk);
            std::size_t got = 0;
            const auto code =
                curl_easy_recv(connection_->curl(), buffer.data() + size, kChunk, &got);
            buffer.resize(size + got);
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

    std::unique_ptr<Connection> connection_;
    curl_socket_t socket_ = CURL_SOCKET_BAD;
    ImapReader reader_{[this](std::string& buffer) { return receive(buffer); }};
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
    out.validity_ = validity_in(*lines);
    if (out.validity_ == 0) return fail(Errc::kProtocol, "the mail server's answer is no IMAP");
    return out;
}

Result<std::vector<std::uint32_t>> ImapFolder::uids(std::uint32_t after,
                                                    std::optional<Instant> since) {
    if (after == UINT32_MAX) return std::vector<std::uint32_t>();
    auto lines = talk_->ask("UID SEARCH UID " + std::to_string(after + 1) + ":*" +
                            (since ? " SINCE " + day_of(*since) : ""));
    if (!lines) return pass(lines);
    return uids_in(*lines, after);
}

Result<std::vector<Fetched>> ImapFolder::fetch(std::span<const std::uint32_t> uids) {
    if (uids.empty()) return std::vector<Fetched>();
    std::string set;
    for (const auto uid : uids) set += (set.empty() ? "" : ",") + std::to_string(uid);
    auto lines = talk_->ask("UID FETCH " + set + " (UID INTERNALDATE BODY.PEEK[]<0." +
                            std::to_string(kFetchedMax) + ">)");
    if (!lines) return pass(lines);
    return messages_in(std::move(*lines), uids);
}

}  // namespace kontor::mail
