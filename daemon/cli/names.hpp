#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace kontor::cli {

/// A value of `column` as a person reads it: of a reference that `names` (as the API gives them)
/// knows, "user:3 (李伟)"; else `text` as it is.
[[nodiscard]] std::string with_name(const nlohmann::json& names, const std::string& column,
                                    const std::string& text);

}  // namespace kontor::cli
