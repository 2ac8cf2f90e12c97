// D7: what records refer to goes at the remote: deleted or merged, told of or not. Here and
// there people turn the references elsewhere meanwhile, and type into what goes.
#include "tests/simulation/targets.hpp"

#include <algorithm>

#include "tests/simulation/put_steps.hpp"
#include "tests/simulation/world.hpp"

namespace kontor::simulation {
namespace {

constexpr Token kTargetTokens = 6'000'000;
constexpr std::int64_t kMinutes = 60'000;

/// Steps of one connection, in their order.
class TargetDrawer {
public:
    TargetDrawer(Dice& dice, const Connection& where, Token& next_token)
        : dice_(dice), next_token_(next_token) {
        step_.device = where.device;
        step_.remote = where.remote;
    }
    void add(Act act, int at = -1) {
        step_.act = act;
        step_.at = at;
        step_.pick = dice_.roll(1'000);
        step_.field = act == Act::kSync ? 1 : dice_.roll(1'000);
        step_.token = next_token_;
        step_.amount = static_cast<std::int64_t>(dice_.roll(1'000));
        next_token_ += 8;
        steps.push_back(step_);
    }
    void wait_and_sync() {
        add(Act::kWait);
        steps.back().amount = static_cast<std::int64_t>(dice_.roll(15)) * kMinutes;
        add(Act::kSync);
    }
    std::vector<Step> steps;

private:
    Dice& dice_;
    Token& next_token_;
    Step step_;
};

// Nobody has read of it when the reference is turned, or somebody has; or all of it is amid a sync.
void let_target_go(Dice& dice, Scenario& scenario, Token& next_token) {
    TargetDrawer drawer(dice, scenario.connections[dice.roll(scenario.connections.size())],
                        next_token);
    drawer.add(Act::kTheirTargets);
    drawer.wait_and_sync();
    const bool amid = dice.percent(25);
    if (amid) drawer.add(Act::kSync);
    int at = amid ? static_cast<int>(dice.roll(8)) : -1;
    const auto maybe = [&](unsigned percent, Act act) {
        if (!dice.percent(percent)) return;
        drawer.add(act, at);
        if (amid) at += static_cast<int>(dice.roll(4));
    };
    maybe(70, Act::kTypeTarget);
    maybe(25, Act::kTurn);
    maybe(85, Act::kTheirTargetGoes);
    if (!amid && dice.percent(35)) drawer.wait_and_sync();
    maybe(20, Act::kTurn);
    maybe(85, Act::kTheirTurn);
    drawer.wait_and_sync();
    if (dice.percent(50)) drawer.wait_and_sync();
    put_whole(dice, scenario, drawer.steps);
}

}  // namespace

void add_targets(Scenario& scenario) {
    Dice dice(scenario.seed + 0x7A26);
    if (!dice.percent(15)) return;
    scenario.twists.targets = true;
    Token next_token = kTargetTokens;
    for (auto n = 2 + dice.roll(3); n > 0; --n) let_target_go(dice, scenario, next_token);
}

namespace {

/// The record here that is linked to one there; "" if there is none.
std::string record_here(const Device& device, const std::string& connection,
                        const std::string& stream, const std::string& id) {
    const std::string entity = stream == "Accounts" ? "account" : "contact";
    return device
        .text(
            "SELECT x.id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream JOIN"
            " kontor_connection c ON c.id = s.connection JOIN " +
            entity + " x ON x.id = l.record WHERE l.state = 0 AND s.name = '" + stream +
            "' AND c.name = '" + connection + "' AND l.ext_id = '" + id + "'")
        .value_or("");
}

}  // namespace

void World::target_there(Server& server, const Step& step) {
    Targets& now = targets_[step.remote];
    const auto is_there = [&](const std::string& stream, const std::string& id) {
        const auto* record = server.find(stream, id);
        return record != nullptr && !record->now.deleted;
    };
    const auto make = [&](Token token) {
        ledger_.typed_there.insert(token);
        tally_.add("edits there");
        return server.create("Accounts", {{"Name", Value(token_text(token))}}, "colleague");
    };
    if (step.act == Act::kTheirTargets) {
        now.goes = make(step.token);
        now.stays = make(step.token + 1);
        now.other = make(step.token + 2);
        ledger_.typed_there.insert(step.token + 3);
        now.referrer = server.create(
            "Contacts",
            {{"Phone", Value(token_text(step.token + 3))}, {"Account", Value(now.goes)}},
            "colleague");
        return;
    }
    const auto into = step.field % 4 == 0 ? now.other : now.stays;
    if (step.act == Act::kTheirTurn) {
        if (is_there("Contacts", now.referrer) && is_there("Accounts", into))
            server.edit("Contacts", now.referrer, {{"Account", Value(into)}}, "colleague");
        return;
    }
    if (!is_there("Accounts", now.goes)) return;
    tally_.add("targets gone");
    if (step.amount % 2 != 0 || !is_there("Accounts", now.stays))
        return server.erase("Accounts", now.goes, "colleague");
    if (step.pick % 2 == 0 && known_to_all(server, "Accounts", now.goes))
        server.turn_silently("Accounts", now.goes, now.stays);
    server.merge_into("Accounts", now.goes, now.stays);
}

// Else what referred to it, and is turned with no new time of change, goes unseen
// (docs/guarantees.md).
bool World::known_to_all(const Server& server, const std::string& stream,
                         const std::string& id) const {
    if (scenario_.twists.restored || scenario_.twists.set_back) return false;
    return std::ranges::all_of(scenario_.connections, [&](const Connection& one) {
        const Device& device = *devices_[static_cast<std::size_t>(one.device)];
        const std::string name = name_at(one.device, one.remote);
        return remote_name(one.remote) != server.name() ||
               (!device.disk().dead() && !record_here(device, name, stream, id).empty());
    });
}

void World::target_here(Device& device, const Step& step) {
    if (device.disk().dead()) return;
    const Targets& now = targets_[step.remote];
    const auto here = [&](const char* stream, const std::string& id) {
        return record_here(device, name_at(step.device, step.remote), stream, id);
    };
    const std::string name = "'" + token_text(step.token) + "'";
    if (step.act == Act::kTypeTarget) {
        if (const auto target = here("Accounts", now.goes); !target.empty())
            write_sql(device, "UPDATE account SET name = " + name + " WHERE id = " + target,
                      {step.token});
    } else if (const auto referrer = here("Contacts", now.referrer); !referrer.empty()) {
        // To one that is there, or to one that no remote knows yet.
        auto target = here("Accounts", now.other);
        if (step.amount % 2 == 0 &&
            write_sql(device, "INSERT INTO account(name) VALUES(" + name + ")", {step.token}))
            target = device.text("SELECT id FROM account WHERE name = " + name).value_or("");
        if (!target.empty() && !device.disk().dead())
            write_sql(device,
                      "UPDATE contact SET account_id = " + target + " WHERE id = " + referrer, {});
    }
    if (device.disk().dead() && std::ranges::find(syncing_, device.number()) == syncing_.end())
        restart(device);
}

}  // namespace kontor::simulation
