#pragma once

#include "tests/simulation/step.hpp"

namespace kontor::simulation {

/// The twist Twists::converts: remotes with leads, and steps about them. Drawn by dice of its own.
void add_leads(Scenario& scenario);

}  // namespace kontor::simulation
