#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/mail/server.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"

namespace kontor::mail {

/// A message as the server has it.
struct Fetched {
    std::uint32_t uid = 0;
    std::optional<Instant> arrived;  ///< at the server
    std::string bytes;               ///< RFC 5322; the first kFetchedMax of them if there are more
};

/// No more of a message is read: what people write themselves stands at its beginning.
inline constexpr std::size_t kFetchedMax = std::size_t{256} * 1024;

/// A folder of an IMAP mailbox (RFC 9051 and 3501), opened for reading only: nothing is marked,
/// moved or deleted. libcurl makes the connection (TLS, STARTTLS, sign-in); the few commands go
/// over it by hand, for libcurl's own way to fetch would mark a message as read.
/// One thread at a time. Errors of all: kTls, kUnauthenticated, kUnavailable, kTimeout (a minute
/// without an answer), kCancelled, kProtocol (the server does not speak IMAP).
class ImapFolder {
public:
    /// `folder` as the server names it, "INBOX" for instance; kNotFound if there is none.
    /// `cancelled` is asked about once a second.
    [[nodiscard]] static Result<ImapFolder> open(const Server& server, const std::string& folder,
                                                 std::function<bool()> cancelled);
    ImapFolder(ImapFolder&&) noexcept;
    ImapFolder& operator=(ImapFolder&&) noexcept;
    ~ImapFolder();

    /// UIDs are good as long as this stays the same.
    [[nodiscard]] std::uint32_t validity() const { return validity_; }

    /// The UIDs after `after`, rising; with `since`, only of messages that arrived that day (UTC)
    /// or later.
    [[nodiscard]] Result<std::vector<std::uint32_t>> uids(std::uint32_t after,
                                                          std::optional<Instant> since);
    /// Those messages, without those that are gone. Not more than a few at a time.
    [[nodiscard]] Result<std::vector<Fetched>> fetch(std::span<const std::uint32_t> uids);

private:
    class Talk;
    explicit ImapFolder(std::unique_ptr<Talk> talk);
    std::unique_ptr<Talk> talk_;
    std::uint32_t validity_ = 0;
};

}  // namespace kontor::mail
