#pragma once

// An HTTP proxy on loopback that opens tunnels (CONNECT) to one server and notes what passes.

#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kontor::host::test {

class ConnectProxy {
public:
    /// Whatever host is asked for, the tunnel leads to 127.0.0.1:`port`.
    explicit ConnectProxy(int port);
    ~ConnectProxy();

    [[nodiscard]] std::string url() const;
    /// Everything that clients sent, the first line of each tunnel included.
    [[nodiscard]] std::string seen() const;
    [[nodiscard]] int tunnels() const { return tunnels_; }

private:
    void accept_all();
    void tunnel(int client);

    int target_, listener_ = -1, port_ = 0;
    std::atomic<bool> stop_{false};
    std::atomic<int> tunnels_{0};
    mutable std::mutex mutex_;
    std::string seen_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

}  // namespace kontor::host::test
