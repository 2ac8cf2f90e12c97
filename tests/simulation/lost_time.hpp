#pragma once

#include "tests/simulation/step.hpp"

namespace kontor::simulation {

/// Lets a remote, or a replica, go back to a backup of which it matters what happened between, for
/// some stories.
void add_lost_time(Scenario& scenario);

}  // namespace kontor::simulation
