#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include "connectors/host/http_client.hpp"

namespace kontor::host {

class KeptTrust;

/// Starts libcurl, once in a process. False if it cannot. Thread-safe.
[[nodiscard]] bool start_curl();

struct CurlOptions {
    std::string ca_bundle = "/etc/ssl/certs/ca-certificates.crt";  ///< the system's authorities
    std::string extra_ca_file;              ///< PEM, trusted in addition; "" = none
    std::shared_ptr<KeptTrust> trust = {};  ///< shared with others; empty: its own
    std::string proxy;         ///< "http://host:port", "socks5h://…"; "" = none, whatever the
                               ///< environment says
    Secret proxy_credentials;  ///< "user:password"
    std::string spool_folder;  ///< where bodies are spooled
    std::string user_agent = "kontor";
    std::chrono::milliseconds connect_timeout{20'000};
    int low_speed_bytes = 16;  ///< a transfer slower than this, in bytes a second, …
    std::chrono::seconds low_speed_time{60};  ///< … for so long is a timeout
    bool allow_http_loopback = false;         ///< plain http, and only to this machine
    bool http2 = true;
};

/// HttpClient on libcurl: TLS 1.2 or newer and always verified, connections reused, HTTP/2 where
/// offered, compressed answers. Nothing is taken from the environment. It has no thread of its own:
/// exchanges that are under way move on whenever any of them is asked. One thread at a time; a stop
/// request, from any thread, ends what runs with kCancelled. The program must ignore SIGPIPE.
class CurlHttpClient final : public HttpClient {
public:
    /// kConfig if a CA file cannot be read; kInternal if libcurl cannot start.
    [[nodiscard]] static Result<std::unique_ptr<HttpClient>> create(CurlOptions options,
                                                                    std::stop_token stop);
    ~CurlHttpClient() override;
    Result<HttpResponse> send(const HttpRequest& request) override;
    Result<std::unique_ptr<Exchange>> begin(const HttpRequest& request) override;

private:
    struct Handles;
    class CurlExchange;
    explicit CurlHttpClient(std::shared_ptr<Handles> handles);
    std::shared_ptr<Handles> handles_;
};

}  // namespace kontor::host
