#pragma once

#include "tests/simulation/step.hpp"

namespace kontor::simulation {

/// The twist Twists::rows: accounts of one remote have rows, which it completes, and steps about
/// them. Drawn by dice of its own.
void add_rows(Scenario& scenario);

}  // namespace kontor::simulation
