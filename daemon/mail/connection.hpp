// What SMTP and IMAP have in common; for this folder alone.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/mail/server.hpp"
#include "sync/base/result.hpp"

namespace kontor::mail {

/// libcurl's handle for one conversation with a mail server: TLS 1.2 or newer and verified, but for
/// a server on this machine, which may do without; the sign-in; cancellation. One thread at a time.
class Connection {
public:
    /// `protocols` as libcurl names them: "smtp,smtps". kConfig if a file of certificates cannot be
    /// read, kInternal if libcurl does not start.
    [[nodiscard]] static Result<std::unique_ptr<Connection>> prepare(
        const Server& server, const std::string& url, const char* protocols,
        std::function<bool()> cancelled);

    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { curl_easy_cleanup(curl_); }

    [[nodiscard]] CURL* curl() const { return curl_; }
    [[nodiscard]] bool cancelled() const { return cancelled_ && cancelled_(); }
    /// Does what was prepared. Errors as of mail::send().
    [[nodiscard]] Result<> perform() const;
    /// What perform() did last failed because the server closes a connection that had served
    /// before (421, RFC 5321 3.8).
    [[nodiscard]] bool closed_by_server() const;

private:
    Connection(CURL* curl, std::function<bool()> cancelled)
        : curl_(curl), cancelled_(std::move(cancelled)) {}
    CURL* curl_;
    std::function<bool()> cancelled_;
    char said_[CURL_ERROR_SIZE] = "";
};

}  // namespace kontor::mail
