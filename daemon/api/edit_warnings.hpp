#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>

#include "daemon/api/services.hpp"
#include "sync/engine/edit_rules.hpp"
#include "sync/replica/local_edits.hpp"

namespace kontor::api {

/// Listed of one request.
inline constexpr std::size_t kEditWarningsMax = 1'000;

/// What holds for edits of `entity` now.
[[nodiscard]] Result<std::shared_ptr<const engine::EditRules>> edit_rules_of(
    Services& services, const replica::Database& db, const replica::Entity& entity);

/// What was taken here, into `entity`, although a remote will not take it, or not as it is; texts
/// in `language`.
[[nodiscard]] nlohmann::json warnings_of(const engine::EditRules& rules,
                                         const replica::Entity& entity,
                                         std::span<const replica::Edit> edits,
                                         const replica::EditResult& done,
                                         messages::Language language);

}  // namespace kontor::api
