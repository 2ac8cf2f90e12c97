#pragma once

#include <chrono>
#include <string>

#include "connectors/host/sleeper.hpp"
#include "connectors/host/unique_fd.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// Holds an exclusive lock on a file, against other processes and other threads alike, until
/// destroyed. The file stays.
class FileLock {
public:
    /// Waits for it; kCancelled, kBusy after `wait_max`, or the reason the file cannot be opened.
    [[nodiscard]] static Result<FileLock> acquire(const std::string& path, const Clock& clock,
                                                  Sleeper& sleeper,
                                                  std::chrono::milliseconds wait_max);

private:
    explicit FileLock(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

}  // namespace kontor::host
