#pragma once

#include "tests/simulation/step.hpp"

namespace kontor::simulation {

/// The twist Twists::again: people at several devices type into what a remote loses, so that each
/// makes it again. Drawn by dice of its own.
void add_again(Scenario& scenario);

}  // namespace kontor::simulation
