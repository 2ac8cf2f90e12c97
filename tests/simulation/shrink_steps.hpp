#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

namespace kontor::simulation {

/// As few of these steps as can be found in `runs_max` runs that still fail, in their order: ever
/// smaller pieces are left out.
template <class Step>
std::vector<Step> shrink_steps(std::vector<Step> steps,
                               const std::function<bool(const std::vector<Step>&)>& fails,
                               int runs_max) {
    std::size_t chunk = std::max<std::size_t>(1, steps.size() / 2);
    while (runs_max > 0) {
        bool dropped = false;
        for (std::size_t at = 0; at < steps.size() && runs_max > 0;) {
            auto shorter = steps;
            const auto first = shorter.begin() + static_cast<std::ptrdiff_t>(at);
            shorter.erase(first,
                          first + static_cast<std::ptrdiff_t>(std::min(chunk, steps.size() - at)));
            --runs_max;
            if (fails(shorter)) {
                steps = std::move(shorter);
                dropped = true;
            } else {
                at += chunk;
            }
        }
        if (chunk == 1 && !dropped) break;
        chunk = std::max<std::size_t>(1, chunk / 2);
    }
    return steps;
}

}  // namespace kontor::simulation
