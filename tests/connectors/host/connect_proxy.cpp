#include "tests/connectors/host/connect_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <string_view>

namespace kontor::host::test {

namespace {

constexpr int kSliceMs = 20;

sockaddr_in loopback(int port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    out.sin_port = htons(static_cast<std::uint16_t>(port));
    return out;
}

bool send_all(int fd, const char* data, std::size_t size) {
    while (size > 0) {
        const auto sent = ::send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        data += sent;
        size -= static_cast<std::size_t>(sent);
    }
    return true;
}

}  // namespace

ConnectProxy::ConnectProxy(int port) : target_(port) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
        throw std::runtime_error("listen");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
}

ConnectProxy::~ConnectProxy() {
    stop_ = true;
    acceptor_.join();
    for (auto& thread : threads_) thread.join();
    ::close(listener_);
}

std::string ConnectProxy::url() const {
    return "http://127.0.0.1:" + std::to_string(port_);
}

std::string ConnectProxy::seen() const {
    const std::lock_guard lock(mutex_);
    return seen_;
}

void ConnectProxy::accept_all() {
    while (!stop_) {
        pollfd ready{listener_, POLLIN, 0};
        if (::poll(&ready, 1, kSliceMs) <= 0) continue;
        const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd >= 0) threads_.emplace_back([this, fd] { tunnel(fd); });
    }
}

void ConnectProxy::tunnel(int client) {
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool open = false;
    std::string head;
    char buffer[8192];
    while (!stop_) {
        pollfd ready[2] = {{client, POLLIN, 0}, {open ? server : -1, POLLIN, 0}};
        if (::poll(ready, 2, kSliceMs) <= 0) continue;
        if (ready[0].revents != 0) {
            const auto got = ::recv(client, buffer, sizeof buffer, 0);
            if (got <= 0) break;
            const std::string_view bytes(buffer, static_cast<std::size_t>(got));
            {
                const std::lock_guard lock(mutex_);
                seen_ += bytes;
            }
            if (open) {
                if (!send_all(server, bytes.data(), bytes.size())) break;
                continue;
            }
            head += bytes;
            if (head.find("\r\n\r\n") == std::string::npos) continue;
            const sockaddr_in address = loopback(target_);
            constexpr std::string_view kYes = "HTTP/1.1 200 Connection established\r\n\r\n";
            if (head.rfind("CONNECT ", 0) != 0 ||
                ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
                    0 ||
                !send_all(client, kYes.data(), kYes.size()))
                break;
            open = true;
            ++tunnels_;
        }
        if (ready[1].revents != 0) {
            const auto got = ::recv(server, buffer, sizeof buffer, 0);
            if (got <= 0 || !send_all(client, buffer, static_cast<std::size_t>(got))) break;
        }
    }
    ::close(server);
    ::close(client);
}

}  // namespace kontor::host::test
