#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/machine.hpp"
#include "tests/simulation/outcome.hpp"
#include "tests/simulation/step.hpp"
#include "tests/simulation/world.hpp"

namespace kontor::simulation {

/// Where scenarios run: what costs time to make and is the same for all. One in a process.
class Laboratory {
public:
    Laboratory();
    /// Runs a scenario from its beginning and asks the oracles.
    [[nodiscard]] Outcome run(const Scenario& scenario, bool print = false);
    /// A scenario with as few steps as can be found in `runs_max` runs that still violates `kind`.
    [[nodiscard]] Scenario shrink(Scenario scenario, const std::string& kind, int runs_max);

private:
    bool still_fails(const Scenario& scenario, const std::string& kind);
    Machines& machines_for(const Twists& twists);

    DefaultDisk default_disk_;
    Machines machines_;
    std::map<Tables, Machines> others_;  ///< those with more tables
};

}  // namespace kontor::simulation
