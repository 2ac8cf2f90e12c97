#include "daemon/cli/width.hpp"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <cstdint>

namespace kontor::cli {
namespace {

constexpr UChar32 kReplacement = 0xFFFD;
constexpr UChar32 kEmojiVariation = 0xFE0F;
constexpr UChar32 kJoiner = 0x200D;

/// The next code point; advances `at`.
UChar32 next_code_point(std::string_view text, std::size_t& at) {
    auto index = static_cast<std::int32_t>(0);
    const auto rest = text.substr(at, 4);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(rest.data());
    UChar32 code_point = 0;
    U8_NEXT_OR_FFFD(bytes, index, static_cast<std::int32_t>(rest.size()), code_point);
    at += static_cast<std::size_t>(index);
    return code_point;
}

bool takes_no_room(UChar32 c) {
    switch (u_charType(c)) {
        case U_NON_SPACING_MARK:
        case U_ENCLOSING_MARK:
        case U_FORMAT_CHAR:
        case U_CONTROL_CHAR:
            return true;
        default:
            // Vowels and finals of decomposed Hangul join the syllable before them.
            return c >= 0x1160 && c <= 0x11FF;
    }
}

std::size_t cells_of(UChar32 c) {
    if (c < 0x7F) return c < 0x20 ? 0 : 1;
    if (takes_no_room(c)) return 0;
    const auto width = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
    return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

bool reorders(UChar32 c) {
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E ||
           c == 0x200F || c == 0x061C;
}

void append(std::string& out, UChar32 c) {
    std::uint8_t bytes[U8_MAX_LENGTH];
    std::int32_t size = 0;
    U8_APPEND_UNSAFE(bytes, size, c);
    out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

/// Walks over what is drawn as one: a base with its marks, or emoji glued by joiners.
struct Cluster {
    std::size_t end = 0;
    std::size_t cells = 0;
};

Cluster next_cluster(std::string_view text, std::size_t at) {
    Cluster cluster{.end = at, .cells = 0};
    UChar32 before = next_code_point(text, cluster.end);
    cluster.cells = cells_of(before);
    while (cluster.end < text.size()) {
        std::size_t ahead = cluster.end;
        const UChar32 c = next_code_point(text, ahead);
        const bool glued = before == kJoiner && cells_of(c) == 2;
        if (!glued && (cells_of(c) != 0 || u_charType(c) == U_CONTROL_CHAR)) break;
        if (c == kEmojiVariation && cluster.cells == 1 && u_hasBinaryProperty(before, UCHAR_EMOJI))
            cluster.cells = 2;
        before = c;
        cluster.end = ahead;
    }
    return cluster;
}

std::string cleaned(std::string_view text, bool keep_breaks) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const UChar32 c = next_code_point(text, at);
        if (c == '\n' || c == '\t') {
            out += keep_breaks ? static_cast<char>(c) : ' ';
        } else if (c == '\r') {
            continue;
        } else if (u_charType(c) == U_CONTROL_CHAR || c == 0x2028 || c == 0x2029) {
            append(out, kReplacement);
        } else if (!reorders(c)) {
            append(out, c);
        }
    }
    return out;
}

}  // namespace

std::size_t display_width(std::string_view text) {
    std::size_t cells = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto cluster = next_cluster(text, at);
        cells += cluster.cells;
        at = cluster.end;
    }
    return cells;
}

std::string clip(std::string_view text, std::size_t cells) {
    if (display_width(text) <= cells) return std::string(text);
    if (cells == 0) return {};
    std::size_t used = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        const auto cluster = next_cluster(text, at);
        if (used + cluster.cells > cells - 1) break;
        used += cluster.cells;
        at = cluster.end;
    }
    return std::string(text.substr(0, at)) + "…";
}

std::string one_line(std::string_view text) {
    return cleaned(text, false);
}
std::string printable(std::string_view text) {
    return cleaned(text, true);
}

std::string shell_word(std::string_view text) {
    constexpr std::string_view kPlain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:/@%+=";
    if (!text.empty() && text.find_first_not_of(kPlain) == text.npos) return std::string(text);
    std::string out = "'";
    for (const char c : text)
        if (c == '\'')
            out += "'\\''";
        else
            out += c;
    return out + "'";
}

}  // namespace kontor::cli
