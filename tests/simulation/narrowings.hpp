#pragma once

#include "tests/simulation/step.hpp"

namespace kontor::simulation {

/// The twist Twists::narrows: for a while a mapping sends less than all, or passes deletions on
/// otherwise. Drawn by dice of its own.
void add_narrowings(Scenario& scenario);

}  // namespace kontor::simulation
