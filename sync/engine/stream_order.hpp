#pragma once

#include <cstdint>
#include <vector>

#include "sync/engine/plan.hpp"

namespace kontor::engine {

/// The streams of a connection, parents before children: a stream comes after those that its
/// references point to. Cycles are broken where they are met first; order is deterministic.
[[nodiscard]] std::vector<const StreamPlan*> parents_first(const Plans& plans,
                                                           std::int64_t connection);

}  // namespace kontor::engine
