#include "connectors/host/wire.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "connectors/host/connector_failure.hpp"

namespace kontor::host {
namespace {

using namespace std::chrono_literals;

constexpr auto kGlance = 200ms;  // how often a wait looks whether it is cancelled
constexpr auto kGrace = 3s;      // in which a connector may end a cancelled call by itself

}  // namespace

void SocketWire::next_frame() {
    until_ = Clock::now() + silence_;
}

Result<> SocketWire::wait(short events) {
    while (true) {
        const auto now = Clock::now();
        if (!cancelled_until_ && cancelled_ && cancelled_()) cancelled_until_ = now + kGrace;
        if (cancelled_until_ && now >= *cancelled_until_)
            return fail(Errc::kCancelled, "cancelled");
        if (now >= until_) return tl::unexpected(fell_silent(silence_));
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - now);
        pollfd one{socket_.get(), events, 0};
        const int ready = ::poll(&one, 1, static_cast<int>(std::min(left, kGlance).count()));
        if (ready > 0) return {};
        if (ready < 0 && errno != EINTR) return tl::unexpected(closed_its_end());
    }
}

Result<> SocketWire::read(char* to, std::size_t size) {
    while (size > 0) {
        const ssize_t n = ::recv(socket_.get(), to, size, MSG_DONTWAIT);
        if (n > 0) {
            to += n;
            size -= static_cast<std::size_t>(n);
        } else if (n < 0 && errno == EAGAIN) {
            if (auto ready = wait(POLLIN); !ready) return ready;
        } else if (n == 0 || errno != EINTR) {
            return tl::unexpected(closed_its_end());
        }
    }
    return {};
}

Result<> SocketWire::write(const frames::Frame& frame) {
    auto head = frames::encode_head(frame);
    std::array<iovec, 1 + frames::kTexts> parts{};
    parts[0] = {head.data(), head.size()};
    for (std::size_t i = 0; i < frames::kTexts; ++i)
        // sendmsg() only reads.
        parts[i + 1] = {const_cast<char*>(frame.texts[i].data()), frame.texts[i].size()};
    std::size_t first = 0;
    while (first < parts.size()) {
        msghdr message{};
        message.msg_iov = &parts[first];
        message.msg_iovlen = parts.size() - first;
        const ssize_t n = ::sendmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            if (auto ready = wait(POLLOUT); !ready) return ready;
            continue;
        }
        if (n < 0) return tl::unexpected(closed_its_end());
        auto sent = static_cast<std::size_t>(n);
        while (first < parts.size() && sent >= parts[first].iov_len) sent -= parts[first++].iov_len;
        if (first < parts.size()) {
            parts[first].iov_base = static_cast<char*>(parts[first].iov_base) + sent;
            parts[first].iov_len -= sent;
        }
    }
    return {};
}

}  // namespace kontor::host
