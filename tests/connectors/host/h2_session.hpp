#pragma once

// One HTTP/2 connection of the test server: bytes in, bytes out, the same handler as HTTP/1.1.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "tests/connectors/host/tls_server.hpp"

struct nghttp2_session;

namespace kontor::host::test {

class H2Session {
public:
    H2Session(TlsServer::Handler handler, int connection);
    ~H2Session();
    H2Session(const H2Session&) = delete;
    H2Session& operator=(const H2Session&) = delete;

    /// False if the client broke the protocol.
    bool feed(const std::string& bytes);
    /// What is to be sent now.
    std::string output();
    [[nodiscard]] bool ended() const;

private:
    struct Stream {
        ServerRequest request;
        std::string body;  ///< of the answer
        std::size_t sent = 0;
        bool cut = false;
    };
    struct Calls;

    void answer(int stream_id);

    TlsServer::Handler handler_;
    int connection_;
    nghttp2_session* session_ = nullptr;
    std::map<int, Stream> streams_;
};

}  // namespace kontor::host::test
