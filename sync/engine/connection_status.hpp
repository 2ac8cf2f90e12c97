#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/replica/database.hpp"

namespace kontor::engine {

/// How a connection stands, for `status`.
struct StreamStatus {
    std::string stream, entity, pulled_at, swept_at;
    bool loaded = false;
    std::int64_t records = 0;
    /// Records that have something to tell the remote, what no cycle has looked at yet included.
    std::int64_t to_push = 0;
};
struct ConnectionStatus {
    std::string name, plugin, org_id, paused;
    bool push_enabled = false;
    std::int64_t conflicts = 0, blocked = 0, unknown = 0;
    std::string last_run_at, last_run_result, last_run_error;
    std::string synced_at;  ///< start of the last sync that got through
    std::vector<StreamStatus> streams;
};
/// All connections that have synced, by their ids. Costs the same however many records there are;
/// only edits that no cycle has absorbed yet are looked at one by one.
[[nodiscard]] Result<std::vector<ConnectionStatus>> connection_status(const replica::Database& db);

}  // namespace kontor::engine
