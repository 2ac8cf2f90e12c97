#include "tests/daemon/backup/server.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>
#include <utility>

#include "tests/support/eventually.hpp"

namespace kontor::test {
namespace {

sockaddr_in loopback(int port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    out.sin_port = htons(static_cast<std::uint16_t>(port));
    return out;
}

bool listens(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto address = loopback(port);
    const bool out =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return out;
}

}  // namespace

int free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    auto address = loopback(0);
    socklen_t size = sizeof address;
    const bool done = ::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    ::close(fd);
    if (!done) throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
}

Server::Server(std::string command, int port) : command_(std::move(command)), port_(port) {
    start();
}

void Server::start() {
    running_.emplace(command_);
    if (!eventually([&] { return listens(port_); }))
        throw std::runtime_error("does not listen: " + command_);
}

void Server::kill() {
    running_.reset();
}

}  // namespace kontor::test
