#pragma once

#include <cstddef>
#include <vector>

#include "tests/simulation/step.hpp"
#include "tests/simulation/time.hpp"

namespace kontor::simulation {

/// Puts a step of a twist among those from `from` on, also into a sync. Returns where it is.
std::size_t put_in(Dice& dice, Scenario& scenario, Act act, std::size_t from);

/// Puts these one after the other among those from `from` on, not amid a sync that is there
/// already.
void put_whole(Dice& dice, Scenario& scenario, const std::vector<Step>& steps,
               std::size_t from = 0);

}  // namespace kontor::simulation
