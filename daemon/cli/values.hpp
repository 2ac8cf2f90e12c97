#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/api/where.hpp"
#include "daemon/cli/failure.hpp"

namespace kontor::cli {

using api::Where;

/// Reads a filter; a usage failure if it is none.
[[nodiscard]] Outcome<Where> parse_where(messages::Language language, std::string_view word);

/// `name=text`, `name:=json` and `name=` (null) as one JSON object. A field may be given once.
[[nodiscard]] Outcome<nlohmann::json> parse_values(messages::Language language,
                                                   const std::vector<std::string>& words);

/// NAME=VALUE pairs, both as text. A name may be given once.
[[nodiscard]] Outcome<std::vector<std::pair<std::string, std::string>>> parse_pairs(
    messages::Language language, const std::vector<std::string>& words);

}  // namespace kontor::cli
