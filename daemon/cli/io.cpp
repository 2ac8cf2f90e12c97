#include "daemon/cli/io.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>

namespace kontor::cli {
namespace {

constexpr std::size_t kLineMax = 1u << 20;

/// Switches the terminal's echo off as long as it lives.
class NoEcho {
public:
    explicit NoEcho(bool wanted) {
        if (!wanted || tcgetattr(STDIN_FILENO, &before_) != 0) return;
        auto quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        quiet.c_lflag |= ECHONL;
        // Not TCSAFLUSH: what was typed or pasted since the question was printed counts.
        changed_ = tcsetattr(STDIN_FILENO, TCSANOW, &quiet) == 0;
    }
    ~NoEcho() {
        if (changed_) tcsetattr(STDIN_FILENO, TCSANOW, &before_);
    }
    NoEcho(const NoEcho&) = delete;
    NoEcho& operator=(const NoEcho&) = delete;

private:
    termios before_{};
    bool changed_ = false;
};

/// Waits for a byte; false on Ctrl-C. std::cin would go on reading after a signal.
bool wait_for_input(const Cancel& cancel) {
    pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                    {.fd = cancel.fd(), .events = POLLIN, .revents = 0}};
    while (!cancel.requested()) {
        const int ready = poll(fds, 2, -1);
        if (ready < 0 && errno == EINTR) continue;
        if (ready < 0) return false;
        if (fds[1].revents != 0) return false;
        if (fds[0].revents != 0) return true;
    }
    return false;
}

std::optional<std::string> read_line(const Cancel& cancel, bool hidden) {
    const NoEcho guard(hidden);
    std::string line;
    bool any = false;
    while (line.size() < kLineMax) {
        if (!wait_for_input(cancel)) return std::nullopt;
        char byte = 0;
        // One byte at a time: what follows the line is for whoever reads next.
        const auto got = read(STDIN_FILENO, &byte, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        any = true;
        if (byte == '\n') break;
        line += byte;
    }
    if (!any) return std::nullopt;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return line;
}

std::size_t terminal_columns() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

}  // namespace

Io standard_io(const Cancel& cancel) {
    Io io{.out = std::cout,
          .err = std::cerr,
          .in_terminal = isatty(STDIN_FILENO) == 1,
          .out_terminal = isatty(STDOUT_FILENO) == 1,
          .err_terminal = isatty(STDERR_FILENO) == 1,
          .in_fd = STDIN_FILENO,
          .columns = 0,
          .env = [](const std::string& name) -> std::optional<std::string> {
              const char* value = std::getenv(name.c_str());
              if (value == nullptr) return std::nullopt;
              return std::string(value);
          },
          .read_line = [&cancel](bool hidden) { return read_line(cancel, hidden); }};
    if (io.out_terminal) io.columns = terminal_columns();
    return io;
}

}  // namespace kontor::cli
