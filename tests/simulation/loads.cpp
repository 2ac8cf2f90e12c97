// b, D7, B1: what first loads bring: people who are here under another remote's id, or are being
// brought by it at the same moment, numbers in two spellings, pages that lag.
#include "tests/simulation/loads.hpp"

#include <algorithm>

#include "tests/simulation/oracles.hpp"
#include "tests/simulation/put_steps.hpp"

namespace kontor::simulation {
namespace {

constexpr Token kLoadTokens = 7'800'000;

Step step_at(const Connection& to, Act act) {
    Step out;
    out.act = act;
    out.device = to.device;
    out.remote = to.remote;
    out.field = 1;
    return out;
}

void put_first(Scenario& scenario, const std::vector<Step>& steps) {
    scenario.steps.insert(scenario.steps.begin(), steps.begin(), steps.end());
}

// Two remotes that know the same people are connected at once: while one is loaded, the other is
// loaded whole.
void load_beside(Scenario& scenario) {
    Dice dice(scenario.seed + 0xBE51);
    if (scenario.twists.twins == 0 || !dice.percent(50)) return;
    scenario.twists.beside = true;
    const bool swapped = dice.percent(50);
    const Connection first{0, swapped ? 1 : 0}, second{0, swapped ? 0 : 1};
    Step beside = step_at(second, Act::kSyncBeside);
    beside.at = 2 + static_cast<int>(dice.roll(8));
    put_first(scenario, {step_at(first, Act::kSync), beside, step_at(first, Act::kSync)});
}

// The first device loads a remote in which some have been changed and some are gone; amid the load
// a page shows them as they were.
void load_late_page(Scenario& scenario) {
    Dice dice(scenario.seed + 0x1A7E9);
    if (scenario.twists.twins > 0 || scenario.twists.loads_late || !dice.percent(12)) return;
    scenario.twists.late_page = true;
    const Connection& to = scenario.connections.front();
    Token token = kLoadTokens;
    std::vector<Step> steps;
    const auto add = [&](Act act, std::uint64_t pick) {
        steps.push_back(step_at(to, act));
        steps.back().pick = pick;
        steps.back().token = token;
        token += 2;
    };
    const auto wait = [&] {
        add(Act::kWait, 0);
        steps.back().amount = 60'000 + static_cast<std::int64_t>(dice.roll(600'000));
    };
    const auto people = 2 + dice.roll(5);
    for (auto n = people; n > 0; --n) add(Act::kTheirBorn, 0);
    wait();
    for (std::uint64_t n = 0; n < people; ++n) {
        add(Act::kTheirType, n);
        wait();
    }
    for (auto n = 1 + dice.roll(2); n > 0; --n) {
        add(Act::kTheirBorn, 0);
        wait();
        add(Act::kTheirDelete, kPickLast);
    }
    wait();
    add(Act::kSync, 0);
    Step fault = step_at(to, Act::kFault);
    fault.field = static_cast<std::uint64_t>(Fault::kStalePage);
    fault.at = 5 + static_cast<int>(dice.roll(14));
    steps.push_back(fault);
    put_first(scenario, steps);
}

}  // namespace

std::string spelled_phone(std::size_t twin, std::size_t remote) {
    const std::string last = std::to_string(10 + twin);
    return remote % 2 == 0 ? "+86 21 5555 01" + last : "+86-21-5555-01" + last;
}

void add_loads(Scenario& scenario) {
    Dice dice(scenario.seed + 0x5BE11);
    scenario.twists.spelled = scenario.twists.twins > 0 && dice.percent(50);
    load_beside(scenario);
    load_late_page(scenario);
}

// The daemon has a worker for each connection: one may write between two transactions of another.
void World::sync_beside(const Step& step) {
    Device& device = *devices_[static_cast<std::size_t>(step.device)];
    if (device.disk().dead()) return;
    const bool alone = syncing_.empty();
    cycle(device, name_at(step.device, step.remote), {}, true);
    if (alone && device.disk().dead()) restart(device);
}

// Where nothing is known of what two records have in common, two spellings of one number say the
// same: nobody is asked, and nothing is decided.
void check_spellings(World& world) {
    if (!world.scenario().twists.spelled) return;
    for (std::size_t twin = 0; twin < world.twins().size(); ++twin)
        for (const auto& device : world.devices()) {
            const auto shows = [&](const char* side, std::size_t remote) {
                return std::string("instr(CAST(k.") + side + " AS TEXT), '" +
                       spelled_phone(twin, remote) + "') > 0";
            };
            const std::string both = "(" + shows("ours", 0) + " AND " + shows("theirs", 1) +
                                     ") OR (" + shows("ours", 1) + " AND " + shows("theirs", 0) +
                                     ")";
            world.tally().add("numbers in two spellings");
            if (device->number("SELECT count(*) FROM kontor_conflict k WHERE k.kind = 'uncovered'"
                               " AND (" +
                               both + ")") > 0)
                world.violation("b: " + spelled_phone(twin, 0) + " and " + spelled_phone(twin, 1) +
                                " are a question at dev" + std::to_string(device->number()));
        }
}

}  // namespace kontor::simulation
