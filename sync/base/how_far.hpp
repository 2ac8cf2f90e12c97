#pragma once

#include <cstdint>
#include <functional>

namespace kontor {

/// Told before the first part of long work and after each, on the thread that does it: how much of
/// how much is done. It must return quickly. May be empty.
using HowFar = std::function<void(std::int64_t done, std::int64_t total)>;

}  // namespace kontor
