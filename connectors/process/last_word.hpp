#pragma once

#include "sync/base/result.hpp"

namespace kontor::process {

/// Each tells the daemon why this process ends, and ends it.
[[noreturn]] void not_loaded(const Error& error);
[[noreturn]] void not_secured(const Error& error);
/// Safe wherever the stack is: in a handler, in an allocation.
[[noreturn]] void refused(int system_call) noexcept;
[[noreturn]] void out_of_memory() noexcept;

}  // namespace kontor::process
