#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "daemon/cli/context.hpp"

namespace kontor::cli {

/// A forecast of API credits as one sentence.
[[nodiscard]] std::string forecast_text(Context& context, const nlohmann::json& forecast);

/// What a connection has spent of its API credits, and what is left; "" while nothing is known.
[[nodiscard]] std::string credits_text(Context& context, const nlohmann::json& connection);

}  // namespace kontor::cli
