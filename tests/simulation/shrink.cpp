#include "tests/simulation/shrink.hpp"

#include <algorithm>
#include <exception>

#include "tests/simulation/oracles.hpp"

namespace kontor::simulation {

Laboratory::Laboratory() {
    const auto scenario = generate(1, {.devices = 1, .remotes = 2, .steps = 1});
    World world(machines_, scenario, false);
    world.run();
    machines_.start_from(world.devices().front()->machine());
}

Outcome Laboratory::run(const Scenario& scenario, bool print) {
    default_disk_.seed(scenario.seed);
    Outcome out;
    World world(machines_, scenario, print);
    try {
        world.run();
        if (world.violations().empty()) check_at_rest(world);
    } catch (const std::exception& error) {
        world.violation(std::string("exception: ") + error.what());
    }
    out.violations = world.violations();
    out.hash = world.trace().hash();
    out.tally = world.tally();
    out.simulated = world.time().passed;
    return out;
}

std::string kind_of(const std::string& violation) {
    return violation.substr(0, violation.find_first_of(":("));
}

bool Laboratory::still_fails(const Scenario& scenario, const std::string& kind) {
    const auto outcome = run(scenario);
    return std::ranges::any_of(outcome.violations, [&](const std::string& violation) {
        return kind_of(violation) == kind;
    });
}

Scenario Laboratory::shrink(Scenario scenario, const std::string& kind, int runs_max) {
    std::size_t chunk = std::max<std::size_t>(1, scenario.steps.size() / 2);
    while (runs_max > 0) {
        bool dropped = false;
        for (std::size_t at = 0; at < scenario.steps.size() && runs_max > 0;) {
            Scenario shorter = scenario;
            const auto first = shorter.steps.begin() + static_cast<std::ptrdiff_t>(at);
            const auto last =
                first + static_cast<std::ptrdiff_t>(std::min(chunk, scenario.steps.size() - at));
            shorter.steps.erase(first, last);
            --runs_max;
            if (still_fails(shorter, kind)) {
                scenario = std::move(shorter);
                dropped = true;
            } else {
                at += chunk;
            }
        }
        if (chunk == 1 && !dropped) break;
        chunk = std::max<std::size_t>(1, chunk / 2);
    }
    return scenario;
}

}  // namespace kontor::simulation
