#include "tests/simulation/put_steps.hpp"

namespace kontor::simulation {

std::size_t put_in(Dice& dice, Scenario& scenario, Act act, std::size_t from) {
    const auto where = from + dice.roll(scenario.steps.size() - from + 1);
    const auto& to = scenario.connections[dice.roll(scenario.connections.size())];
    Step step;
    step.act = act;
    step.device = to.device;
    step.remote = to.remote;
    step.pick = dice.roll(1'000);
    step.field = dice.roll(1'000);
    step.amount = static_cast<std::int64_t>(dice.roll(1'000));
    if (where > 0 && where <= scenario.steps.size()) {
        const Step& before = scenario.steps[where - 1];
        if (before.at >= 0) step.at = before.at;
        if (before.act == Act::kSync && before.at < 0 && dice.percent(50))
            step.at = static_cast<int>(dice.roll(12));
    }
    scenario.steps.insert(scenario.steps.begin() + static_cast<std::ptrdiff_t>(where), step);
    return where;
}

void put_whole(Dice& dice, Scenario& scenario, const std::vector<Step>& steps, std::size_t from) {
    auto where = scenario.steps.begin() +
                 static_cast<std::ptrdiff_t>(from + dice.roll(scenario.steps.size() - from + 1));
    while (where != scenario.steps.end() && where->at >= 0) ++where;
    scenario.steps.insert(where, steps.begin(), steps.end());
}

}  // namespace kontor::simulation
