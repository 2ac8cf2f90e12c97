#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sync/engine/decisions.hpp"

namespace kontor::api {

/// A conflict as the API shows it.
[[nodiscard]] nlohmann::json conflict_json(const engine::Conflict& conflict);

}  // namespace kontor::api
