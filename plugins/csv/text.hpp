#pragma once

#include <string>
#include <string_view>

namespace kontor::csv {

/// Without blanks at both ends: ASCII ones, no-break and ideographic spaces.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// For comparing: trimmed, ASCII letters in lower case.
[[nodiscard]] std::string folded(std::string_view text);

/// folded() without blanks and the signs that people put between words of a name: "E-Mail *" and
/// "e_mail" are "email".
[[nodiscard]] std::string folded_name(std::string_view text);

}  // namespace kontor::csv
