#pragma once

#include "sync/engine/context.hpp"
#include "sync/engine/cycle.hpp"
#include "sync/engine/puller.hpp"

namespace kontor::engine {

/// Compares the ids (and versions) that a remote lists with our links: the safety net below cursors
/// and deleted feeds. What differs or is new is read by id and merged; what a *complete* list lacks
/// is asked for by id before anything is believed. More missing than max(25, `missing_share` of the
/// stream) stops the remote: kGuard. Throws Failure.
void sweep(Context& context, const StepPorts& ports, const StreamPlan& plan, double missing_share,
           StreamCounts& counts);

}  // namespace kontor::engine
