#pragma once

#include <string>
#include <string_view>

namespace kontor::feedback {

/// What a person wrote in a reply: without what it quotes (lines with ">", whatever follows a
/// mail program's line about the original message, in English, Chinese and a few other languages),
/// without a signature after "-- ", without a telephone's advertisement, and without lines that
/// hold a personal link of ours, which are credentials. Words between quoted lines stay. `text` is
/// UTF-8 with \n. Pure.
[[nodiscard]] std::string own_words(std::string_view text);

}  // namespace kontor::feedback
