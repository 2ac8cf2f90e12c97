#pragma once

#include <cstdint>
#include <span>

#include "sync/engine/context.hpp"
#include "sync/engine/planned_change.hpp"

/// What a dry run would do, read off the copy of the replica that it has worked on. All functions
/// throw Failure.
namespace kontor::engine {

/// What the run has changed in the copy, by its history: whatever wrote it, and as it came to be in
/// the end.
void list_changes_here(Context& context, std::int64_t connection, PlannedChanges& out);

/// What a push of `plan`'s stream would send. Needs an open transaction.
void list_changes_there(Context& context, const StreamPlan& plan, PlannedChanges& out);

/// Records of these streams that would not be sent, or not as a whole: refused before they are
/// sent, refused earlier, or waiting for a person's decision. Conflicts up to `conflict_max` were
/// open before the run. Needs an open transaction.
void list_held_up(Context& context, std::span<const StreamPlan* const> streams,
                  std::int64_t conflict_max, PlannedChanges& out);

}  // namespace kontor::engine
