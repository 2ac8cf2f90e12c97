#pragma once

/// Texts inside vCards and hrefs: escapes, components, dates, names. Pure functions; nothing
/// throws.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::carddav {

/// ASCII letters in upper case.
[[nodiscard]] std::string upper(std::string_view text);
/// Without blanks at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// Bytes of the UTF-8 character at `at`; 1 where there is none.
[[nodiscard]] std::size_t utf8_size(std::string_view text, std::size_t at);
/// The text with U+FFFD in place of what is no UTF-8.
[[nodiscard]] std::string as_utf8(std::string text);

/// A text value as people see it: `\n`, `\,`, `\;`, `\\` undone.
[[nodiscard]] std::string unescaped(std::string_view value);
[[nodiscard]] std::string escaped(std::string_view text);

/// Splits at `separator` where it is not escaped; the parts stay escaped.
[[nodiscard]] std::vector<std::string> split_escaped(std::string_view value, char separator);
[[nodiscard]] std::string joined(const std::vector<std::string>& parts, char separator);

/// Undoes quoted-printable, soft line breaks included.
[[nodiscard]] std::string from_quoted_printable(std::string_view value);
[[nodiscard]] std::string from_latin1(std::string_view value);

/// `YYYY-MM-DD` of a date or date-time in basic or extended form; nullopt if it has no year or is
/// none.
[[nodiscard]] std::optional<std::string> date_of(std::string_view value);
/// Milliseconds since the Unix epoch of a date-time in basic or extended form with `Z` or offset.
[[nodiscard]] std::optional<std::int64_t> instant_of(std::string_view value);

/// True if the text has Han, kana or Hangul characters and no Latin letters.
[[nodiscard]] bool is_east_asian(std::string_view text);
/// A person's name as it is shown: 王小明 (family name first, no space), Ada Lovelace.
[[nodiscard]] std::string display_name(std::string_view family, std::string_view given);

/// Percent-decoded; nullopt if an escape is malformed.
[[nodiscard]] std::optional<std::string> percent_decoded(std::string_view text);

}  // namespace kontor::carddav
