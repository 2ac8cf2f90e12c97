#pragma once

#include <string>

#include "tests/simulation/device.hpp"

namespace kontor::simulation {

/// All of a replica that a round must leave as it is when there is nothing to sync, as text: rows,
/// links, shadows, intents, conflicts; not the books about runs.
[[nodiscard]] std::string state_of(const Device& device);

/// The first line in which two such texts differ, for messages.
[[nodiscard]] std::string first_difference(const std::string& before, const std::string& after);

}  // namespace kontor::simulation
