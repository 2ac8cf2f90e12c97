#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kontor::search {

/// What a character is to the scanner, after folding.
enum class CharClass : std::uint8_t {
    kSeparator,  ///< ends a word
    kIgnored,    ///< combining marks: neither part of a word nor its end
    kLetter,     ///< of a script that writes words apart
    kDigit,
    kHan,  ///< of a script without spaces: Han, kana, hangul
};

/// One character as it is indexed: NFKC (full width becomes half width), case folded, without
/// diacritics, traditional Chinese as simplified, digits of any script as ASCII.
struct Folded {
    CharClass kind = CharClass::kSeparator;
    char text[24] = {};  ///< UTF-8; "" for separators and ignored characters
    std::uint8_t size = 0;

    [[nodiscard]] std::string_view view() const { return {text, size}; }
};

/// Folds one code point. Thread-safe.
[[nodiscard]] Folded fold(char32_t code_point);

/// Decodes the UTF-8 character at `at` and moves past it. A byte that is not UTF-8 gives U+FFFD and
/// is passed alone.
[[nodiscard]] char32_t next_code_point(std::string_view text, std::size_t& at);

}  // namespace kontor::search
