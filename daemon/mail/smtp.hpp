#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/mail/server.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"

namespace kontor::mail {

/// A message of plain text. Addresses are bare: it@example.com.
struct Message {
    std::string from;
    std::vector<std::string> to;
    std::string subject;  ///< UTF-8, one line
    std::string text;     ///< UTF-8
    std::string id;       ///< what the Message-ID begins with; unique
    Instant at{};
};

/// Hands a message in, once. TLS 1.2 or newer, verified. Blocks, two minutes at most; `cancelled`
/// is asked about once a second. Errors: kTls, kUnauthenticated (user or password), kPermission
/// (the server does not take it; args at=recipient: for the people written to), kInvalid (a header
/// would break out of its line), kUnavailable, kTimeout, kCancelled. The caller ignores SIGPIPE.
/// Thread-safe.
[[nodiscard]] Result<> send(const Server& server, const Message& message,
                            const std::function<bool()>& cancelled);

class Connection;

/// Hands many messages in, one after another, over one connection: it is made with the first, and
/// again after a message that was not taken or when the server has closed it. One thread at a time.
class Submission {
public:
    /// kConfig if a file of certificates cannot be read, kInternal.
    [[nodiscard]] static Result<Submission> prepare(const Server& server,
                                                    std::function<bool()> cancelled);
    Submission(Submission&&) noexcept;
    Submission& operator=(Submission&&) noexcept;
    ~Submission();

    /// Bytes that are made already: RFC 5322 with CRLF, no line that is a dot alone. As send(); one
    /// that fails costs the others nothing.
    [[nodiscard]] Result<> send(const std::string& from, const std::vector<std::string>& to,
                                std::string_view bytes);

private:
    explicit Submission(std::unique_ptr<Connection> connection);
    std::unique_ptr<Connection> connection_;
};

/// Text for a header, as RFC 2047 wants it where it is not plain ASCII.
[[nodiscard]] std::string encoded_words(const std::string& text);

}  // namespace kontor::mail
