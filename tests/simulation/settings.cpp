// Policies and deletion settings that are nobody's default, and what they must have led to.
#include "tests/simulation/settings.hpp"

#include <algorithm>

#include "tests/simulation/oracles.hpp"
#include "tests/simulation/put_steps.hpp"

namespace kontor::simulation {
namespace {

using merge::DeletePolicy;
using merge::Policy;
using remote::FieldType;

constexpr Token kSettingTokens = 7'500'000;

// All remotes have the same one of a column: two systems of record would fight over it.
void set_policies(Dice& dice, Scenario& scenario) {
    const auto numbers = dice.roll(4), owned = dice.roll(scenario.remotes.size() + 1);
    const bool names = dice.percent(50), phones = dice.percent(50), notes = dice.percent(30);
    for (RemoteModel& model : scenario.remotes)
        for (StreamModel& stream : model.streams)
            for (FieldModel& field : stream.fields) {
                static constexpr Policy kNumbers[] = {Policy::kMax, Policy::kMin,
                                                      Policy::kRestrictive, Policy::kOwner};
                const std::string& column = field.columns.front();
                const bool owner = (names && column == "name") || (phones && column == "phone") ||
                                   (notes && column == "notes") || column == "email";
                if (column == "budget") field.policy = kNumbers[numbers];
                if (owner) field.policy = Policy::kOwner;
                if (field.policy == Policy::kOwner && owned > 0)
                    field.owner = remote_name(static_cast<int>(owned) - 1);
            }
}

void set_deletions(Dice& dice, Scenario& scenario) {
    static constexpr DeletePolicy kThere[] = {DeletePolicy::kMirror, DeletePolicy::kMirror,
                                              DeletePolicy::kUnlink, DeletePolicy::kAsk};
    const auto any = [&] { return kThere[dice.roll(std::size(kThere))]; };
    // One outcome everywhere is promised only where deletions are passed on.
    const bool passed_on = dice.percent(50);
    for (RemoteModel& model : scenario.remotes)
        for (StreamModel& stream : model.streams) {
            stream.delete_there = passed_on ? DeletePolicy::kMirror : any();
            stream.delete_here = passed_on ? DeletePolicy::kMirror : any();
            stream.delete_relayed = passed_on ? DeletePolicy::kMirror : any();
        }
}

// Both sides change a number that a policy decides about.
void clash(Dice& dice, Scenario& scenario, Token token) {
    const auto& to = scenario.connections[dice.roll(scenario.connections.size())];
    Step here;
    here.device = to.device;
    here.remote = to.remote;
    here.act = Act::kType;
    here.pick = dice.roll(4);
    here.field = dice.percent(60) ? typed::kBudget : 1;  // or an e-mail
    here.token = token + 2 * dice.roll(1'000);
    Step there = here, sync = here;
    there.act = Act::kTheirType;
    there.token = token + 2'000 + 2 * dice.roll(1'000);
    sync.act = Act::kSync;
    sync.field = 1;
    if (dice.percent(50)) std::swap(here.token, there.token);
    put_whole(dice, scenario, {sync, here, there, sync});
}

/// Of a decision that a policy has made, who must have won: nullopt if that does not tell.
std::optional<std::string> winner(const FieldModel& field, const std::string& connection,
                                  const std::string& rule, std::optional<Token> ours,
                                  std::optional<Token> theirs) {
    if (rule == "remote") return field.policy == Policy::kRemote ? "theirs" : "nobody";
    if (rule == "local") return field.policy == Policy::kLocal ? "ours" : "nobody";
    if (rule.starts_with("owner:"))
        return field.policy != Policy::kOwner ? "nobody"
               : field.owner == connection    ? "theirs"
                                              : "ours";
    const bool smaller = rule == "min";
    if (!smaller && rule != "max" && rule != "restrictive") return std::nullopt;
    if (merge::to_string(field.policy) != rule) return "nobody";
    if (field.type != FieldType::kDecimal || !ours || !theirs || *ours == *theirs)
        return std::nullopt;
    return (*ours > *theirs) != smaller ? "ours" : "theirs";
}

void check_decided(World& world, const Device& device) {
    device.each(
        "SELECT c.name, s.name, g.name, CAST(k.ours AS TEXT), CAST(k.theirs AS TEXT), k.rule,"
        " coalesce(k.chosen, ''), k.id FROM kontor_conflict k JOIN kontor_group g ON g.id = k.grp"
        " JOIN kontor_stream s ON s.id = k.stream JOIN kontor_connection c ON c.id = s.connection"
        " WHERE k.decided_by = 'policy' AND k.kind = 'edit'",
        [&](const replica::Statement& row) {
            const std::string name(row.text(0)), rule(row.text(5)), chosen(row.text(6));
            const auto& model = device.connection(name).account->server().model();
            for (const auto& field : model.stream(row.text(1)).fields) {
                if ((field.group.empty() ? field.remote : field.group) != row.text(2)) continue;
                const auto must =
                    winner(field, name, rule, first_token(row.value(3)), first_token(row.value(4)));
                // What did not leave, no remote decides about.
                const bool stayed =
                    rule == "local" &&
                    stayed_here(device, model.stream(row.text(1)).entity, field.columns.front());
                if (!must || stayed) continue;
                world.tally().add("decided by " + rule);
                if (chosen != *must)
                    world.violation("b: conflict " + std::to_string(row.integer(7)) + " of " +
                                    device.name() + " about " + field.remote + " was decided by " +
                                    rule + " for " + chosen + ", not " + *must);
            }
        });
}

// What a setting keeps from being deleted is deleted by nobody but a person who was asked.
void check_deletions(World& world, Device& device) {
    for (const auto& [name, connected] : device.connections()) {
        const Server& server = connected.account->server();
        for (const auto& stream : server.model().streams) {
            const std::string of_link =
                " FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream JOIN kontor_connection"
                " c ON c.id = s.connection JOIN kontor_history h ON h.entity = s.entity AND"
                " h.record = l.record AND h.op = 'd' AND h.field IS NULL WHERE s.name = '" +
                stream.name + "' AND c.name = '" + name + "'";
            if (stream.delete_here != DeletePolicy::kMirror)
                device.each("SELECT l.ext_id" + of_link +
                                " AND h.rule = 'deleted_there' AND (h.actor = 'remote:" + name +
                                "' OR h.actor LIKE 'remote:" + name + ":%')",
                            [&, &connection = name](const replica::Statement& row) {
                                world.violation("i: " + device.name() + " deleted " +
                                                std::string(row.text(0)) + " of " + connection +
                                                ", which its setting keeps here");
                            });
            for (const auto& [id, record] : server.records(stream.name)) {
                if (!record.now.deleted || record.now.modified_by != connected.account->user())
                    continue;
                if (world.scenario().one_user && world.devices().size() > 1) continue;
                bool told = false, may = false;
                const auto asked = device.number(
                    "SELECT count(*) FROM kontor_conflict k JOIN kontor_link l ON l.id = k.link"
                    " JOIN kontor_stream s ON s.id = l.stream JOIN kontor_connection c ON"
                    " c.id = s.connection WHERE k.kind = 'delete' AND k.state = 'decided' AND"
                    " k.decided_by <> 'policy' AND l.ext_id = '" +
                    id + "' AND c.name = '" + name + "' AND s.name = '" + stream.name + "'");
                device.each("SELECT h.actor" + of_link + " AND l.ext_id = '" + id + "'",
                            [&](const replica::Statement& row) {
                                told = true;
                                const auto setting = row.text(0).starts_with("remote:")
                                                         ? stream.delete_relayed
                                                         : stream.delete_there;
                                may = may || setting == DeletePolicy::kMirror ||
                                      (setting == DeletePolicy::kAsk && asked > 0);
                            });
                if (told) world.tally().add("deletions told");
                if (told && !may)
                    world.violation("i: " + device.name() + " deleted " + id + " at " + name +
                                    ", which its setting keeps there");
            }
        }
    }
}

// C7: where each deletion is passed on, a record is at all remotes or at none.
void check_one_fate(World& world, Device& device) {
    if (device.connections().size() < 2) return;
    for (const auto& [name, connected] : device.connections())
        for (const auto& stream : connected.account->server().model().streams)
            if (stream.delete_there != DeletePolicy::kMirror ||
                stream.delete_here != DeletePolicy::kMirror ||
                stream.delete_relayed != DeletePolicy::kMirror)
                return;
    struct Fate {
        int there = 0, gone = 0;
        bool unclear = false;
        std::string where;
    };
    std::map<std::string, Fate> fates;
    device.each(
        "SELECT s.entity, l.record, c.name, s.name, l.ext_id, EXISTS (SELECT 1 FROM kontor_blocked "
        "b"
        " WHERE b.link = l.id) OR EXISTS (SELECT 1 FROM kontor_intent i WHERE i.link = l.id) OR"
        " EXISTS (SELECT 1 FROM kontor_conflict k WHERE k.link = l.id AND k.state = 'open' AND"
        " k.grp IS NULL) FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream JOIN"
        " kontor_connection c ON c.id = s.connection WHERE l.ext_id IS NOT NULL",
        [&](const replica::Statement& row) {
            Fate& fate =
                fates[std::to_string(row.integer(0)) + "/" + std::to_string(row.integer(1))];
            const std::string name(row.text(2)), id(row.text(4));
            const auto& connected = device.connection(name);
            const auto* record = connected.account->server().find(std::string(row.text(3)), id);
            fate.unclear = fate.unclear || row.integer(5) != 0 || record == nullptr;
            if (record != nullptr) ++(record->now.deleted ? fate.gone : fate.there);
            fate.where += " " + name + ":" + id;
        });
    for (const auto& [record, fate] : fates) {
        if (fate.unclear || fate.there + fate.gone < 2) continue;
        world.tally().add("fates compared");
        if (fate.there > 0 && fate.gone > 0)
            world.violation("C7: record " + record + " of " + device.name() +
                            " is there at one remote and deleted at another:" + fate.where);
    }
}

}  // namespace

void add_settings(Scenario& scenario) {
    Dice dice(scenario.seed + 0x5E77);
    const Twists& twists = scenario.twists;
    if (twists.twins > 0 || twists.fights || twists.set_back || twists.restored || twists.retypes ||
        twists.converts || !dice.percent(20))
        return;
    scenario.twists.settings = true;
    set_policies(dice, scenario);
    set_deletions(dice, scenario);
    for (Token n = 0; n < 3; ++n) clash(dice, scenario, kSettingTokens + 10'000 * n);
    put_in(dice, scenario, Act::kDelete, 0);
    put_in(dice, scenario, Act::kTheirDelete, 0);
    // In some of them nothing goes wrong.
    if (dice.percent(40))
        std::erase_if(scenario.steps, [](const Step& step) {
            return step.act == Act::kFault || step.act == Act::kPowerCut ||
                   step.act == Act::kDiskFull || step.act == Act::kRestart;
        });
}

void check_settings(World& world) {
    for (const auto& device : world.devices()) {
        if (!device->put_back_to()) check_decided(world, *device);
        if (!world.scenario().twists.settings) continue;
        check_deletions(world, *device);
        check_one_fate(world, *device);
    }
}

// What is written there has a cause here: somebody has typed it, another remote has brought it, it
// has been decided, or the record that is referred to has come to be there.
void check_writes(World& world) {
    if (!world.calm()) return;
    const Twists& twists = world.scenario().twists;
    if (twists.fights || twists.twins > 0 || twists.set_back || twists.restored || twists.retypes ||
        twists.converts || twists.quota > 0 || twists.late_reads || twists.resends)
        return;
    world.tally().add("calm stories");
    for (const auto& device : world.devices())
        for (const auto& [name, connected] : device->connections()) {
            if (connected.late_mapped || connected.reformed) continue;
            for (const auto& [record, writes] : connected.account->updates()) {
                const auto slash = record.find('/');
                const std::string stream = record.substr(0, slash), id = record.substr(slash + 1);
                const auto& model = connected.account->server().model().stream(stream);
                const auto references = std::ranges::count_if(
                    model.fields, [](const FieldModel& field) { return !field.target.empty(); });
                const std::string of_link =
                    " FROM kontor_link l JOIN kontor_stream s ON s.id ="
                    " l.stream JOIN kontor_connection c ON c.id ="
                    " s.connection WHERE l.ext_id = '" +
                    id + "' AND s.name = '" + stream + "' AND c.name = '" + name + "'";
                const auto causes = device->number(
                    "SELECT (SELECT count(*) FROM kontor_history h WHERE h.entity ="
                    " s.entity AND h.record = l.record) + (SELECT count(*) FROM"
                    " kontor_conflict k WHERE k.link = l.id)" +
                    of_link);
                if (causes == 0) continue;  // it has another id by now
                world.tally().add("writes with causes", writes);
                if (writes > causes + references)
                    world.violation("C2: " + device->name() + " has written " + record + " of " +
                                    name + " " + std::to_string(writes) + " times for " +
                                    std::to_string(causes) + " changes");
            }
        }
}

}  // namespace kontor::simulation
