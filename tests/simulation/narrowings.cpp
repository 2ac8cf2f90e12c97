// C1: for a while a person has a mapping send less, or has deletions passed on otherwise; people go
// on typing meanwhile. In the end all is sent again.
#include "tests/simulation/narrowings.hpp"

#include <algorithm>

#include "sync/replica/catalogue.hpp"
#include "tests/simulation/oracles.hpp"
#include "tests/simulation/put_steps.hpp"

namespace kontor::simulation {
namespace {

using merge::DeletePolicy;

constexpr Token kNarrowTokens = 7'700'000;
constexpr int kDeleteHere = 5;  // a link's state

/// What a person changes, and where people type meanwhile: a step's field (actions.cpp).
struct Narrowing {
    enum class What { kStream, kGroup, kColumn, kUnlink, kAsk } what;
    const char* stream;
    const char* name = "";  ///< a group of the mapping, or a column
    std::uint64_t typed = 1;
};
using What = Narrowing::What;
constexpr Narrowing kNarrowings[] = {{What::kStream, "Contacts"},
                                     {What::kStream, "Accounts", "", 8},
                                     {What::kGroup, "Contacts", "Phone", 0},
                                     {What::kGroup, "Contacts", "Email", 1},
                                     {What::kGroup, "Contacts", "address", 5},
                                     {What::kGroup, "Accounts", "Name", 7},
                                     {What::kColumn, "Contacts", "email", 1},
                                     {What::kColumn, "Contacts", "budget", 3},
                                     {What::kColumn, "Contacts", "notes", 2},
                                     {What::kColumn, "Accounts", "phone", 8},
                                     {What::kUnlink, "Contacts"},
                                     {What::kAsk, "Contacts"},
                                     {What::kAsk, "Accounts", "", 8}};

bool about_deletions(const Narrowing& one) {
    return one.what == What::kUnlink || one.what == What::kAsk;
}

std::string entity_of(const Narrowing& one) {
    return std::string_view(one.stream) == "Accounts" ? "account" : "contact";
}

// People type before the mapping is changed, and are not heard; and as long as it is.
void narrow_for_a_while(Dice& dice, Scenario& scenario, Token& next_token) {
    const auto& where = scenario.connections[dice.roll(scenario.connections.size())];
    const auto which = dice.roll(std::size(kNarrowings));
    const Narrowing& one = kNarrowings[which];
    const bool accounts = entity_of(one) == "account";
    const auto record = dice.roll(4);
    std::vector<Step> steps;
    const auto add = [&](Act act) {
        Step step;
        step.act = act;
        step.device = where.device;
        step.remote = where.remote;
        step.pick = act == Act::kNarrow || act == Act::kWiden ? which : record;
        step.field = one.typed;
        if (act == Act::kSync) step.field = 1;
        if (act == Act::kDelete) step.field = accounts ? 0 : 1;
        step.amount = static_cast<std::int64_t>(dice.roll(1'000));
        step.token = next_token;
        next_token += 2;
        steps.push_back(step);
    };
    static constexpr Act kBefore[] = {Act::kType, Act::kType, Act::kDelete, Act::kTheirType};
    static constexpr Act kMeanwhile[] = {Act::kType,   Act::kType,    Act::kTheirType,
                                         Act::kDelete, Act::kSync,    Act::kSync,
                                         Act::kBlank,  Act::kResolve, Act::kTheirDelete};
    add(Act::kSync);
    if (!about_deletions(one)) add(kBefore[dice.roll(std::size(kBefore))]);
    add(Act::kNarrow);
    if (about_deletions(one)) add(Act::kDelete);
    add(Act::kSync);
    for (auto n = dice.roll(5); n > 0; --n) add(kMeanwhile[dice.roll(std::size(kMeanwhile))]);
    if (dice.percent(30)) add(accounts ? Act::kBornAccount : Act::kBorn);
    if (dice.percent(50)) add(Act::kSync);
    if (dice.percent(70)) add(Act::kWiden);
    if (dice.percent(50)) add(Act::kSync);
    put_whole(dice, scenario, steps);
}

}  // namespace

void add_narrowings(Scenario& scenario) {
    Dice dice(scenario.seed + 0xA220);
    const Twists& twists = scenario.twists;
    if (twists.twins > 0 || twists.fights || twists.set_back || twists.restored || twists.retypes ||
        twists.settings || !dice.percent(25))
        return;
    scenario.twists.narrows = true;
    Token next_token = kNarrowTokens;
    for (auto n = 1 + dice.roll(3); n > 0; --n) narrow_for_a_while(dice, scenario, next_token);
    // Now and then amid a sync.
    if (dice.percent(50)) put_in(dice, scenario, Act::kNarrow, 0);
}

void Narrowed::apply(merge::Mapping& mapping) const {
    for (auto& stream : mapping.streams) {
        if (received.contains(stream.stream)) stream.push = false;
        if (const auto found = deletions.find(stream.stream); found != deletions.end())
            stream.delete_there = found->second;
        for (auto& group : stream.groups)
            if (received.contains(stream.stream + "/" + group.name))
                for (auto& field : group.fields) field.direction = merge::Direction::kIn;
    }
}

namespace {

/// False if that could not be written down.
bool let_leave(Device& device, const std::string& entity, const std::string& column, bool leaves) {
    const auto field = device.number(
        "SELECT f.id FROM kontor_field f JOIN kontor_entity e ON e.id = f.entity WHERE e.name = '" +
        entity + "' AND f.name = '" + column + "'");
    auto transaction = replica::Transaction::begin(device.api());
    return transaction && replica::set_leaves(device.api(), field, leaves) && transaction->commit();
}

}  // namespace

void World::narrow(Device& device, const std::string& name, const Step& step) {
    if (device.disk().dead()) return;
    const Narrowing& one = kNarrowings[step.pick % std::size(kNarrowings)];
    auto& connected = device.connection(name);
    const bool on = step.act == Act::kNarrow;
    const std::string stream = one.stream;
    const auto mark = [on](std::set<std::string>& set, const std::string& what) {
        if (on)
            set.insert(what);
        else
            set.erase(what);
    };
    switch (one.what) {
        case What::kStream:
            mark(connected.narrowed.received, stream);
            break;
        case What::kGroup:
            mark(connected.narrowed.received, stream + "/" + one.name);
            connected.narrowed.once.insert(stream + "/" + one.name);
            break;
        case What::kColumn:
            if (!let_leave(device, entity_of(one), one.name, !on)) break;
            for (auto& [other, with] : device.connections()) {
                mark(with.narrowed.received, entity_of(one) + "." + one.name);
                with.narrowed.once.insert(entity_of(one) + "." + one.name);
            }
            break;
        case What::kUnlink:
        case What::kAsk:
            connected.narrowed.deletions.erase(stream);
            if (one.what == What::kUnlink) connected.narrowed.once.insert(stream);
            if (on)
                connected.narrowed.deletions[stream] =
                    one.what == What::kAsk ? DeletePolicy::kAsk : DeletePolicy::kUnlink;
            break;
    }
    device.follow(name);
    tally_.add(on ? "mappings narrowed" : "mappings widened");
    if (device.disk().dead() && std::ranges::find(syncing_, device.number()) == syncing_.end())
        restart(device);
}

void World::widen_all(Device& device) {
    for (auto& [name, connected] : device.connections()) {
        connected.narrowed.received.clear();
        connected.narrowed.deletions.clear();
        device.follow(name);
    }
    for (const Narrowing& one : kNarrowings)
        if (one.what == What::kColumn && !let_leave(device, entity_of(one), one.name, true))
            violation("a column cannot be let leave again: " + entity_of(one) + "." + one.name);
}

void World::watch_sent(int device, int remote, const std::string& stream,
                       const remote::Change& change) {
    if (device >= static_cast<int>(devices_.size())) return;
    const auto& connected =
        devices_[static_cast<std::size_t>(device)]->connection(name_at(device, remote));
    // The mapping that was taken as the sync began holds until its end.
    const auto only_comes_in = [&](const std::string& what) {
        return connected.narrowed.received.contains(what) && connected.received_then.contains(what);
    };
    const auto refuse = [&](const std::string& what) {
        violation("C6: " + what + " of " + change.id + " is sent to " + remote_name(remote) +
                  " by dev" + std::to_string(device) + ", which is not to be sent");
    };
    if (only_comes_in(stream)) refuse(stream);
    const auto& model = connected.account->server().model().stream(stream);
    for (const auto& sent : change.fields) {
        const FieldModel* field = model.field(sent.field);
        if (field == nullptr) continue;  // the key
        if (only_comes_in(stream + "/" + (field->group.empty() ? field->remote : field->group)) ||
            only_comes_in(model.entity + "." + field->columns.front()))
            refuse(sent.field);
    }
}

bool came_in_only(const Device& device, std::string_view entity, std::string_view column) {
    return std::ranges::any_of(device.connections(), [&](const auto& one) {
        const auto& [name, connected] = one;
        for (const StreamModel& stream : connected.account->server().model().streams)
            for (const FieldModel& field : stream.fields)
                if (stream.entity == entity &&
                    std::ranges::find(field.columns, column) != field.columns.end() &&
                    connected.narrowed.once.contains(
                        stream.name + "/" + (field.group.empty() ? field.remote : field.group)))
                    return true;
        return false;
    });
}

bool stayed_here(const Device& device, std::string_view entity, std::string_view column) {
    return std::ranges::any_of(device.connections(), [&](const auto& one) {
        return one.second.narrowed.once.contains(std::string(entity) + "." + std::string(column));
    });
}

void check_asked(World& world) {
    for (const auto& device : world.devices())
        device->each(
            "SELECT c.name, l.ext_id, k.id FROM kontor_conflict k JOIN kontor_link l ON"
            " l.id = k.link JOIN kontor_stream s ON s.id = l.stream JOIN kontor_connection c ON"
            " c.id = s.connection WHERE k.state = 'open' AND k.kind = 'delete' AND l.dirty AND"
            " l.state = " +
                std::to_string(kDeleteHere),
            [&](const replica::Statement& row) {
                world.violation("h: whether " + std::string(row.text(1)) + " of " +
                                std::string(row.text(0)) + " is deleted is question " +
                                std::to_string(row.integer(2)) + " of dev" +
                                std::to_string(device->number()) +
                                ", and it is among what is about to be sent");
            });
}

}  // namespace kontor::simulation
