#pragma once

#include <nlohmann/json_fwd.hpp>

#include "sync/base/result.hpp"
#include "sync/engine/decisions.hpp"

namespace kontor::api {

/// A conflict as the API shows it.
[[nodiscard]] nlohmann::json conflict_json(const engine::Conflict& conflict);

/// What a body's `choose` says. kInvalid if it is no side.
[[nodiscard]] Result<engine::Side> side_in(const nlohmann::json& body);
/// Many decisions as the API shows them.
[[nodiscard]] nlohmann::json many_json(const engine::ManyDecided& many, engine::Side side,
                                       bool dry_run);

}  // namespace kontor::api
