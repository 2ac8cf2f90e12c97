#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace kontor {

/// The slow part of is_utf8().
[[nodiscard]] bool is_utf8_beyond_ascii(std::string_view text);

/// True if `text` is valid UTF-8 (no surrogates, nothing overlong). Quick for ASCII: it is asked
/// for every text of every record.
[[nodiscard]] inline bool is_utf8(std::string_view text) {
    constexpr std::uint64_t kHigh = 0x8080808080808080ULL;
    const char* at = text.data();
    std::size_t left = text.size();
    std::uint64_t seen = 0;
    for (; left >= 8; left -= 8, at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, at, 8);
        seen |= word;
    }
    for (; left > 0; --left, ++at) seen |= static_cast<unsigned char>(*at);
    return (seen & kHigh) == 0 || is_utf8_beyond_ascii(text);
}

}  // namespace kontor
