#pragma once
// HTTPS on 127.0.0.1 in front of a handler.

#include <cstdint>
#include <functional>
#include <memory>

#include "tests/peers/base/certificate.hpp"
#include "tests/peers/base/message.hpp"

namespace kontor::peer {

struct ServerOptions {
    std::uint16_t port = 0;  ///< 0: any free one
    std::int64_t latency_ms = 0;
    unsigned threads = 2;
    std::uint64_t body_limit = 26214400;
    std::string name = "peer";          ///< what the header Server says
    std::string too_large_body = "{}";  ///< JSON of the 413 for a body above body_limit
    Identity identity;
    std::function<Response(const Request&)> handler;  ///< called from several threads
    /// Requests that are counted by themselves too; likewise.
    std::function<bool(const Request&)> heavy;
};

/// Listens from construction on; threads run until stop() or destruction.
class Server {
public:
    /// Throws std::runtime_error when the port is taken.
    explicit Server(ServerOptions options);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::uint16_t port() const;
    std::uint64_t connections() const;
    void stop();
    /// Blocks until SIGINT or SIGTERM arrives, then stops.
    void run_until_signal();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace kontor::peer
