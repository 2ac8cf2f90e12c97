#pragma once

#include "tests/simulation/step.hpp"

namespace kontor::simulation {

/// Draws policies and deletion settings that are nobody's default, for some stories.
void add_settings(Scenario& scenario);

}  // namespace kontor::simulation
