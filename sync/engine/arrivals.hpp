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

/// Before a record that they have deleted, and that is still here, is made there again or goes here
/// as well. As pin_referrers(): who refers to it was last seen to hold the id that it had. That has
/// led nowhere since, and who was read meanwhile waits for it.
void pin_referrers_to_deleted(Context& context, const StreamPlan& plan, Link link);

}  // namespace kontor::engine
