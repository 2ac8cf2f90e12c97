#pragma once

#include <signal.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>

namespace kontor::test {

/// A program as a child of the test, killed with this object: one that is left over would keep the
/// test's output open, and whoever reads that waiting.
class Child {
public:
    /// `command`: for the shell, which it replaces.
    explicit Child(const std::string& command) : pid_(::fork()) {
        if (pid_ < 0) throw std::runtime_error("cannot start: " + command);
        if (pid_ > 0) return;
        ::execl("/bin/sh", "sh", "-c", ("exec " + command).c_str(), nullptr);
        ::_exit(127);
    }
    ~Child() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

private:
    pid_t pid_;
};

}  // namespace kontor::test
