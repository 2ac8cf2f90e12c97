// A1, f: rows, such as the items of an order. The remote gives each new one an id and computes a
// total: that is neither anybody's change nor to be made twice.
#include "tests/simulation/rows.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sync/engine/only_read.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/undo.hpp"
#include "tests/simulation/oracles.hpp"
#include "tests/simulation/put_steps.hpp"

namespace kontor::simulation {
namespace {

constexpr Token kRowTokens = 8'000'000;

nlohmann::json rows_of(std::string_view text) {
    auto out = nlohmann::json::parse(text, nullptr, false);
    return out.is_array() ? out : nlohmann::json::array();
}

/// The rows without what the remote adds to them.
std::string as_typed(std::string_view text) {
    auto rows = rows_of(text);
    for (auto& row : rows) {
        row.erase("id");
        row.erase("total");
    }
    return rows.dump();
}

/// Each edit begins with a word of its own, in a new row or in one that was there.
std::string edited(std::string_view text, const Step& step) {
    auto rows = rows_of(text);
    const std::string what = token_text(step.token);
    const auto price = step.amount % 7 + 1, quantity = step.amount % 5 + 1;
    if (rows.empty() || step.amount % 3 == 0)
        rows.insert(rows.begin(), nlohmann::json::object(
                                      {{"what", what}, {"price", price}, {"quantity", quantity}}));
    else
        rows[0]["what"] = what;
    if (step.amount % 3 == 1) rows[0]["quantity"] = quantity;
    if (step.amount % 4 == 0 && rows.size() > 1) rows.erase(rows.size() - 1);
    return rows.dump();
}

std::string items_of(const Device& device, std::int64_t account) {
    return device.text("SELECT items FROM account WHERE id = " + std::to_string(account))
        .value_or("");
}

/// An entry of the history of one record's rows, and what was there after it.
struct Change {
    std::int64_t seq = 0;
    bool by_sync = false;
    std::string actor, rule, before, after;
};

/// Oldest first; only changes of what is there still. (A record that goes or comes back without
/// rows has no entry of them, only its own.)
std::vector<Change> changes_of(const Device& device, std::int64_t account) {
    std::vector<Change> out;
    device.each(
        "SELECT h.seq, h.run IS NOT NULL, h.actor, coalesce(h.rule, ''), coalesce(h.old, ''), h.op"
        " FROM kontor_history h LEFT JOIN kontor_field f ON f.id = h.field JOIN kontor_entity e"
        " ON e.id = h.entity WHERE e.name = 'account' AND (f.name = 'items' OR h.field IS NULL)"
        " AND h.record = " +
            std::to_string(account) + " ORDER BY h.seq",
        [&](const replica::Statement& row) {
            if (!out.empty()) out.back().after = row.text(4);
            if (row.text(5) != "u") return out.clear();
            out.push_back({row.integer(0), row.integer(1) != 0, std::string(row.text(2)),
                           std::string(row.text(3)), std::string(row.text(4)), ""});
        });
    if (!out.empty()) out.back().after = items_of(device, account);
    return out;
}

bool has_rows(const RemoteModel& model) {
    return model.stream("Accounts").field("Items") != nullptr;
}

/// The remote says that nobody else has written the record since, and tells writes apart. After a
/// restore, what it has added may have been added to a later write.
bool tells_whose(Device& device, const Change& change) {
    return !device.put_back_to() && std::ranges::any_of(device.connections(), [&](const auto& one) {
        const Account& account = *one.second.account;
        const ServerTraits& traits = account.server().traits();
        return change.actor == "remote:" + one.first + ":" + account.user() &&
               !account.shares_user() &&
               (traits.opaque_versions || traits.precision <= milliseconds{1});
    });
}

/// Steps of one connection, about one account.
class RowDrawer {
public:
    RowDrawer(Dice& dice, const Connection& where, Token& next_token)
        : dice_(dice), next_token_(next_token) {
        step_.device = where.device;
        step_.remote = where.remote;
        step_.pick = dice.roll(3);
    }
    void add(Act act, int at = -1) {
        step_.act = act;
        step_.at = at;
        step_.field = act == Act::kSync ? 1 : dice_.roll(1'000);  // not a sweep each time
        step_.token = next_token_;
        step_.amount = static_cast<std::int64_t>(dice_.roll(1'000));
        next_token_ += 2;
        steps.push_back(step_);
    }
    void lose_an_answer() {
        add(Act::kFault, 2 + static_cast<int>(dice_.roll(12)));
        steps.back().field = static_cast<std::uint64_t>(Fault::kLostAnswer);
    }
    std::vector<Step> steps;

private:
    Dice& dice_;
    Token& next_token_;
    Step step_;
};

// Somebody types rows and the remote completes them; then they are typed on, or taken back.
void type_and_take_back(Dice& dice, Scenario& scenario, const Connection& where,
                        Token& next_token) {
    RowDrawer drawer(dice, where, next_token);
    drawer.add(Act::kTypeRows);
    drawer.add(Act::kSync);
    if (dice.percent(30)) drawer.lose_an_answer();
    if (dice.percent(30)) drawer.add(Act::kTypeRows, static_cast<int>(dice.roll(12)));
    drawer.add(Act::kSync);
    if (dice.percent(30)) drawer.add(Act::kTheirTypeRows);
    if (dice.percent(50)) drawer.add(Act::kSync);
    if (dice.percent(30)) drawer.add(Act::kTypeRows);
    drawer.add(Act::kUndoRows);
    if (dice.percent(50)) drawer.add(Act::kSync);
    put_whole(dice, scenario, drawer.steps);
}

}  // namespace

void add_rows(Scenario& scenario) {
    Dice dice(scenario.seed + 0x2035);
    if (!dice.percent(12)) return;
    scenario.twists.rows = true;
    // Two remotes would each number the rows of one column.
    const Connection& where = scenario.connections[dice.roll(scenario.connections.size())];
    auto& streams = scenario.remotes[static_cast<std::size_t>(where.remote)].streams;
    static constexpr merge::Policy kPolicies[] = {merge::Policy::kNewest, merge::Policy::kManual,
                                                  merge::Policy::kRemote, merge::Policy::kLocal};
    FieldModel items;
    items.remote = "Items";
    items.columns = {"items"};
    items.type = remote::FieldType::kJson;
    items.policy = kPolicies[dice.roll(std::size(kPolicies))];
    items.habit = Habit::kRows;
    std::ranges::find(streams, "Accounts", &StreamModel::name)->fields.push_back(items);

    auto& traits = scenario.traits[static_cast<std::size_t>(where.remote)];
    if (dice.percent(70)) traits.precision = milliseconds{1};

    Token next_token = kRowTokens;
    static constexpr Act kActs[] = {Act::kTypeRows, Act::kTypeRows, Act::kTheirTypeRows,
                                    Act::kUndoRows};
    for (auto n = 3 + dice.roll(6); n > 0; --n) {
        Step& step = scenario.steps[put_in(dice, scenario, kActs[dice.roll(std::size(kActs))], 0)];
        step.remote = where.remote;
        step.token = next_token;
        step.pick = dice.roll(3);
        next_token += 2;
    }
    for (auto n = 2 + dice.roll(3); n > 0; --n)
        type_and_take_back(dice, scenario, where, next_token);
}

void World::rows_here(Device& device, const Step& step) {
    if (device.disk().dead()) return;
    const auto count = static_cast<std::uint64_t>(device.number("SELECT count(*) FROM account"));
    if (count == 0) return;
    const auto account = device.number("SELECT id FROM account ORDER BY id LIMIT 1 OFFSET " +
                                       std::to_string(step.pick % count));
    if (step.act == Act::kUndoRows)
        take_back_rows(device, account, step.field);
    else
        write_sql(device,
                  "UPDATE account SET items = '" + edited(items_of(device, account), step) +
                      "' WHERE id = " + std::to_string(account),
                  {step.token});
    if (device.disk().dead() && std::ranges::find(syncing_, device.number()) == syncing_.end())
        restart(device);
}

// What nobody but the remote has added to is taken back; what somebody has changed since stays.
void World::take_back_rows(Device& device, std::int64_t account, std::uint64_t pick) {
    const auto changes = changes_of(device, account);
    std::vector<std::size_t> typed;
    for (std::size_t i = 0; i < changes.size(); ++i)
        if (!changes[i].by_sync) typed.push_back(i);
    if (typed.empty()) return;
    const auto chosen = typed[pick % typed.size()];
    const Change& one = changes[chosen];
    const bool added_to = std::ranges::all_of(
        changes.begin() + static_cast<std::ptrdiff_t>(chosen) + 1, changes.end(),
        [&](const Change& later) {
            return as_typed(later.after) == as_typed(one.after) &&
                   (later.rule == "completed_there" || tells_whose(device, later));
        });
    const std::string now = items_of(device, account);
    const bool changed = as_typed(now) != as_typed(one.after);

    const auto catalogue = replica::Catalogue::load(device.local());
    if (!catalogue) return;
    const auto before = device.number("SELECT coalesce(max(seq), 0) FROM kontor_history");
    const auto done = replica::undo(device.local(), *catalogue, replica::UndoScope::change(one.seq),
                                    "uid:1000", engine::only_read_of(device.local()));
    if (device.disk().dead() || device.disk().take_refused() > 0) return;
    if (!done && done.error().code != Errc::kNotFound)
        return violation("undo: " + done.error().message);
    note_asserted(device, before);
    const std::string then = items_of(device, account);
    const std::string which = "entry " + std::to_string(one.seq) + " of dev" +
                              std::to_string(device.number()) + ", " + one.after;
    // While a mapping is narrowed, what no remote takes is left alone, and that is said.
    const bool only_read = done && std::ranges::any_of(done->plan.skipped, [](const auto& skipped) {
                               return skipped.field == "items" &&
                                      skipped.reason == replica::UndoRefusal::kOnlyReadField;
                           });
    if (only_read && !scenario_.twists.narrows)
        violation("undo: " + which + " passes for only read");
    if (only_read && then != now)
        violation("undo: " + which + " passes for only read, and is taken back");
    if (added_to && !only_read) tally_.add("rows taken back");
    if (added_to && !only_read && as_typed(then) != as_typed(one.before))
        violation("A1: " + which + ", which nobody has changed since, is not taken back");
    if (changed && then != now)
        violation("A1: with " + which + " was taken back what somebody has made of it since");
}

void World::rows_there(Server& server, const Step& step) {
    const auto accounts = server.live("Accounts");
    if (accounts.empty() || !has_rows(server.model())) return;
    const std::string& account = accounts[step.pick % accounts.size()];
    const auto& fields = server.find("Accounts", account)->now.fields;
    const auto found = fields.find("Items");
    ledger_.typed_there.insert(step.token);
    tally_.add("edits there");
    server.edit("Accounts", account,
                {{"Items", Value(edited(found == fields.end() ? "" : found->second.text(), step))}},
                "colleague");
}

void check_rows(World& world) {
    if (!world.scenario().twists.rows) return;
    for (const auto& device : world.devices()) {
        std::vector<std::int64_t> accounts;
        device->each("SELECT id FROM account",
                     [&](const replica::Statement& row) { accounts.push_back(row.integer(0)); });
        for (const auto account : accounts)
            for (const Change& one : changes_of(*device, account)) {
                if (!one.by_sync || rows_of(one.before).empty()) continue;
                const bool only_added =
                    one.before != one.after && as_typed(one.before) == as_typed(one.after);
                const std::string which = "entry " + std::to_string(one.seq) + " of dev" +
                                          std::to_string(device->number()) + ", " + one.before +
                                          " → " + one.after + ",";
                if (only_added) world.tally().add("rows completed");
                if (only_added && one.rule == "only_theirs" && tells_whose(*device, one))
                    world.violation("A1: " + which + " passes for somebody's change");
                if (!only_added && one.rule == "completed_there")
                    world.violation("A1: " + which + " passes for what the remote has added");
            }
    }
}

}  // namespace kontor::simulation
