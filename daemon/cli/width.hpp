#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kontor::cli {

/// How text stands on a terminal. All functions take UTF-8; bytes that are not UTF-8 count
/// and print as U+FFFD. Pure; safe from any thread.

/// Terminal cells: 2 for East-Asian wide and full-width characters and for emoji, 0 for combining
/// and invisible ones, else 1.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// The text if it fits into `cells`, else its beginning and "…". Never cuts through a character.
[[nodiscard]] std::string clip(std::string_view text, std::size_t cells);

/// One line that a terminal shows as it is: line breaks and tabs become spaces, other control
/// characters U+FFFD; marks that reorder text are dropped. Records come from outside: a name must
/// neither move the cursor nor pretend to be another name.
[[nodiscard]] std::string one_line(std::string_view text);

/// Like one_line, but keeps line breaks and tabs.
[[nodiscard]] std::string printable(std::string_view text);

/// One word of a POSIX shell's command line, quoted where it has to be.
[[nodiscard]] std::string shell_word(std::string_view text);

}  // namespace kontor::cli
