#pragma once

#include <cstdint>
#include <map>

#include "sync/engine/sql.hpp"

namespace kontor::engine {

/// How many records of each stream (by its id; none: 0) have something to tell its remote because
/// of edits that are in the log and that no cycle has absorbed yet. Links that are marked already
/// are not counted. Reads each such edit once, in the log's order; what it holds does not grow with
/// them. Needs a snapshot. Throws Failure.
[[nodiscard]] std::map<std::int64_t, std::int64_t> count_unabsorbed(Sql& sql);

}  // namespace kontor::engine
