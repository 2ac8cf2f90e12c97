#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "daemon/cli/context.hpp"

namespace kontor::cli {

/// Posts what may take kontord long, and shows how far it is: on a terminal only, and not with
/// --json or --quiet. The path takes a name for its work ("work").
[[nodiscard]] Outcome<nlohmann::json> post_followed(Context& context, const std::string& path,
                                                    nlohmann::json body);

}  // namespace kontor::cli
