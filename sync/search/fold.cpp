#include "sync/search/fold.hpp"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>

#include <array>
#include <cstring>

#include "sync/search/simplified.hpp"

namespace kontor::search {
namespace {

constexpr char32_t kHanFirst = 0x4E00;
constexpr char32_t kHanLast = 0x9FFF;
constexpr char32_t kHangulFirst = 0xAC00;
constexpr char32_t kHangulLast = 0xD7A3;
constexpr char32_t kSmallLast =
    0x5FF;  // Latin, Greek, Cyrillic, Hebrew: folded once, then looked up
constexpr char32_t kReplacement = 0xFFFD;

bool is_han(char32_t c) {
    return (c >= kHanFirst && c <= kHanLast) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x20000 && c <= 0x3FFFF) || (c >= 0x3041 && c <= 0x30FE && c != 0x30FB) ||
           (c >= 0x31F0 && c <= 0x31FF) || (c >= kHangulFirst && c <= kHangulLast) || c == 0x3005 ||
           c == 0x3007;
}

void append(Folded& out, char32_t c) {
    std::array<char, 4> bytes{};
    std::uint8_t size = 0;
    if (c < 0x80) {
        bytes[size++] = static_cast<char>(c);
    } else if (c < 0x800) {
        bytes[size++] = static_cast<char>(0xC0 | (c >> 6));
        bytes[size++] = static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        bytes[size++] = static_cast<char>(0xE0 | (c >> 12));
        bytes[size++] = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
        bytes[size++] = static_cast<char>(0x80 | (c & 0x3F));
    } else {
        bytes[size++] = static_cast<char>(0xF0 | (c >> 18));
        bytes[size++] = static_cast<char>(0x80 | ((c >> 12) & 0x3F));
        bytes[size++] = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
        bytes[size++] = static_cast<char>(0x80 | (c & 0x3F));
    }
    // Compatibility characters that unfold into a whole phrase (U+FDFA) are cut: still one word.
    if (out.size + size > static_cast<int>(sizeof out.text)) return;
    std::memcpy(out.text + out.size, bytes.data(), size);
    out.size = static_cast<std::uint8_t>(out.size + size);
}

/// Simplified form of each character of the main Han block.
std::array<char16_t, kHanLast - kHanFirst + 1> make_simplified() {
    std::array<char16_t, kHanLast - kHanFirst + 1> table{};
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<char16_t>(kHanFirst + i);
    for (std::size_t i = 0; i < kTraditional.size(); ++i)
        table[kTraditional[i] - kHanFirst] = kSimplified[i];
    return table;
}

char32_t simplified(char32_t c) {
    static const auto table = make_simplified();
    return c >= kHanFirst && c <= kHanLast ? table[c - kHanFirst] : c;
}

/// Any character, by way of ICU.
Folded fold_slowly(char32_t c) {
    UErrorCode status = U_ZERO_ERROR;
    const auto* casefold = icu::Normalizer2::getNFKCCasefoldInstance(status);
    const auto* decompose = icu::Normalizer2::getNFDInstance(status);
    Folded out;
    if (U_FAILURE(status) || c == kReplacement) return out;

    const icu::UnicodeString source(static_cast<UChar32>(c));
    icu::UnicodeString folded = casefold->normalize(source, status);
    // Hangul syllables stay whole; anything else loses its marks in pieces.
    const auto first = static_cast<char32_t>(folded.isEmpty() ? 0 : folded.char32At(0));
    if (first < kHangulFirst || first > kHangulLast) folded = decompose->normalize(folded, status);
    if (U_FAILURE(status)) return out;

    bool marks = false;
    for (int i = 0; i < folded.length(); i = folded.moveIndex32(i, 1)) {
        const auto part = static_cast<char32_t>(folded.char32At(i));
        const auto type = u_charType(static_cast<UChar32>(part));
        if (type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || type == U_FORMAT_CHAR) {
            marks = true;
        } else if (is_han(part)) {
            out.kind = CharClass::kHan;
            append(out, simplified(part));
        } else if (const int digit = u_charDigitValue(static_cast<UChar32>(part)); digit >= 0) {
            if (out.size == 0) out.kind = CharClass::kDigit;
            append(out, static_cast<char32_t>('0' + digit));
        } else if (u_isalnum(static_cast<UChar32>(part)) || type == U_COMBINING_SPACING_MARK) {
            out.kind = CharClass::kLetter;
            append(out, part);
        }
    }
    // "⑿" is two digits in one character; as a word it is one.
    if (out.kind == CharClass::kDigit && out.size > 1) out.kind = CharClass::kLetter;
    // A character of several ideographs (㍿) cannot be cut into bigrams; it stays one word.
    if (out.kind == CharClass::kHan && out.size > 4) out.kind = CharClass::kLetter;
    if (out.size == 0 && (marks || folded.isEmpty())) out.kind = CharClass::kIgnored;
    return out;
}

std::array<Folded, kSmallLast + 1> make_small() {
    std::array<Folded, kSmallLast + 1> table;
    for (char32_t c = 0; c <= kSmallLast; ++c) table[c] = fold_slowly(c);
    return table;
}

}  // namespace

Folded fold(char32_t c) {
    if (c <= kSmallLast) {
        static const auto table = make_small();
        return table[c];
    }
    if ((c >= kHanFirst && c <= kHanLast) || (c >= kHangulFirst && c <= kHangulLast)) {
        Folded out;
        out.kind = CharClass::kHan;
        append(out, simplified(c));
        return out;
    }
    if (c >= 0xFF01 && c <= 0xFF5E) return fold(c - 0xFEE0);  // full-width ASCII
    return fold_slowly(c);
}

char32_t next_code_point(std::string_view text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(at);
    if (lead < 0x80) return text[at++];
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    char32_t c = lead & (0x7F >> length);
    if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) {
        ++at;
        return kReplacement;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) {
            ++at;
            return kReplacement;
        }
        c = (c << 6) | (byte(at + i) & 0x3F);
    }
    const bool overlong = (length == 3 && c < 0x800) || (length == 4 && c < 0x10000);
    if (overlong || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
        ++at;
        return kReplacement;
    }
    at += length;
    return c;
}

}  // namespace kontor::search
