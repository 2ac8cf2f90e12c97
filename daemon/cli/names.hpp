#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "daemon/cli/context.hpp"

namespace kontor::cli {

/// A value of `column` as a person reads it: of a reference that `names` (as the API gives them)
/// knows, "user:3 (李伟)"; else `text` as it is.
[[nodiscard]] std::string with_name(const nlohmann::json& names, const std::string& column,
                                    const std::string& text);

/// A value of `object` under `side`; of a reference what it leads to, and what that is called:
/// "account:2 (Acme)".
[[nodiscard]] std::string side_text(const nlohmann::json& object, const std::string& side);

/// What `object` is called in the person's language, or as the remote calls it: what an account
/// has made itself has one name alone.
[[nodiscard]] std::string label_of(Context& context, const nlohmann::json& object);

}  // namespace kontor::cli
