// What not every story has. Each draw is made from the seed alone, apart from all others: a twist
// that is added here changes no story that does not have it.
#include <algorithm>

#include "tests/simulation/again.hpp"
#include "tests/simulation/close_calls.hpp"
#include "tests/simulation/doubts.hpp"
#include "tests/simulation/hidden.hpp"
#include "tests/simulation/leads.hpp"
#include "tests/simulation/loads.hpp"
#include "tests/simulation/lost_time.hpp"
#include "tests/simulation/narrowings.hpp"
#include "tests/simulation/put_steps.hpp"
#include "tests/simulation/retypes.hpp"
#include "tests/simulation/rows.hpp"
#include "tests/simulation/settings.hpp"
#include "tests/simulation/step.hpp"
#include "tests/simulation/targets.hpp"

namespace kontor::simulation {
namespace {

constexpr Token kTwistTokens = 2'000'000;  // what twists type; below those of automations

// Something is made here, and an answer of the sync that follows is lost: maybe that of its push.
void lose_answers(Dice& dice, Scenario& scenario) {
    const auto& to = scenario.connections[dice.roll(scenario.connections.size())];
    Step born, sync, fault;
    born.act = Act::kBorn;
    sync.act = Act::kSync;
    fault.act = Act::kFault;
    born.device = sync.device = fault.device = to.device;
    born.remote = sync.remote = fault.remote = to.remote;
    born.pick = dice.roll(1'000);
    born.token = kTwistTokens + 2 * dice.roll(1'000'000);
    sync.field = 1;
    fault.field = static_cast<std::uint64_t>(Fault::kLostAnswer);
    fault.at = 2 + static_cast<int>(dice.roll(16));
    put_whole(dice, scenario, {born, sync, fault});
}

// Colleagues make records in the course of some hours; as a device reads them, its power goes.
void cut_off(Dice& dice, Scenario& scenario) {
    const auto& to = scenario.connections[dice.roll(scenario.connections.size())];
    Step step;
    step.device = to.device;
    step.remote = to.remote;
    std::vector<Step> steps;
    const auto add = [&](Act act, std::int64_t amount) {
        step.act = act;
        step.pick = dice.roll(1'000);
        step.field = 1;
        step.token = kTwistTokens + 2 * dice.roll(1'000'000);
        step.amount = amount;
        steps.push_back(step);
    };
    for (int n = 0; n < 5; ++n) {
        add(Act::kTheirBorn, 1);
        add(Act::kWait, static_cast<std::int64_t>(dice.roll(3'600'000)));
    }
    add(Act::kSync, 0);
    step.at = 4 + static_cast<int>(dice.roll(5));
    add(Act::kPowerCut, static_cast<std::int64_t>(dice.roll(24)));
    put_whole(dice, scenario, steps);
}

// A record is made and deleted there between two syncs; a page that lags shows it after all, beside
// others as they were before they were changed.
void let_page_lag(Dice& dice, Scenario& scenario) {
    const auto& to = scenario.connections[dice.roll(scenario.connections.size())];
    Step step;
    step.device = to.device;
    step.remote = to.remote;
    std::vector<Step> steps;
    const auto add = [&](Act act) {
        step.act = act;
        step.pick = dice.roll(1'000);
        step.field = 1;
        step.token = kTwistTokens + 2 * dice.roll(1'000'000);
        step.amount = static_cast<std::int64_t>(dice.roll(1'000));
        steps.push_back(step);
    };
    const auto wait = [&] {
        add(Act::kWait);
        steps.back().amount *= 120;
    };
    for (int n = 0; n < 2; ++n) {
        add(Act::kTheirType);
        wait();
    }
    add(Act::kSync);
    add(Act::kTheirBorn);
    wait();
    add(Act::kTheirDelete);
    steps.back().pick = kPickLast;
    add(Act::kTheirType);
    wait();
    add(Act::kFault);
    steps.back().field = static_cast<std::uint64_t>(Fault::kStalePage);
    add(Act::kSync);
    put_whole(dice, scenario, steps);
}

// Two type into one field within a few seconds, and each sends it or reads the other's.
void at_the_same_time(Dice& dice, Scenario& scenario) {
    const auto& to = scenario.connections[dice.roll(scenario.connections.size())];
    Step here;
    here.device = to.device;
    here.remote = to.remote;
    here.act = Act::kType;
    here.pick = dice.roll(4);
    here.field = 1 + dice.roll(1'000);
    here.token = kTwistTokens + 4 * dice.roll(1'000'000);
    Step there = here, wait = here, sync = here;
    there.act = Act::kTheirType;
    there.token += 2;
    wait.act = Act::kWait;
    wait.amount = static_cast<std::int64_t>(dice.roll(12'000));
    sync.act = Act::kSync;
    sync.field = 1;
    if (dice.percent(50)) std::swap(here, there);
    Step jump = wait;  // of a clock that has been wrong for a while, or is so from now on
    jump.act = Act::kClockJump;
    jump.amount = (static_cast<std::int64_t>(dice.roll(86'400)) - 43'200) * 1'000;
    if (dice.percent(50)) jump = wait;
    put_whole(dice, scenario, {sync, jump, here, wait, there, wait, sync});
}

// Early in the story the first device loads a remote with some pages of records, which colleagues
// edit meanwhile.
void load_in_use(Dice& dice, Scenario& scenario) {
    const auto& to = scenario.connections.front();
    Step step;
    step.device = to.device;
    step.remote = to.remote;
    std::vector<Step> steps;
    const auto add = [&](Act act, int at) {
        step.act = act;
        step.at = at;
        step.pick = dice.roll(1'000);
        step.field = 1 + dice.roll(1'000);
        step.token = kTwistTokens + 2 * dice.roll(1'000'000);
        step.amount = static_cast<std::int64_t>(dice.roll(1'000));
        steps.push_back(step);
    };
    for (auto n = 2 + dice.roll(6); n > 0; --n) {
        add(dice.percent(80) ? Act::kTheirBorn : Act::kTheirBornAccount, -1);
        add(Act::kWait, -1);
        steps.back().amount *= 60;
    }
    add(Act::kSync, -1);
    std::vector<int> yields;
    for (auto n = 2 + dice.roll(4); n > 0; --n) yields.push_back(static_cast<int>(dice.roll(24)));
    std::ranges::sort(yields);
    for (const int at : yields) add(Act::kTheirType, at);
    scenario.steps.insert(scenario.steps.begin(), steps.begin(), steps.end());
}

// Who was told of it accepts the remote while a sync reads what is there, or pushes.
void accept_during_sync(Dice& dice, Scenario& scenario, std::size_t from, int remote) {
    for (const Connection& one : scenario.connections) {
        if (one.remote != remote) continue;
        Step sync, accept;
        sync.act = Act::kSync;
        accept.act = Act::kAccept;
        sync.device = accept.device = one.device;
        sync.remote = accept.remote = remote;
        sync.field = dice.percent(30) ? 5 : 1;  // with a sweep, or without
        accept.amount = static_cast<std::int64_t>(dice.roll(1'000));
        accept.at = 1 + static_cast<int>(dice.roll(24));
        put_whole(dice, scenario, {sync, accept}, from);
    }
}

// What it lacks is to be sent to it, but of the first sync after that some requests fail.
void read_in_part(Dice& dice, Scenario& scenario, std::size_t from, int remote) {
    for (const Connection& one : scenario.connections) {
        if (one.remote != remote) continue;
        Step accept, sync, fault;
        accept.act = Act::kAccept;
        sync.act = Act::kSync;
        fault.act = Act::kFault;
        accept.device = sync.device = fault.device = one.device;
        accept.remote = sync.remote = fault.remote = remote;
        sync.field = 1;
        fault.field =
            static_cast<std::uint64_t>(dice.percent(50) ? Fault::kMalformed : Fault::kRateLimited);
        fault.at = 1 + static_cast<int>(dice.roll(16));
        put_whole(dice, scenario, {accept, sync, fault}, from);
    }
}

// A remote loses what came after its backup, or another organisation answers in its place; sooner
// or later a person accepts it.
void set_back(Scenario& scenario) {
    Dice dice(scenario.seed + 0xB5);
    if (scenario.twists.twins > 0 || scenario.twists.fights || !dice.percent(15)) return;
    scenario.twists.set_back = true;
    const auto backup = put_in(dice, scenario, Act::kTheirBackup, 0);
    const auto remote = scenario.steps[backup].remote;
    const bool replaced = dice.percent(35);
    const auto at =
        put_in(dice, scenario, replaced ? Act::kTheirReplaced : Act::kTheirSetBack, backup + 1);
    scenario.steps[at].remote = remote;
    if (dice.percent(20)) {
        const auto again = put_in(dice, scenario, Act::kTheirSetBack, at + 1);
        scenario.steps[again].remote = remote;
    }
    for (const Connection& one : scenario.connections) {
        if (one.remote != remote || dice.percent(40)) continue;
        Step& accept = scenario.steps[put_in(dice, scenario, Act::kAccept, at + 1)];
        accept.device = one.device;
        accept.remote = remote;
    }
    Dice in_haste(scenario.seed + 0xACC);
    if (in_haste.percent(50)) accept_during_sync(in_haste, scenario, at + 1, remote);
    if (in_haste.percent(50)) read_in_part(in_haste, scenario, at + 1, remote);
}

// A laptop is lost, or its file damaged: its replica goes on from a backup.
void restore(Scenario& scenario, bool one_fate) {
    Dice dice(scenario.seed + 0x0E9);
    if (one_fate || !dice.percent(20)) return;
    scenario.twists.restored = true;
    const auto backup = put_in(dice, scenario, Act::kBackUp, 0);
    const auto device = scenario.steps[backup].device;
    for (auto n = 1 + dice.roll(2), from = std::uint64_t{backup}; n > 0; --n) {
        from = put_in(dice, scenario, Act::kRestore, from + 1);
        scenario.steps[from].device = device;
    }
}

// Remotes tell of deletions for a day or two. Somebody may be away for longer.
void forget(Scenario& scenario) {
    Dice dice(scenario.seed + 0xFEED);
    if (!dice.percent(15)) return;
    for (ServerTraits& traits : scenario.traits) {
        if (!traits.deleted_feed) continue;
        scenario.twists.forgets = true;
        traits.feed_keeps = std::chrono::hours{24 * (1 + static_cast<int>(dice.roll(2)))};
    }
    if (!scenario.twists.forgets) return;
    constexpr std::int64_t kHour = 3'600'000;
    for (auto n = 1 + dice.roll(2); n > 0; --n) {
        put_in(dice, scenario, Act::kTheirDelete, 0);
        const auto away = put_in(dice, scenario, Act::kWait, 0);
        scenario.steps[away].amount = static_cast<std::int64_t>(dice.roll(96)) * kHour;
    }
}

// A copy that lags answers reads by id. Where versions tell each change apart: two changes of one
// stamp look the same. A clock here that jumps is no measure of how long it lags.
void let_reads_lag(Scenario& scenario) {
    Dice dice(scenario.seed + 0x1A7E);
    if (!dice.percent(15)) return;
    for (ServerTraits& traits : scenario.traits) {
        if (!traits.opaque_versions) continue;
        scenario.twists.late_reads = true;
        traits.read_lag_max = milliseconds{1'000 + static_cast<int>(dice.roll(30'000))};
    }
    if (scenario.twists.late_reads)
        std::erase_if(scenario.steps, [](const Step& step) { return step.act == Act::kClockJump; });
}

// The key tells which one it was, but keeps nobody from making another.
void make_whatever_is_told(Scenario& scenario) {
    Dice dice(scenario.seed + 0x0B5E);
    if (!dice.percent(20)) return;
    for (ServerTraits& traits : scenario.traits) {
        if (!traits.key_field) continue;
        scenario.twists.no_upsert = true;
        traits.upserts = false;
    }
}

/// What Twists has, by name.
struct NamedTwist {
    const char* name;
    bool (*has)(const Twists&);
};
constexpr NamedTwist kTwists[] = {
    {"reader", [](const Twists& t) { return t.reader; }},
    {"fights", [](const Twists& t) { return t.fights; }},
    {"twins", [](const Twists& t) { return t.twins > 0; }},
    {"loads_late", [](const Twists& t) { return t.loads_late; }},
    {"slow", [](const Twists& t) { return t.slow; }},
    {"ends", [](const Twists& t) { return t.ends; }},
    {"set_back", [](const Twists& t) { return t.set_back; }},
    {"quota", [](const Twists& t) { return t.quota > 0; }},
    {"restored", [](const Twists& t) { return t.restored; }},
    {"no_upsert", [](const Twists& t) { return t.no_upsert; }},
    {"late_reads", [](const Twists& t) { return t.late_reads; }},
    {"forgets", [](const Twists& t) { return t.forgets; }},
    {"converts", [](const Twists& t) { return t.converts; }},
    {"retypes", [](const Twists& t) { return t.retypes; }},
    {"resends", [](const Twists& t) { return t.resends; }},
    {"rows", [](const Twists& t) { return t.rows; }},
    {"close_calls", [](const Twists& t) { return t.close_calls; }},
    {"spelled", [](const Twists& t) { return t.spelled; }},
    {"beside", [](const Twists& t) { return t.beside; }},
    {"late_page", [](const Twists& t) { return t.late_page; }},
    {"cut_texts", [](const Twists& t) { return t.cut_texts; }},
    {"let_go", [](const Twists& t) { return t.let_go; }},
    {"found_again", [](const Twists& t) { return t.found_again; }},
    {"back_again", [](const Twists& t) { return t.back_again; }},
    {"settings", [](const Twists& t) { return t.settings; }},
    {"targets", [](const Twists& t) { return t.targets; }},
    {"again", [](const Twists& t) { return t.again; }},
    {"lost_time", [](const Twists& t) { return t.lost_time; }},
    {"narrows", [](const Twists& t) { return t.narrows; }},
    {"hidden", [](const Twists& t) { return t.hidden; }},
};

}  // namespace

std::vector<std::string> twist_names() {
    std::vector<std::string> out;
    for (const NamedTwist& one : kTwists) out.emplace_back(one.name);
    return out;
}

bool has_twist(const Twists& twists, const std::string& name) {
    return std::ranges::any_of(
        kTwists, [&](const NamedTwist& one) { return name == one.name && one.has(twists); });
}

void twist(Scenario& scenario) {
    Dice dice(scenario.seed + 0x7717);  // what is added later has dice of its own
    Twists& twists = scenario.twists;
    twists.reader = dice.percent(20);
    twists.fights = scenario.remotes.size() > 1 && dice.percent(35);
    if (scenario.remotes.size() > 1 && !twists.fights && dice.percent(35))
        twists.twins = 1 + static_cast<int>(dice.roll(3));
    if (dice.percent(20))
        for (auto n = 1 + dice.roll(2); n > 0; --n)
            put_in(dice, scenario, Act::kShow, put_in(dice, scenario, Act::kHide, 0) + 1);
    // Nothing is lost where two devices are one user (World::fate_must_be_known).
    const bool one_fate = scenario.one_user && scenario.devices > 1;
    Dice ends(scenario.seed + 0x1333);
    twists.ends = !one_fate && ends.percent(30);
    if (twists.ends)
        for (int n = 0; n < 2; ++n) lose_answers(ends, scenario);
    Dice loads(scenario.seed + 0x1222);
    twists.loads_late = twists.twins == 0 && loads.percent(15);
    if (twists.loads_late) load_in_use(loads, scenario);
    Dice cuts(scenario.seed + 0x1444);
    if (!one_fate && cuts.percent(30)) cut_off(cuts, scenario);
    Dice pages(scenario.seed + 0x1A6);
    if (pages.percent(10)) let_page_lag(pages, scenario);
    Dice clash(scenario.seed + 0x2334);
    if (clash.percent(20)) {
        twists.slow = clash.percent(40);
        for (int n = 0; n < 3; ++n) at_the_same_time(clash, scenario);
    }
    set_back(scenario);
    restore(scenario, one_fate);
    Dice quota(scenario.seed + 0xD4);
    if (quota.percent(15)) twists.quota = 8 + static_cast<int>(quota.roll(60));
    forget(scenario);
    Dice again(scenario.seed + 0x2A3);
    twists.resends = !one_fate && again.percent(15);
    add_leads(scenario);
    add_retypes(scenario);
    let_reads_lag(scenario);
    make_whatever_is_told(scenario);
    add_rows(scenario);
    add_close_calls(scenario);
    add_settings(scenario);
    add_doubts(scenario);
    add_targets(scenario);
    add_again(scenario);
    add_lost_time(scenario);
    add_narrowings(scenario);
    add_hidden(scenario);
    add_loads(scenario);  // last: the first thing of the story stays that
}

}  // namespace kontor::simulation
