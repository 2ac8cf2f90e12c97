#pragma once

#include "sync/engine/puller.hpp"

/// References that wait for what the remote has deleted before it was read here. It never comes,
/// and the remote may have blanked them, or turned them to what it was merged into, without a new
/// time of change: no list shows them again. Who waits so is read by id, and merged like any image.
/// All functions throw Failure.
namespace kontor::engine {

/// A list has told that `ext_id` of `plan`'s stream is gone, which no link stands for. Remembered
/// if somebody waits for it. Needs an open write transaction.
void note_awaited_gone(Context& context, const StreamPlan& plan, std::string_view ext_id);

/// Asks for those that are waited for and that the list of ids at hand (temp.listed) lacks: the
/// deletion may have been heard of before anybody waited.
void ask_for_awaited(Context& context, const StepPorts& ports, const StreamPlan& plan,
                     StreamCounts& counts);

/// Reads by id the records of `plan`'s stream that wait for what is gone.
void read_who_waits_in_vain(Context& context, const StepPorts& ports, const StreamPlan& plan,
                            StreamCounts& counts);

}  // namespace kontor::engine
