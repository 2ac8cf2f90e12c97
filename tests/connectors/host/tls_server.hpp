#pragma once

// An HTTPS server on loopback that misbehaves on demand, with a throw-away authority of its own.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kontor::host::test {

struct ServerRequest {
    std::string method, target, body;
    std::map<std::string, std::string> headers;  // lower-case names
    int connection = 0;                          // the how-manieth
};

struct ServerReply {
    std::string bytes;   // as sent, status line and all
    bool close = false;  // after it, without a TLS goodbye
    int pause_between_bytes_ms = 0;
    bool hang = false;  // says nothing until the server stops
};

[[nodiscard]] ServerReply reply(int status, const std::string& body,
                                const std::vector<std::string>& headers = {});
[[nodiscard]] std::string gzip(const std::string& text);

class TlsServer {
public:
    using Handler = std::function<ServerReply(const ServerRequest&)>;
    enum class Certificate { kGood, kOtherHost, kExpired };
    enum class Protocol { kPlain, kTls, kHttp2 };  ///< kHttp2: by ALPN, for clients that offer it
    /// Writes its authority's certificate to `folder`/ca.pem.
    TlsServer(const std::string& folder, Handler handler,
              Certificate certificate = Certificate::kGood, Protocol protocol = Protocol::kTls);
    ~TlsServer();
    [[nodiscard]] std::string url(const std::string& target = "") const;
    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] int connections() const { return connections_; }
    [[nodiscard]] const std::string& ca_file() const { return ca_file_; }

private:
    struct Tls;
    void accept_all();
    void serve(int fd, int number);
    void serve_http2(void* ssl, int number);

    Handler handler_;
    Protocol protocol_;
    std::string ca_file_;
    std::unique_ptr<Tls> tls_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<bool> stop_{false};
    std::atomic<int> connections_{0};
    std::mutex mutex_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

}  // namespace kontor::host::test
