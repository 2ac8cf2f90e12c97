#pragma once

#include "tests/simulation/step.hpp"

namespace kontor::simulation {

/// The twists Twists::spelled, beside and late_page: first loads of people who are here already, or
/// whom a page that lags brings. Each is drawn by dice of its own.
void add_loads(Scenario& scenario);
/// How the remote writes the telephone number of the nth twin, if it is one number at all.
[[nodiscard]] std::string spelled_phone(std::size_t twin, std::size_t remote);

}  // namespace kontor::simulation
