#include "connectors/process/pipe.hpp"

#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

namespace kontor::process {

void Pipe::send(const frames::Frame& frame) const {
    auto head = frames::encode_head(frame);
    std::array<iovec, 1 + frames::kTexts> parts{};
    parts[0] = {head.data(), head.size()};
    for (std::size_t i = 0; i < frames::kTexts; ++i)
        // writev() only reads.
        parts[i + 1] = {const_cast<char*>(frame.texts[i].data()), frame.texts[i].size()};
    std::size_t first = 0;
    while (first < parts.size()) {
        const ssize_t n = ::writev(fd_, &parts[first], static_cast<int>(parts.size() - first));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) ::_exit(0);
        auto sent = static_cast<std::size_t>(n);
        while (first < parts.size() && sent >= parts[first].iov_len) sent -= parts[first++].iov_len;
        if (first < parts.size()) {
            parts[first].iov_base = static_cast<char*>(parts[first].iov_base) + sent;
            parts[first].iov_len -= sent;
        }
    }
}

void Pipe::read(char* to, std::size_t size) const {
    while (size > 0) {
        const ssize_t n = ::read(fd_, to, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) ::_exit(0);
        to += n;
        size -= static_cast<std::size_t>(n);
    }
}

frames::Frame Pipe::receive() {
    frames::HeadBytes bytes;
    read(bytes.data(), bytes.size());
    const auto head = frames::decode_head(bytes, frames::kFromDaemonMax);
    if (!head) ::_exit(1);
    char* const texts = texts_.room(head->bytes());
    read(texts, head->bytes());
    return frames::with_texts(*head, texts);
}

}  // namespace kontor::process
