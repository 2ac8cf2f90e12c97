#pragma once

#include "tests/simulation/step.hpp"

namespace kontor::simulation {

/// The twist Twists::targets: accounts that go at the remote while contacts refer to them. Drawn by
/// dice of its own.
void add_targets(Scenario& scenario);

}  // namespace kontor::simulation
