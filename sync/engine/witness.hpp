#pragma once

#include <string>
#include <vector>

#include "sync/engine/puller.hpp"

namespace kontor::engine {

/// B5. A remote that was set back knows nothing of the records made since its backup: asked for one
/// by id, it says the same as if somebody had deleted it. So before that is believed, those of the
/// connection that were changed last are read: the first that is still there as it is known bears
/// witness that nothing was set back since. They are merged as all that is read, and `counts`
/// counts it. Throws Failure: kMismatch if one of them is older than it was, kGuard if none of many
/// is there; and what keeps one from being read, for then nothing is known. Bounded: 250 records at
/// most are asked for.
///
/// `missing`: the records of `plan` of which the remote has just said that it has none.
void confirm_missing(Context& context, const StepPorts& ports, const StreamPlan& plan,
                     const std::vector<std::string>& missing, StreamCounts& counts);

}  // namespace kontor::engine
