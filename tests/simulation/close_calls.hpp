#pragma once

#include "tests/simulation/step.hpp"

namespace kontor::simulation {

/// The twist Twists::close_calls: what comes so close upon something else that little tells them
/// apart, on remotes that tell little. Drawn by dice of its own.
void add_close_calls(Scenario& scenario);

}  // namespace kontor::simulation
