// What an IMAP server answers, without the connection that it comes through; for this folder alone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/mail/imap.hpp"
#include "sync/base/result.hpp"

namespace kontor::mail {

/// One line of an answer; what came as a literal is beside it, and `{n}` in its place.
struct ImapLine {
    std::string text, literal;
};

/// Takes answers out of a server's bytes. They may be anything: what it holds is bounded.
class ImapReader {
public:
    /// Appends one byte at least, or fails.
    using More = std::function<Result<>(std::string& buffer)>;
    explicit ImapReader(More more) : more_(std::move(more)) {}

    /// The lines before the one that begins with `tag`. kNotFound (reason mailbox_refused) if that
    /// says NO or BAD; kUnavailable if the server says BYE; kProtocol; or what `more` fails with.
    [[nodiscard]] Result<std::vector<ImapLine>> read(const std::string& tag);

private:
    [[nodiscard]] Result<std::string> read_bytes(std::size_t count);
    [[nodiscard]] Result<std::string> read_to_break();
    [[nodiscard]] Result<ImapLine> read_line();
    [[nodiscard]] Result<> receive();

    More more_;
    std::string buffer_;
    std::size_t taken_ = 0;  ///< of the buffer
};

/// UIDVALIDITY in the answer to EXAMINE; 0 if there is none.
[[nodiscard]] std::uint32_t validity_in(const std::vector<ImapLine>& lines);

/// The UIDs beyond `after` in the answer to UID SEARCH, rising. kProtocol.
[[nodiscard]] Result<std::vector<std::uint32_t>> uids_in(const std::vector<ImapLine>& lines,
                                                         std::uint32_t after);

/// Those of the messages `uids` that the answer to UID FETCH has, by UID. kProtocol.
[[nodiscard]] Result<std::vector<Fetched>> messages_in(std::vector<ImapLine> lines,
                                                       std::span<const std::uint32_t> uids);

}  // namespace kontor::mail
