#include "tests/daemon/cli/fake_daemon.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>

namespace kontor::test {
namespace {

void send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

std::size_t length_in(const std::string& head) {
    const auto at = head.find("Content-Length: ");
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

}  // namespace

FakeDaemon::FakeDaemon(Answer answer) : answer_(std::move(answer)) {
    char name[] = "/tmp/kontor-cli-XXXXXX";
    if (mkdtemp(name) == nullptr) throw std::runtime_error("mkdtemp");
    folder_ = name;
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket().c_str(), sizeof address.sun_path - 1);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener_, 8) != 0 || pipe(stop_) != 0)
        throw std::runtime_error("fake daemon");
    thread_ = std::thread([this] { serve(); });
}

FakeDaemon::~FakeDaemon() {
    (void)!write(stop_[1], "x", 1);
    thread_.join();
    close(listener_);
    close(stop_[0]);
    close(stop_[1]);
    std::filesystem::remove_all(folder_);
}

std::vector<Asked> FakeDaemon::asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
}

void FakeDaemon::serve() {
    for (;;) {
        pollfd fds[] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
        poll(fds, 2, -1);
        if (fds[1].revents != 0) return;
        const int fd = accept(listener_, nullptr, nullptr);
        if (fd < 0) continue;
        serve_one(fd);
        close(fd);
    }
}

void FakeDaemon::serve_one(int fd) {
    std::string text;
    char block[4096];
    std::size_t head_end = std::string::npos;
    for (;;) {
        const auto got = recv(fd, block, sizeof block, 0);
        if (got <= 0) return;
        text.append(block, static_cast<std::size_t>(got));
        head_end = text.find("\r\n\r\n");
        if (head_end != std::string::npos &&
            text.size() >= head_end + 4 + length_in(text.substr(0, head_end)))
            break;
    }
    Asked asked;
    asked.head = text.substr(0, head_end);
    asked.body = text.substr(head_end + 4);
    const auto first = asked.head.find(' ');
    asked.method = asked.head.substr(0, first);
    asked.target = asked.head.substr(first + 1, asked.head.find(' ', first + 1) - first - 1);
    {
        const std::lock_guard lock(mutex_);
        asked_.push_back(asked);
    }
    const auto canned = answer_(asked);
    std::string head = "HTTP/1.1 " + std::to_string(canned.status) +
                       " x\r\nContent-Type: " + canned.type + "\r\nConnection: close\r\n";
    if (!canned.stay_open) head += "Content-Length: " + std::to_string(canned.body.size()) + "\r\n";
    send_all(fd, head + "\r\n" + canned.body);
    if (canned.stay_open) {
        pollfd fds[] = {{fd, POLLIN, 0}, {stop_[0], POLLIN, 0}};
        poll(fds, 2, -1);
    }
}

}  // namespace kontor::test
