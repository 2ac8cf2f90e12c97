#pragma once

#include "sync/engine/context.hpp"
#include "sync/engine/cycle.hpp"
#include "sync/engine/puller.hpp"

namespace kontor::engine {

/// A sweep compares the ids (and versions) that a remote lists with our links: the safety net below
/// cursors and deleted feeds. It has two steps, and the first is done for all streams of a remote
/// before the second of any: a remote that was set back to an older state lacks records too, and
/// only an older image, in whichever stream, tells that nobody has deleted them (B5).
///
/// The first: what differs or is new is read by id and merged. Returns whether the list was
/// complete. Throws Failure.
[[nodiscard]] bool sweep_listed(Context& context, const StepPorts& ports, const StreamPlan& plan,
                                StreamCounts& counts);

/// After a restore, while the stream counts as unread: what waits to be sent is read by id. Lists
/// that lag, those of ids too, may show how it was before the time that was lost. Throws Failure.
void read_unsent(Context& context, const StepPorts& ports, const StreamPlan& plan,
                 StreamCounts& counts);

/// Whether the list that the first has read lacks what is live here.
[[nodiscard]] bool lacks_some(Context& context, const StreamPlan& plan);

/// The second: what a `complete` list lacks is asked for by id before anything is believed. More
/// missing than max(25, `missing_share` of the stream) stops the remote: kGuard. Throws Failure.
void sweep_missing(Context& context, const StepPorts& ports, const StreamPlan& plan, bool complete,
                   double missing_share, StreamCounts& counts);

}  // namespace kontor::engine
