#pragma once

#include <cstdint>

#include "sync/base/result.hpp"

namespace kontor::sandbox {

/// Takes from this process, for good, what a connector has no use for: new descriptors, files of
/// any size, core dumps, further processes; and limits its address space to `memory_bytes` (0: not
/// limited). Processor time is limited by the daemon, call by call. kInternal names the limit that
/// could not be set. A process that is `sanitized` keeps address space and the size of files as
/// they are: a sanitizer reserves terabytes, and its report goes to stderr, which may be a file.
[[nodiscard]] Result<> limit_resources(std::uint64_t memory_bytes, bool sanitized);

}  // namespace kontor::sandbox
