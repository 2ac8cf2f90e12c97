#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace kontor::csv {

/// Reads up to `size` bytes; 0 at the end. May throw.
using Source = std::function<std::size_t(char* buffer, std::size_t size)>;

/// Counts what is and what is not UTF-8 in bytes that come piece by piece.
class Utf8Counter {
public:
    void take(std::uint8_t byte);
    [[nodiscard]] std::uint64_t characters() const { return characters_; }  ///< of several bytes
    [[nodiscard]] std::uint64_t errors() const { return errors_ + (expected_ > 0 ? 1 : 0); }
    [[nodiscard]] bool within_character() const { return expected_ > 0; }

private:
    std::uint64_t characters_ = 0, errors_ = 0;
    int expected_ = 0;                         // bytes that the character still lacks
    std::uint8_t least_ = 0x80, most_ = 0xBF;  // that the next of them may be
};

/// What the bytes of a file are, found by looking at all of them.
class EncodingDetector {
public:
    void look_at(std::string_view bytes);
    /// "UTF-8", "UTF-16LE", "UTF-16BE" or, for what is none of these, "GB18030": names of ICU's.
    /// A byte order mark decides; then whether it is UTF-8, but for some damaged characters.
    [[nodiscard]] std::string encoding() const;
    /// Of the content; tells a changed file from one that was only touched.
    [[nodiscard]] std::uint64_t hash() const { return hash_; }

private:
    std::string head_;
    std::uint64_t hash_ = 14695981039346656037u;  // FNV-1a
    Utf8Counter utf8_;
};

/// True if `text` is valid UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text);

/// `source` as UTF-8, without byte order mark of UTF-16. What cannot be converted becomes U+FFFD.
/// Throws sdk::Error(KONTOR_E_INVALID) for an encoding that there is not. Opens no files.
[[nodiscard]] Source as_utf8(Source source, const std::string& encoding);

/// UTF-8 in another encoding; what that lacks becomes "?". Throws as as_utf8().
[[nodiscard]] std::string from_utf8(std::string_view text, const std::string& encoding);

}  // namespace kontor::csv
