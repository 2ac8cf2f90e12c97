#include "tests/daemon/http_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

namespace kontor::test {

namespace {
constexpr int kWaitMax = 10'000;  // ms
}  // namespace

RawConnection::RawConnection(const std::string& socket_path)
    : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strncpy(to.sun_path, socket_path.c_str(), sizeof to.sun_path - 1);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
        throw std::runtime_error("connect " + socket_path);
}

RawConnection::~RawConnection() {
    ::close(fd_);
}

bool RawConnection::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool RawConnection::read_some() {
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, kWaitMax) <= 0) return false;
    char buffer[16384];
    const auto got = ::recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    received_.append(buffer, static_cast<std::size_t>(got));
    return true;
}

std::string RawConnection::read_until(std::string_view text) {
    while (received_.find(text) == std::string::npos && read_some()) {
    }
    return received_;
}

std::string RawConnection::read_all() {
    while (read_some()) {
    }
    return received_;
}

Answer parse_answer(const std::string& text) {
    Answer out;
    const auto end = text.find("\r\n\r\n");
    if (end == std::string::npos || text.size() < 12) return out;
    out.status = std::stoi(text.substr(9, 3));
    std::size_t at = text.find("\r\n") + 2;
    while (at < end) {
        const auto line_end = text.find("\r\n", at);
        const auto line = text.substr(at, line_end - at);
        const auto colon = line.find(':');
        std::string name = line.substr(0, colon);
        for (char& c : name) c = static_cast<char>(std::tolower(c));
        const auto begin = line.find_first_not_of(' ', colon + 1);
        out.headers[name] = begin == std::string::npos ? "" : line.substr(begin);
        at = line_end + 2;
    }
    const auto rest = text.substr(end + 4);
    if (out.headers["transfer-encoding"] != "chunked") {
        out.body = rest;
        return out;
    }
    for (std::size_t chunk = 0; chunk < rest.size();) {
        const auto line_end = rest.find("\r\n", chunk);
        const auto size = std::stoul(rest.substr(chunk, line_end - chunk), nullptr, 16);
        if (size == 0) break;
        out.body += rest.substr(line_end + 2, size);
        chunk = line_end + 2 + size + 2;
    }
    return out;
}

Answer call(const std::string& socket_path, const std::string& method, const std::string& target,
            const std::string& body,
            const std::vector<std::pair<std::string, std::string>>& headers) {
    RawConnection connection(socket_path);
    std::string text =
        method + " " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    if (!body.empty()) {
        text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        text += "Content-Type: application/json\r\n";
    }
    for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
    connection.send(text + "\r\n" + body);
    return parse_answer(connection.read_all());
}

}  // namespace kontor::test
