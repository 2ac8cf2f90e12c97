#pragma once

#include <cstdint>
#include <string_view>

/// The bytes of a fuzzer as text.
inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// Ends the process, also in release builds: what the target promises does not hold.
inline void must_hold(bool condition) {
    if (!condition) __builtin_trap();
}
