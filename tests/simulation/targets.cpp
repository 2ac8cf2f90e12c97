// c, h, D7: what records refer to goes at the remote: deleted or merged, told of or not. Here and
// there people turn the references elsewhere meanwhile, and type into what goes.
#include "tests/simulation/targets.hpp"

#include <algorithm>

#include "tests/simulation/oracles.hpp"
#include "tests/simulation/put_steps.hpp"

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
    maybe(60, Act::kTypeTarget);
    maybe(25, Act::kTurn);
    maybe(85, Act::kTheirTargetGoes);
    if (!amid && dice.percent(35)) drawer.wait_and_sync();
    maybe(20, Act::kTurn);
    maybe(80, Act::kTheirTurn);
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
    if (step.amount % 2 == 0 && is_there("Accounts", now.stays))
        server.merge_into("Accounts", now.goes, now.stays);
    else
        server.erase("Accounts", now.goes, "colleague");
}

void World::target_here(Device& device, const Step& step) {
    if (device.disk().dead()) return;
    const Targets& now = targets_[step.remote];
    const auto here = [&](const char* stream, const std::string& id) {
        return device.text(
            "SELECT l.record FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream JOIN"
            " kontor_connection c ON c.id = s.connection WHERE s.name = '" +
            std::string(stream) + "' AND c.name = '" + remote_name(step.remote) +
            "' AND l.ext_id = '" + id + "'");
    };
    const std::string name = "'" + token_text(step.token) + "'";
    if (step.act == Act::kTypeTarget) {
        if (const auto target = here("Accounts", now.goes))
            write_sql(device, "UPDATE account SET name = " + name + " WHERE id = " + *target,
                      {step.token});
    } else if (const auto referrer = here("Contacts", now.referrer)) {
        // To one that is there, or to one that no remote knows yet.
        auto target = here("Accounts", now.other);
        if (step.amount % 2 == 0 &&
            write_sql(device, "INSERT INTO account(name) VALUES(" + name + ")", {step.token}))
            target = device.text("SELECT id FROM account WHERE name = " + name);
        if (target && !device.disk().dead())
            write_sql(device,
                      "UPDATE contact SET account_id = " + *target + " WHERE id = " + *referrer,
                      {});
    }
    if (device.disk().dead() && std::ranges::find(syncing_, device.number()) == syncing_.end())
        restart(device);
}

namespace {

std::string at(const Device& device) {
    return "dev" + std::to_string(device.number());
}

// Of two sides of a reference one is this replica's: somebody here has turned it, or another
// remote, or it was made here with it.
void check_asked(World& world, const Device& device) {
    device.each(
        "SELECT c.name, s.name, e.name, g.name, l.ext_id, l.record, k.id, e.id FROM"
        " kontor_conflict k JOIN kontor_link l ON l.id = k.link JOIN kontor_group g ON g.id = k.grp"
        " JOIN kontor_stream s ON s.id = l.stream JOIN kontor_entity e ON e.id = s.entity JOIN"
        " kontor_connection c ON c.id = s.connection WHERE k.kind = 'edit'",
        [&](const replica::Statement& row) {
            const std::string name(row.text(0)), stream(row.text(1)), id(row.text(4));
            const Server& server = device.connection(name).account->server();
            const FieldModel* field = server.model().stream(stream).field(std::string(row.text(3)));
            if (field == nullptr || field->target.empty()) return;
            // What was turned in one goes on with its successor.
            if (std::ranges::any_of(server.records(stream), [&](const auto& one) {
                    return one.second.now.successor == id;
                }))
                return;
            world.tally().add("references asked about");
            const auto causes = device.number(
                "SELECT count(*) FROM kontor_history h LEFT JOIN kontor_field f ON f.id = h.field"
                " WHERE h.entity = " +
                std::to_string(row.integer(7)) + " AND h.record = " +
                std::to_string(row.integer(5)) + " AND (f.name = '" + field->columns.front() +
                "' AND h.op = 'u' OR f.id IS NULL AND h.op IN ('i', 'r')) AND NOT"
                " (coalesce(h.actor, '') = 'remote:" +
                name + "' OR coalesce(h.actor, '') LIKE 'remote:" + name + ":%')");
            if (causes == 0)
                world.violation("h: " + at(device) + " asks about " + field->remote + " of " + id +
                                " of " + name + " (conflict " + std::to_string(row.integer(6)) +
                                "), which nobody has turned here");
        });
}

// What was turned here gives way unasked only to what has come after it was told.
void check_untold(World& world, const Device& device) {
    device.each(
        "SELECT c.name, s.name, f.name, l.ext_id, h.old, h.seq, (SELECT p.run IS NULL FROM"
        " kontor_history p WHERE p.entity = h.entity AND p.record = h.record AND p.field = h.field"
        " AND p.op = 'u' AND p.seq < h.seq ORDER BY p.seq DESC LIMIT 1) FROM kontor_history h JOIN"
        " kontor_field f ON f.id = h.field JOIN kontor_stream s ON s.entity = h.entity JOIN"
        " kontor_link l ON l.stream = s.id AND l.record = h.record JOIN kontor_connection c ON"
        " c.id = s.connection WHERE h.op = 'u' AND h.rule = 'only_theirs' AND h.old IS NOT NULL AND"
        " l.ext_id IS NOT NULL AND (h.actor = 'remote:' || c.name OR"
        " h.actor LIKE 'remote:' || c.name || ':%')",
        [&](const replica::Statement& row) {
            if (row.integer(6) == 0) return;
            const std::string name(row.text(0)), stream(row.text(1)), id(row.text(3));
            const Server& server = device.connection(name).account->server();
            for (const FieldModel& field : server.model().stream(stream).fields) {
                if (field.target.empty() || field.columns.front() != row.text(2)) continue;
                const auto target = device.text(
                    "SELECT l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
                    " JOIN kontor_connection c ON c.id = s.connection WHERE l.state = 0 AND"
                    " s.name = '" +
                    field.target + "' AND c.name = '" + name +
                    "' AND l.record = " + std::to_string(row.integer(4)));
                if (!target) continue;
                world.tally().add("references replaced");
                if (!server.has_led(stream, id, field.remote, *target))
                    world.violation("A1: " + field.remote + " of " + id + " of " + name +
                                    " was turned to " + *target + " at " + at(device) +
                                    ", never told, and is theirs unasked (entry " +
                                    std::to_string(row.integer(5)) + ")");
            }
        });
}

// A question shows what stands here as it stands here, also what the remote has not got.
void check_shown(World& world, const Device& device) {
    engine::ConflictQuery query;
    query.state = engine::ConflictQuery::State::kAll;
    const auto conflicts = engine::list_conflicts(device.api(), query);
    if (!conflicts) return;
    for (const auto& one : *conflicts)
        for (const auto& field : one.fields) {
            const std::string& ours = field.ours.kind() == Kind::kText ? field.ours.text() : "";
            if (!ours.starts_with("local:")) continue;
            world.tally().add("symbols shown");
            const auto record = ours.substr(ours.rfind(':') + 1);
            if (field.ours_here.kind() != Kind::kInteger ||
                std::to_string(field.ours_here.integer()) != record)
                world.violation("c: " + at(device) + " asks about " + field.remote_field + " of " +
                                one.entity + " " + std::to_string(one.record) +
                                ", and does not show that it is " + ours);
        }
}

}  // namespace

void check_references(World& world) {
    for (const auto& device : world.devices()) {
        check_asked(world, *device);
        check_untold(world, *device);
        check_shown(world, *device);
    }
}

}  // namespace kontor::simulation
