#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

namespace kontor::cli {

/// A CSV file (RFC 4180, UTF-8 with or without a byte order mark, line breaks of any kind) as an
/// array of objects, one a line, by the names of the first line. Empty lines are left out, and
/// empty cells beyond the names. A line with more in it than there are names is null: which cell
/// belongs to which name, nobody can say. nullopt if a quote is never closed or there is no line of
/// names.
[[nodiscard]] std::optional<nlohmann::json> csv_rows(std::string_view text);

}  // namespace kontor::cli
