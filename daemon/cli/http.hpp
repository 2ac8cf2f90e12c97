#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/cli/cancel.hpp"
#include "sync/base/result.hpp"

namespace kontor::cli {

struct HttpRequest {
    std::string method = "GET";
    std::string target;  ///< "/api/v1/status?x=y", encoded
    std::string body;    ///< sent as application/json if not empty
    std::map<std::string, std::string> headers = {};
    std::chrono::milliseconds timeout{0};  ///< for the whole answer; 0 = none
};

struct HttpAnswer {
    int status = 0;
    std::string content_type;
    std::string etag;
    std::string body;
};

/// An answer larger than this is refused.
inline constexpr std::size_t kAnswerMax = 256u << 20;

/// HTTP over one Unix socket. One thread at a time; `cancel` must outlive it.
class HttpClient {
public:
    HttpClient(std::string socket_path, const Cancel& cancel);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    [[nodiscard]] const std::string& socket_path() const { return socket_path_; }

    /// Any HTTP status is an answer. kNotFound if nobody listens at the socket, kPermission if it
    /// may not be used, kConfig if its path is too long for one, kTimeout, kCancelled (Ctrl-C),
    /// kProtocol.
    [[nodiscard]] Result<HttpAnswer> send(const HttpRequest& request);

    /// Receives a body piece by piece; false from `piece` ends the transfer, which is then a
    /// success. The answer's body holds what came only where the status is not 200.
    [[nodiscard]] Result<HttpAnswer> stream(const HttpRequest& request,
                                            const std::function<bool(std::string_view)>& piece);

private:
    struct Transfer;
    Result<HttpAnswer> perform(Transfer& transfer);

    std::string socket_path_;
    const Cancel& cancel_;
};

/// Percent-encodes everything but letters, digits and "-._~".
[[nodiscard]] std::string url_encode(std::string_view text);

}  // namespace kontor::cli
