#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::search {

/// Longest text of one field that is indexed, in bytes; what follows is not found.
inline constexpr std::size_t kFieldBytesMax = 32 * 1024;
/// Longest word; what follows counts as if it were not there.
inline constexpr std::size_t kWordBytesMax = 64;
/// Shortest part of a number that is found inside it.
inline constexpr std::size_t kDigitGram = 4;

enum class UnitKind : std::uint8_t {
    kHan,     ///< one character of a script without spaces
    kWord,    ///< letters and digits
    kNumber,  ///< digits alone
};

/// The smallest thing that can be searched for.
struct Unit {
    UnitKind kind = UnitKind::kWord;
    bool adjacent = false;  ///< a Han character that follows another, at most blanks between them
    std::uint32_t text = 0, text_size = 0;  ///< in Scan::folded
    std::uint32_t begin = 0, end = 0;       ///< bytes in the source
};

/// Digits with nothing but blanks, `-`, `+`, `.`, `/` and brackets between: "+86 138-0013-8000".
struct DigitRun {
    std::uint32_t first = 0, count = 0;  ///< in Scan::digits
};

/// What stands before an @, in lower case: "zhang.wei".
struct Email {
    std::string local;
};

/// A text taken apart. Reused from call to call so that it allocates once. One thread at a time.
struct Scan {
    std::string folded;
    std::vector<Unit> units;
    std::string digits;
    std::vector<std::uint32_t> digit_at;  ///< byte in the source, for each of `digits`
    std::vector<DigitRun> runs;           ///< of at least one digit
    std::vector<Email> emails;

    [[nodiscard]] std::string_view text(const Unit& unit) const {
        return std::string_view(folded).substr(unit.text, unit.text_size);
    }
    [[nodiscard]] std::string_view run(const DigitRun& r) const {
        return std::string_view(digits).substr(r.first, r.count);
    }
};

/// Takes `source` apart. Any bytes are accepted; those that are not UTF-8 separate words.
void scan(std::string_view source, Scan& into);

/// `text` without what exceeds `bytes`, cut before a character.
[[nodiscard]] std::string_view cut_text(std::string_view text, std::size_t bytes);

}  // namespace kontor::search
