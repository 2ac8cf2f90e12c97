#include "tests/simulation/shrink.hpp"

#include <algorithm>
#include <exception>

#include "tests/simulation/oracles.hpp"
#include "tests/simulation/shrink_steps.hpp"

namespace kontor::simulation {

Laboratory::Laboratory() {
    const auto scenario = generate(1, {.devices = 1, .remotes = 2, .steps = 1});
    World world(machines_, scenario, false);
    world.run();
    machines_.start_from(world.devices().front()->machine());
}

Machines& Laboratory::machines_for(const Twists& twists) {
    const Tables tables{.leads = twists.converts, .rows = twists.rows};
    return tables == Tables() ? machines_ : others_.try_emplace(tables, tables).first->second;
}

Outcome Laboratory::run(const Scenario& scenario, bool print) {
    default_disk_.seed(scenario.seed);
    Outcome out;
    World world(machines_for(scenario.twists), scenario, print);
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

bool Laboratory::still_fails(const Scenario& scenario, const std::string& kind) {
    const auto outcome = run(scenario);
    return std::ranges::any_of(outcome.violations, [&](const std::string& violation) {
        return kind_of(violation) == kind;
    });
}

Scenario Laboratory::shrink(Scenario scenario, const std::string& kind, int runs_max) {
    Scenario shorter = scenario;
    shorter.steps = shrink_steps<Step>(
        std::move(scenario.steps),
        [&](const std::vector<Step>& steps) {
            shorter.steps = steps;
            return still_fails(shorter, kind);
        },
        runs_max);
    return shorter;
}

}  // namespace kontor::simulation
