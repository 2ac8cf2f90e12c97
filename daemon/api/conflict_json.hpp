#pragma once

#include <nlohmann/json_fwd.hpp>
#include <span>

#include "daemon/api/services.hpp"
#include "sync/base/result.hpp"
#include "sync/engine/decisions.hpp"

namespace kontor::api {

/// Conflicts as the API shows them, with what their records and those that they refer to are
/// called.
[[nodiscard]] Result<nlohmann::json> conflicts_json(std::span<const engine::Conflict> conflicts,
                                                    Services& services,
                                                    const replica::Database& db);

/// What a body's `choose` says. kInvalid if it is no side.
[[nodiscard]] Result<engine::Side> side_in(const nlohmann::json& body);
/// Many decisions as the API shows them.
[[nodiscard]] Result<nlohmann::json> many_json(const engine::ManyDecided& many, engine::Side side,
                                               bool dry_run, Services& services,
                                               const replica::Database& db);

}  // namespace kontor::api
