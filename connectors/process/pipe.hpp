#pragma once

#include "connectors/frames/frame.hpp"

namespace kontor::process {

/// The process's end of the socket pair. Needs no other system calls than read() and writev(). If
/// the daemon is gone, or says what it never would, the process ends: there is nobody to tell.
class Pipe {
public:
    explicit Pipe(int fd) : fd_(fd) {}

    void send(const frames::Frame& frame) const;
    /// The next frame. Its texts live until the next call.
    [[nodiscard]] frames::Frame receive();
    void trim() { texts_.trim(); }

private:
    void read(char* to, std::size_t size) const;

    int fd_;
    frames::TextBuffer texts_;
};

}  // namespace kontor::process
