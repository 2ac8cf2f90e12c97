// A3, A4, B3, b: pages that are to be read by id, records that were let go, and creates of which
// nobody knows whether they were carried out.
#include "tests/simulation/doubts.hpp"

#include <algorithm>

#include "tests/simulation/oracles.hpp"
#include "tests/simulation/put_steps.hpp"

namespace kontor::simulation {
namespace {

constexpr Token kDoubtTokens = 7'850'000;
constexpr Token kDoubtTokensEnd = 7'900'000;
constexpr std::int64_t kMinute = 60'000;

StreamModel& contacts_of(Scenario& scenario, int remote) {
    auto& streams = scenario.remotes[static_cast<std::size_t>(remote)].streams;
    return *std::ranges::find(streams, "Contacts", &StreamModel::name);
}

// Long texts change in the course of some hours. Lists cut them, so each is to be read by id; the
// list that shows them breaks off.
void cut_texts(Scenario& scenario) {
    Dice dice(scenario.seed + 0xC07E);
    if (!dice.percent(8)) return;
    scenario.twists.cut_texts = true;
    const Connection& to = scenario.connections[dice.roll(scenario.connections.size())];
    auto& traits = scenario.traits[static_cast<std::size_t>(to.remote)];
    auto& fields = contacts_of(scenario, to.remote).fields;
    std::ranges::find(fields, "Notes", &FieldModel::remote)->cut_in_lists = true;
    traits.keyset = true;
    traits.page_size = 2 + dice.roll(2);
    Script script(to);
    script.add(Act::kSync);
    for (Token n = 0; n < 5; ++n) {
        script.add(Act::kTheirType, dice.roll(1'000), kDoubtTokens + 2 * n).field = typed::kNotes;
        script.wait(30 * kMinute + static_cast<std::int64_t>(dice.roll(60 * kMinute)));
    }
    script.add(Act::kFault).field = static_cast<std::uint64_t>(Fault::kCutPull);
    script.add(Act::kSync);
    put_whole(dice, scenario, script.steps);
}

// Somebody edits a record that is gone there: it is made again, while lists show the old one still.
void let_go(Scenario& scenario) {
    Dice dice(scenario.seed + 0x1E760);
    // Who accepts a remote whose lists lag takes what they show for all that it has.
    if (scenario.twists.fights || scenario.twists.set_back || !dice.percent(8)) return;
    scenario.twists.let_go = true;
    const Connection& to = scenario.connections[dice.roll(scenario.connections.size())];
    scenario.traits[static_cast<std::size_t>(to.remote)].index_lag_max = milliseconds{10 * kMinute};
    contacts_of(scenario, to.remote).delete_against_edit = merge::Policy::kLocal;
    const Token born = kDoubtTokens + 20, city = born + 1;
    Script script(to);
    script.add(Act::kTheirBorn, 0, born).amount = 1;
    script.wait(11 * kMinute);
    script.add(Act::kSync);
    script.type(Act::kTheirTypeOf, city, born + 2);
    script.wait(kMinute + static_cast<std::int64_t>(dice.roll(6 * kMinute)));
    script.add(Act::kSync);
    script.add(Act::kTheirDeleteOf, city);
    script.type(Act::kTypeOf, city, born + 4);
    for (int n = 0; n < 3; ++n) script.add(Act::kSync);
    put_whole(dice, scenario, script.steps);
}

// It is to be made again under its key, which does not arrive; then somebody restores it there.
void find_again(Scenario& scenario) {
    Dice dice(scenario.seed + 0xF0D);
    if (scenario.twists.fights || (scenario.one_user && scenario.devices > 1) || !dice.percent(8))
        return;
    scenario.twists.found_again = true;
    const Connection& to = scenario.connections[dice.roll(scenario.connections.size())];
    auto& traits = scenario.traits[static_cast<std::size_t>(to.remote)];
    traits.key_field = true;
    traits.opaque_versions = false;
    traits.cas = remote::CompareAndSet::kNone;
    traits.read_lag_max = milliseconds{0};
    contacts_of(scenario, to.remote).delete_against_edit = merge::Policy::kLocal;
    const Token born = kDoubtTokens + 40;
    Script script(to);
    script.add(Act::kSync);
    script.add(Act::kBorn, 0, born).amount = 1;
    script.add(Act::kSync);
    script.wait(12 * kMinute);
    script.add(Act::kSync);
    script.add(Act::kTheirDeleteOf, born);
    script.type(Act::kTypeOf, born, born + 2);
    // Its stamp is older than what is sent, whatever is known of the remote's clock.
    script.wait(2 * kMinute + static_cast<std::int64_t>(dice.roll(12 * kMinute)));
    script.add(Act::kLosePush);
    script.add(Act::kSync);
    script.add(Act::kTheirRestoreOf, born);
    if (dice.percent(40)) script.type(Act::kTheirTypeOf, born, born + 4);
    for (int n = 0; n < 2; ++n) script.add(Act::kSync);
    put_whole(dice, scenario, script.steps);
}

// Whether it was made at the second remote is not known as it is deleted here; and that is
// forgotten with all that was known of the first one, which shows it again.
void come_back(Scenario& scenario) {
    Dice dice(scenario.seed + 0xBAC);
    if (scenario.remotes.size() < 2 || scenario.twists.fights || scenario.twists.twins > 0 ||
        scenario.twists.set_back || scenario.twists.let_go ||
        (scenario.one_user && scenario.devices > 1) || !dice.percent(15))
        return;
    scenario.twists.back_again = scenario.twists.set_back = true;
    const bool swapped = dice.percent(50);
    const Connection first{0, swapped ? 1 : 0}, second{0, swapped ? 0 : 1};
    scenario.traits[static_cast<std::size_t>(first.remote)].key_field = true;
    scenario.traits[static_cast<std::size_t>(second.remote)].key_field = false;
    const Token born = kDoubtTokens + 60;
    Script there(second), here(first);
    there.add(Act::kSync);
    here.add(Act::kSync);
    here.add(Act::kBorn, 0, born).amount = 1;
    here.add(Act::kSync);
    Script doubt(second);
    doubt.add(Act::kLosePush).amount = 1;
    doubt.add(Act::kSync);
    doubt.type(Act::kTheirTypeOf, born, born + 2);
    doubt.wait(static_cast<std::int64_t>(dice.roll(12 * kMinute)));
    Script again(first);
    again.add(Act::kDeleteOf, born);
    again.add(Act::kTheirReplaced);  // a copy of it, under another address
    again.add(Act::kAccept).amount = 1;
    again.add(Act::kSync);
    Script last(second);
    for (int n = 0; n < 2; ++n) last.add(Act::kSync);
    std::vector<Step> steps;
    for (const Script* part : {&there, &here, &doubt, &again, &last})
        steps.insert(steps.end(), part->steps.begin(), part->steps.end());
    put_whole(dice, scenario, steps);
}

bool is_named(const Server::Record& record, Token token) {
    return std::ranges::any_of(record.now.fields, [&](const auto& field) {
        return first_token(field.second.view()) == token;
    });
}

}  // namespace

void add_doubts(Scenario& scenario) {
    cut_texts(scenario);
    let_go(scenario);
    find_again(scenario);
    come_back(scenario);
}

void World::named_here(Device& device, const Step& step) {
    if (device.disk().dead()) return;
    const std::string name = token_text(step.pick);
    const auto id = device.number("SELECT coalesce(max(id), 0) FROM contact WHERE last_name = '" +
                                  name + "' OR city LIKE '" + name + "%'");
    if (id == 0) return;
    const std::string where = " WHERE id = " + std::to_string(id);
    if (step.act == Act::kDeleteOf)
        write_sql(device, "DELETE FROM contact" + where, {});
    else if (step.field == typed::kEmail)
        write_sql(device,
                  "UPDATE contact SET email = '" + token_text(step.token) + "@example.com'" + where,
                  {step.token});
    else
        write_sql(device, "UPDATE contact SET phone = '" + token_text(step.token) + "'" + where,
                  {step.token});
    note_addresses(device);
    if (device.disk().dead() && std::ranges::find(syncing_, device.number()) == syncing_.end())
        restart(device);
}

void World::named_there(Server& server, const Step& step) {
    const bool dead = step.act == Act::kTheirRestoreOf;
    for (const auto& id : dead ? server.dead("Contacts") : server.live("Contacts")) {
        const auto* record = server.find("Contacts", id);
        if (!is_named(*record, step.pick)) continue;
        if (step.act == Act::kTheirDeleteOf) return server.erase("Contacts", id, "colleague");
        if (step.act == Act::kTheirRestoreOf) {
            for (const auto& [name, value] : record->now.fields)
                for_each_token(value.view(), [&](Token t) { ledger_.asserted_again.insert(t); });
            return server.restore_quietly("Contacts", id);
        }
        ledger_.typed_there.insert(step.token);
        tally_.add("edits there");
        const char* field = step.field == typed::kEmail ? "Email" : "Phone";
        return server.edit("Contacts", id, {{field, Value(token_text(step.token))}}, "colleague");
    }
}

void check_let_go(World& world, Device& device, const std::string& connection) {
    auto& connected = device.connection(connection);
    const Server& server = connected.account->server();
    const auto is_live = [&](const std::string& stream, const std::string& id) {
        return device.number(
                   "SELECT count(*) FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream JOIN"
                   " kontor_connection c ON c.id = s.connection WHERE l.state = 0 AND s.name = '" +
                   stream + "' AND c.name = '" + connection + "' AND l.ext_id = '" + id + "'") > 0;
    };
    for (const auto& [stream, id] : connected.let_go) {
        const auto* record = server.find(stream, id);
        if (record == nullptr || !record->now.deleted || record->ever_restored ||
            record->ever_succeeded || server.has_given_again(stream, id))
            continue;
        world.tally().add("gone looked for");
        if (is_live(stream, id))
            world.violation("A4: dev" + std::to_string(device.number()) + " takes " + id + " of " +
                            connection + " for there, which it was told is gone");
    }
    for (const auto& one : connected.account->take_told_gone())
        if (!is_live(one.first, one.second)) connected.let_go.insert(one);
}

// Nothing but what was told, or read, was known there: only a policy or a person decides between
// the two.
void check_untold(World& world) {
    for (const auto& device : world.devices())
        device->each(
            "SELECT c.name, h.old FROM kontor_history h JOIN kontor_connection c ON"
            " h.actor = 'remote:' || c.name OR h.actor LIKE 'remote:' || c.name || ':%'"
            " WHERE h.op = 'u' AND h.rule = 'only_theirs'",
            [&](const replica::Statement& row) {
                const std::string name(row.text(0));
                const auto token = first_token(row.value(1));
                if (!token || *token < kDoubtTokens || *token >= kDoubtTokensEnd ||
                    !world.ledger().typed_here.contains(*token) ||
                    device->connection(name).account->server().has_held(*token))
                    return;
                world.violation("b: w" + std::to_string(*token) + "z was typed at dev" +
                                std::to_string(device->number()) + " and never told to " + name +
                                ", whose value replaced it as if only they had typed");
            });
}

}  // namespace kontor::simulation
