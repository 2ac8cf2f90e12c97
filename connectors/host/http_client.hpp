#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/host/secret.hpp"
#include "connectors/host/spool_file.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

struct HttpHeader {
    std::string name;
    std::string value;
};

/// A header whose value is a credential: wiped after use, never logged.
struct SecretHeader {
    std::string name;
    Secret value;
};

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    std::string told_url;  ///< the address as people may see it, if `url` bears credentials
    std::vector<HttpHeader> headers;
    std::vector<SecretHeader> secret_headers;
    std::string_view body;  ///< borrowed until send() returns or the Exchange ends
    bool spool = false;     ///< the answer's body into a spool file instead of memory
    std::size_t max_body = std::size_t{32} << 20;  ///< bytes, after decompression
    std::chrono::milliseconds timeout{60'000};     ///< for the whole exchange
};

struct HttpResponse {
    int status = 0;
    std::map<std::string, std::string, std::less<>> headers;  ///< lower-case names, last value wins
    std::string body;
    SpoolFile spool;  ///< valid if it was asked for
    /// "" if there is none; of set-cookie, which may be there several times, all lines.
    [[nodiscard]] std::string_view header(std::string_view lower_case_name) const {
        const auto found = headers.find(lower_case_name);
        return found == headers.end() ? std::string_view() : std::string_view(found->second);
    }
};

/// A request under way. Destroying it gives it up.
class Exchange {
public:
    Exchange() = default;
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    virtual ~Exchange() = default;
    /// Moves it (and all others of its client) on without waiting. True once finish() will not
    /// wait.
    virtual bool arrived() = 0;
    /// Waits for the answer; as HttpClient::send(). To be called once.
    virtual Result<HttpResponse> finish() = 0;
};

/// Sends one request, once: no retries, no redirects, no credentials of its own.
///
/// An answer of any status is a success. Errors: kTls (the certificate does not verify), kTimeout,
/// kUnavailable, kProxy (one refuses the way), kCancelled, kProtocol (too large, malformed), kFull
/// (no room to spool), kInvalid (the request is malformed). Called from one thread at a time.
class HttpClient {
public:
    virtual ~HttpClient() = default;
    virtual Result<HttpResponse> send(const HttpRequest& request) = 0;
    /// Sends it without waiting for the answer. Errors: those that show before anything is sent.
    virtual Result<std::unique_ptr<Exchange>> begin(const HttpRequest& request) = 0;
};

/// The key in Error::args that says "no" if the request surely never reached the server.
inline constexpr const char* kSentArg = "sent";

/// True if the server surely has not seen the request, so that sending it again is safe.
[[nodiscard]] inline bool surely_unsent(const Error& error) {
    const auto found = error.args.find(kSentArg);
    return found != error.args.end() && found->second == "no";
}

}  // namespace kontor::host
