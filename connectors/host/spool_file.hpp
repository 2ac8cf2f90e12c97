#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "connectors/host/unique_fd.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// A temporary file without a name: it is gone when closed, and after a crash. Movable, not
/// thread-safe.
class SpoolFile {
public:
    SpoolFile() = default;  ///< none; valid() is false
    /// In `folder`, which must exist. kFull, kReadOnly, kStorage.
    [[nodiscard]] static Result<SpoolFile> create(const std::string& folder);

    [[nodiscard]] bool valid() const { return static_cast<bool>(fd_); }
    [[nodiscard]] Result<> append(std::string_view bytes);
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// The descriptor, for whoever keeps open files; this object is none afterwards.
    [[nodiscard]] UniqueFd release() { return std::move(fd_); }

private:
    explicit SpoolFile(UniqueFd fd) : fd_(std::move(fd)) {}

    UniqueFd fd_;
    std::uint64_t size_ = 0;
};

}  // namespace kontor::host
