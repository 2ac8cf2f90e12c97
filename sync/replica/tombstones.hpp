#pragma once

#include <map>
#include <optional>
#include <string>

#include "sync/base/result.hpp"
#include "sync/base/value.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"

namespace kontor::replica {

/// Fills the image and the actor of tombstones that the triggers left empty, from the history of
/// the delete; at most `limit` of them, -1 = all. Needs an open write transaction. The engine calls
/// it when it absorbs.
[[nodiscard]] Result<> complete_tombstones(const Database& db, const Catalogue& catalogue,
                                           std::int64_t limit = -1);

/// Values of a deleted record by column, without those that were NULL; nullopt if there is no
/// complete tombstone. kCorrupt if its image cannot be read.
[[nodiscard]] Result<std::optional<std::map<std::string, Value>>> tombstone_values(
    const Database& db, const Entity& entity, std::int64_t record);

/// JSON text of an image, for whoever writes tombstones itself. Null and absent values are left
/// out.
[[nodiscard]] std::string tombstone_image(const std::map<std::string, Value>& values);

}  // namespace kontor::replica
