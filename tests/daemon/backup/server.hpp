#pragma once

#include <optional>
#include <string>

#include "tests/support/child.hpp"

namespace kontor::test {

/// A port of 127.0.0.1 that nobody listens on.
[[nodiscard]] int free_port();

/// A server as a process of its own, on a port of 127.0.0.1; ended with this object. Throws if it
/// does not listen in time (eventually.hpp).
class Server {
public:
    /// `command`: for the shell, which it replaces.
    Server(std::string command, int port);
    /// At once, with all that is under way.
    void kill();
    void start();

private:
    std::string command_;
    int port_;
    std::optional<Child> running_;
};

}  // namespace kontor::test
