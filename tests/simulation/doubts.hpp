#pragma once

#include "tests/simulation/step.hpp"

namespace kontor::simulation {

/// The twists Twists::cut_texts, let_go, found_again and back_again: pages and keys that are in
/// doubt. Each is drawn by dice of its own.
void add_doubts(Scenario& scenario);

}  // namespace kontor::simulation
