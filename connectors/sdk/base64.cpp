#include "connectors/sdk/base64.hpp"

#include <cstdint>

namespace kontor::sdk {
namespace {

int digit_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

std::optional<std::string> from_base64(std::string_view text) {
    std::string out;
    out.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    std::size_t digits = 0, padding = 0;
    for (const char c : text) {
        if (c == '\r' || c == '\n') continue;
        if (c == '=') {
            ++padding;
            continue;
        }
        const int digit = digit_of(c);
        if (digit < 0 || padding > 0) return std::nullopt;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        if (++digits % 4 == 1) continue;
        // Each digit but the first of four completes a byte.
        const auto spare = 6 - 2 * ((digits - 1) % 4);
        out += static_cast<char>(bits >> spare & 0xFF);
    }
    const bool whole = digits % 4 != 1 && (digits + padding) % 4 == 0 && padding <= 2;
    return whole ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace kontor::sdk
