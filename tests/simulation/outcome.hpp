#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/time.hpp"

namespace kontor::simulation {

/// What happened in a run, for the totals.
struct Tally {
    std::map<std::string, std::int64_t> counts;
    void add(const std::string& what, std::int64_t n = 1) { counts[what] += n; }
};

/// What became of one scenario.
struct Outcome {
    bool skipped = false;  ///< not what was asked for: nothing was run
    std::vector<std::string> violations;
    std::uint64_t hash = 0;
    Tally tally;
    milliseconds simulated{0};
};

/// What kind of violation it is: the invariant's name.
[[nodiscard]] std::string kind_of(const std::string& violation);

}  // namespace kontor::simulation
