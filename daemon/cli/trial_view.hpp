#pragma once

#include <cstddef>

#include "connectors/kit/trial.hpp"
#include "daemon/cli/context.hpp"

namespace kontor::cli {

/// Shows what a trial found: records as tables, what is wrong with the request and what to look at;
/// with --json all of it as one document. The number of things that are wrong.
std::size_t show_trial(Context& context, const kit::Trial& trial);

}  // namespace kontor::cli
