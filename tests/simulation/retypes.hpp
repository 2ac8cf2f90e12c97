#pragma once

#include "tests/simulation/step.hpp"

namespace kontor::simulation {

/// The twist Twists::retypes: fields that change their type at the remote, and mappings that follow
/// sooner or later. Drawn by dice of its own.
void add_retypes(Scenario& scenario);

}  // namespace kontor::simulation
