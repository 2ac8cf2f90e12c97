#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "connectors/frames/frame.hpp"
#include "connectors/host/unique_fd.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// A process of ours that has nothing but a socket: no environment, no other descriptors, a process
/// group of its own. It is killed and waited for with this object. The kernel also kills it when
/// the thread ends that started it. Not thread-safe.
class ChildProcess {
public:
    /// Runs `program` with `socket` as descriptor frames::kProcessFd. kNotFound, kPermission, …
    [[nodiscard]] static Result<ChildProcess> start(const std::string& program,
                                                    const std::vector<std::string>& arguments,
                                                    const UniqueFd& socket);
    ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}
    ChildProcess& operator=(ChildProcess&& other) noexcept {
        std::swap(pid_, other.pid_);
        return *this;
    }
    ~ChildProcess() { static_cast<void>(end()); }

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// From now on it may use so much processor time; with more it gets SIGXCPU.
    void limit_processor(std::chrono::seconds more) const;
    /// Kills it, if it has not ended by itself, and returns what wait() says. 0 the second time.
    int end();

private:
    explicit ChildProcess(pid_t pid) : pid_(pid) {}
    pid_t pid_;
};

}  // namespace kontor::host
