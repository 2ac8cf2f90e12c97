#pragma once

#include "sync/engine/context.hpp"
#include "sync/engine/plan.hpp"
#include "sync/engine/state.hpp"

/// References that wait for a record which has not arrived, and what becomes of them once it has.
/// All need an open write transaction and throw Failure.
namespace kontor::engine {

/// The record of `link`, of `plan`'s stream, is known by its id now: whatever waits for it refers
/// to it.
void complete_referrers(Context& context, const StreamPlan& plan, const Link& link);

/// The references of a group that have arrived are written here; its other fields stay as they are.
void complete_reference(Context& context, const StreamPlan& plan, const GroupPlan& group,
                        const Link& referrer);

}  // namespace kontor::engine
