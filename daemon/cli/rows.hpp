#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/cli/context.hpp"

namespace kontor::cli {

/// Prints rows in the format asked for by --format, --csv or --json: `document` is what --json
/// prints as a whole, `rows` (objects) what all others show, by `columns`. Usage failure for
/// options that contradict each other. With `words` a table's headings are the catalogue's words
/// for the columns; otherwise (names of fields, which one types) they are the names.
[[nodiscard]] Outcome<> print_rows(Context& context, const nlohmann::json& document,
                                   const nlohmann::json& rows,
                                   const std::vector<std::string>& columns, bool words = false);

/// "a,b , c" → {"a", "b", "c"}; empty parts are dropped.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

}  // namespace kontor::cli
