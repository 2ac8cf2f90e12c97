#pragma once

#include "tests/simulation/step.hpp"

namespace kontor::simulation {

/// The twist Twists::hidden: a field is hidden from us for a while, and people type into it on both
/// sides meanwhile. Drawn by dice of its own.
void add_hidden(Scenario& scenario);

}  // namespace kontor::simulation
