#pragma once

#include <string>

#include "sync/base/result.hpp"

namespace kontor::sandbox {

/// What a process may still ask of the kernel. Filters add up: a later one only takes more.
enum class Allowed {
    /// What loading the system's libraries takes: opening files for reading, mapping code. No
    /// sockets, no processes, no writing but to descriptors that are open.
    kLibraries,
    /// What loading a plugin takes, whose constructors run here: mapping the code of files that are
    /// open. None can be opened.
    kPlugin,
    /// What computing takes: memory, the clock, and reading and writing `frames_fd`.
    kComputing,
};

/// Filters this process's system calls, for good (needs no_new_privs). A call that is not allowed
/// is not carried out; the process gets SIGSYS, whose handler can tell which call it was. Of
/// another architecture: killed. kUnsupported if the kernel cannot filter.
[[nodiscard]] Result<> filter_syscalls(Allowed allowed, int frames_fd);

/// "openat"; "system call 4711" if it has no name.
[[nodiscard]] std::string syscall_name(int number);

}  // namespace kontor::sandbox
