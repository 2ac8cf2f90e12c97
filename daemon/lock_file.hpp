#pragma once

#include <string>

#include "connectors/host/unique_fd.hpp"
#include "sync/base/result.hpp"

namespace kontor::app {

/// One daemon a replica: holds flock() on a file until destroyed. The file stays; it holds our pid.
class LockFile {
public:
    /// kBusy, with the holder's `pid` and the `path` in args, if another process holds it.
    [[nodiscard]] static Result<LockFile> acquire(const std::string& path);

private:
    explicit LockFile(host::UniqueFd fd) : fd_(std::move(fd)) {}
    host::UniqueFd fd_;
};

}  // namespace kontor::app
