#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::cli {

/// The candidate that `word` was probably meant to be; "" if none is near enough (about a third of
/// the letters wrong, swapped neighbours counting once).
[[nodiscard]] std::string suggest(std::string_view word, std::span<const std::string> candidates);

}  // namespace kontor::cli
