#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

namespace kontor::peer {

/// The decimal number that a text begins with; `fallback` if it begins with none.
inline std::int64_t leading_number(std::string_view text, std::int64_t fallback = 0) {
    std::int64_t value = fallback;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace kontor::peer
