#pragma once

#include <string>

#include "sync/base/result.hpp"
#include "sync/replica/database.hpp"

namespace kontor::engine {

/// The first sync of a connection that has just been set up waits until it is asked for: its
/// mapping is a proposal that a person has yet to look at. Kept in the replica, so that a restart
/// changes nothing. `db` is opened with Access::kEngine.
[[nodiscard]] Result<> hold_first_sync(const replica::Database& db, const std::string& connection);
[[nodiscard]] Result<> release_first_sync(const replica::Database& db,
                                          const std::string& connection);
[[nodiscard]] Result<bool> first_sync_held(const replica::Database& db,
                                           const std::string& connection);

}  // namespace kontor::engine
