#include "tests/simulation/oracles.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "sync/engine/references.hpp"
#include "sync/replica/chain.hpp"
#include "sync/replica/history.hpp"
#include "sync/replica/integrity.hpp"
#include "tests/simulation/epochs.hpp"
#include "tests/simulation/state.hpp"

namespace kontor::simulation {
namespace {

/// Tokens in all that a replica keeps: rows, history, conflicts.
std::set<Token> tokens_of(const Device& device) {
    std::set<Token> out;
    const auto collect = [&](const std::string& query) {
        device.each(query, [&](const replica::Statement& row) {
            for (int i = 0; i < row.columns(); ++i)
                for_each_token(row.value(i), [&](Token token) { out.insert(token); });
        });
    };
    for (const auto& entity : device.entity_names()) collect("SELECT * FROM " + entity);
    collect("SELECT old FROM kontor_history WHERE old IS NOT NULL");
    collect("SELECT base, ours, theirs FROM kontor_conflict");
    return out;
}

// Two records cannot both have it, nor one that is there and one that was deleted.
bool uid_is_free(const Device& device, const std::string& uid) {
    if (device.number("SELECT count(*) FROM kontor_tombstone WHERE uid = '" + uid + "'") > 0)
        return false;
    const auto names = device.entity_names();
    return std::ranges::all_of(names, [&](const std::string& name) {
        return device.number("SELECT count(*) FROM " + name + " WHERE uid = '" + uid + "'") == 0;
    });
}

}  // namespace

bool somebody_merged(const World& world, const std::string& stream) {
    for (const auto& server : world.servers())
        for (const auto& [id, record] : server->records(stream))
            if (!record.now.successor.empty()) return true;
    return false;
}

// What only comes in, or does not even, is no edit that a deletion here is held up by.
bool goes_unasked(const Device& device, const std::string& connection, const Account::Seen& where) {
    const auto& model =
        device.connection(connection).account->server().model().stream(where.stream);
    const auto& column = model.field(where.field)->columns.front();
    return came_in_only(device, model.entity, column) || stayed_here(device, model.entity, column);
}

void check_values(World& world) {
    std::set<Token> found;
    for (const auto& server : world.servers())
        for (const auto& stream : server->model().streams)
            for (const auto& [id, record] : server->records(stream.name)) {
                if (record.now.deleted) continue;
                for (const auto& [name, value] : record.now.fields)
                    for_each_token(value.view(), [&](Token token) { found.insert(token); });
            }
    for (const auto& device : world.devices()) {
        const auto kept = tokens_of(*device);
        for (const auto& [name, connected] : device->connections())
            for (const auto& [token, where] : connected.account->overwritten())
                if (!kept.contains(token) && !goes_unasked(*device, name, where))
                    world.violation("A1: w" + std::to_string(token) + "z of " + name +
                                    " was read and overwritten by " + device->name() +
                                    ", which has kept no trace of it");
        found.insert(kept.begin(), kept.end());
    }
    for (const auto& device : world.devices())
        for (const auto& [name, connected] : device->connections())
            for (const auto& [token, where] : connected.account->seen()) {
                if (!world.ledger().typed_there.contains(token) || found.contains(token)) continue;
                // With a record that was deleted there goes what nobody had taken.
                const auto* record = connected.account->server().find(where.stream, where.id);
                if (record == nullptr || record->ever_deleted || record->ever_succeeded) continue;
                world.violation("A1: w" + std::to_string(token) + "z of " + where.stream + " " +
                                where.id + " " + where.field + ", which " + name +
                                " has shown to " + device->name() +
                                ", was replaced and is nowhere");
            }
    for (const Token token : world.ledger().typed_here)
        if (!found.contains(token))
            world.violation("A1: w" + std::to_string(token) + "z was typed and is nowhere");
    for (const Token token : world.ledger().taken_back)
        if (found.contains(token))
            world.violation("A1: w" + std::to_string(token) + "z was taken back and is there");
}

// What a restored replica had handed on from one remote to another since its backup, it knows by
// the key alone (docs/guarantees.md).
bool may_be_handed_on_again(World& world) {
    return world.servers().size() > 1 &&
           std::ranges::any_of(world.devices(),
                               [](const auto& device) {
                                   return device->put_back_to() && device->connections().size() > 1;
                               }) &&
           !std::ranges::all_of(world.servers(),
                                [](const auto& server) { return server->traits().key_field; });
}

void check_creates(World& world) {
    if (may_be_handed_on_again(world)) return;
    for (const auto& server : world.servers())
        for (const auto& stream : server->model().streams) {
            std::map<std::string, int> count;
            for (const auto& [id, record] : server->records(stream.name)) {
                // Where a key is nothing special: what is hidden from us is not found under it, nor
                // what another device has just made (docs/guarantees.md).
                if ((record.ever_forbidden || record.made_blind) && !server->traits().upserts)
                    continue;
                // One that was deleted and is made again may meet its restored predecessor.
                if (!record.ever_deleted && !record.born_of.empty() && ++count[record.born_of] > 1)
                    world.violation("A3: " + server->name() + " has two " + stream.name + " of " +
                                    record.born_of);
            }
        }
}

// What a restored replica had handed on since its backup it may know again by what the remote has
// only once, but not by its key: where it came from, it has none (docs/guarantees.md).
bool was_handed_on(const Device& device, std::int64_t link) {
    if (!device.put_back_to()) return false;
    bool from_elsewhere = false;
    device.each(
        "SELECT c.name, s.name, other.ext_id FROM kontor_link l JOIN kontor_stream mine"
        " ON mine.id = l.stream JOIN kontor_link other ON other.record = l.record AND"
        " other.id <> l.id AND other.ext_id IS NOT NULL JOIN kontor_stream s ON s.id = other.stream"
        " AND s.entity = mine.entity JOIN kontor_connection c ON c.id = s.connection"
        " WHERE l.id = " +
            std::to_string(link),
        [&](const replica::Statement& row) {
            const Server& server = device.connection(std::string(row.text(0))).account->server();
            const auto* record = server.find(std::string(row.text(1)), std::string(row.text(2)));
            from_elsewhere = from_elsewhere || (record != nullptr && record->born_of.empty());
        });
    return from_elsewhere;
}

// What was made there of that record was merged away, and has been there again since the remote was
// set back: what was here of it has gone on with its successor (D7), which has a key of its own.
bool was_merged_away(const Server& server, const std::string& stream, const std::string& uid) {
    return std::ranges::any_of(server.records(stream), [&](const auto& one) {
        return one.second.ever_succeeded && one.second.born_of == uid;
    });
}

// The key that a record was created with is its uid, there and here, at whatever attempt.
void check_keys(World& world) {
    for (const auto& device : world.devices())
        for (const auto& entity : device->entity_names())
            device->each(
                "SELECT c.name, s.name, l.ext_id, coalesce(l.key, x.uid, ''), l.id FROM "
                "kontor_link l"
                " JOIN kontor_stream s ON s.id = l.stream JOIN kontor_entity e ON e.id = s.entity"
                " JOIN kontor_connection c ON c.id = s.connection LEFT JOIN " +
                    entity + " x ON x.id = l.record WHERE e.name = '" + entity +
                    "' AND l.ext_id IS NOT NULL AND l.state = 0",
                [&](const replica::Statement& row) {
                    const Server& server =
                        device->connection(std::string(row.text(0))).account->server();
                    const std::string id(row.text(2)), uid(row.text(3));
                    const auto* record = server.find(std::string(row.text(1)), id);
                    if (record == nullptr || !server.traits().key_field) return;
                    if (server.has_given_again(std::string(row.text(1)), id)) return;
                    if (somebody_merged(world, std::string(row.text(1)))) return;
                    const auto key = record->now.fields.find(kKeyField);
                    const std::string there =
                        key == record->now.fields.end() ? "" : key->second.text();
                    if (!there.empty() && there != uid && uid_is_free(*device, there) &&
                        !was_handed_on(*device, row.integer(4)) &&
                        !was_merged_away(server, std::string(row.text(1)), uid))
                        world.violation("A3: " + device->name() + " knows " + id + " of " +
                                        server.name() + " as " + uid + ", it was created as " +
                                        there);
                    if (there.empty() && !record->born_of.empty())
                        world.violation("A3: " + id + " of " + server.name() + " has no key");
                });
}

void check_twins(World& world) {
    if (world.twins().empty()) return;
    const Device& device = *world.devices().front();
    for (const Twin& twin : world.twins()) {
        if (!twin.certain) continue;
        world.tally().add("twins");
        std::set<std::int64_t> here;
        bool changed = false;
        for (std::size_t i = 0; i < twin.ids.size(); ++i) {
            const Server& server = *world.servers()[i];
            changed = changed || server.find("Contacts", twin.ids[i])->ever_deleted;
            here.insert(device.number(
                "SELECT l.record FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
                " JOIN kontor_connection c ON c.id = s.connection WHERE s.name = 'Contacts'"
                " AND c.name = '" +
                server.name() + "' AND l.ext_id = '" + twin.ids[i] + "'"));
        }
        if (changed) continue;
        if (here.size() > 1)
            world.violation("D7: " + twin.ids.front() + " of R0, who is at every remote, is " +
                            std::to_string(here.size()) + " people here");
        for (const auto& server : world.servers())
            for (const auto& [id, record] : server->records("Contacts")) {
                const auto email = record.now.fields.find("Email");
                if (!record.born_of.empty() && email != record.now.fields.end() &&
                    first_token(email->second.view()) == twin.token + 1 &&
                    std::ranges::find(twin.ids, id) == twin.ids.end())
                    world.violation("D7: " + id + " was made at " + server->name() +
                                    ", where that person was already");
            }
    }
}

// What is back here has been brought back there; so it had been deleted there: under the id that it
// had then. Made again since, it has another one (D7), and the replica has let go of that; by
// clocks that jump, it may have been the one or the other.
void check_revived(World& world) {
    for (const auto& device : world.devices())
        device->each(
            "SELECT DISTINCT c.name, s.name, l.ext_id, coalesce((SELECT substr(g.key,"
            " length('gone:' || s.id || ':') + 1) FROM kontor_meta g WHERE"
            " g.key > 'gone:' || s.id || ':' AND g.key < 'gone:' || s.id || ';' AND"
            " g.value >= h.at AND g.value LIKE '% ' || l.record ORDER BY g.value LIMIT 1),"
            " l.ext_id) FROM kontor_history h JOIN kontor_stream s"
            " ON s.entity = h.entity JOIN kontor_link l ON l.stream = s.id AND l.record = h.record"
            " JOIN kontor_connection c ON c.id = s.connection WHERE h.op = 'r' AND"
            " h.rule = 'revived' AND l.ext_id IS NOT NULL AND (h.actor = 'remote:' || c.name OR"
            " h.actor LIKE 'remote:' || c.name || ':%')",
            [&](const replica::Statement& row) {
                const std::string name(row.text(0)), stream(row.text(1));
                // Who has accepted another remote since has forgotten under which id that was.
                if (device->connection(name).accepted) return;
                const std::string ids[] = {std::string(row.text(2)), std::string(row.text(3))};
                const Server& server = device->connection(name).account->server();
                const auto of_all = [&](auto wrong) {
                    return std::ranges::all_of(ids, [&](const std::string& id) {
                        const auto* record = server.find(stream, id);
                        return record != nullptr && wrong(*record, id);
                    });
                };
                const std::string took = device->name() + " took " + ids[1] + " of " + name;
                if (of_all([&](const auto& record, const std::string& id) {
                        return !record.ever_deleted && !server.has_given_again(stream, id);
                    }))
                    world.violation("A5: " + took + " for deleted, which nobody has deleted");
                if (of_all([](const auto& record, const std::string&) {
                        return record.ever_deleted && !record.ever_restored;
                    }))
                    world.violation("A4: " + took + " for restored, which nobody has restored");
            });
}

// By the policy, a deletion there does not win over what was typed here and never told.
void check_edits_against_deletions(World& world) {
    for (const auto& device : world.devices())
        device->each(
            "SELECT c.name, s.name, l.ext_id, h.old, f.name FROM kontor_history d"
            " JOIN kontor_stream s"
            " ON s.entity = d.entity JOIN kontor_link l ON l.stream = s.id AND l.record = d.record"
            " JOIN kontor_connection c ON c.id = s.connection JOIN kontor_history h"
            " ON h.entity = d.entity AND h.record = d.record AND h.op = 'd' AND h.seq < d.seq"
            " AND h.seq > coalesce((SELECT max(seq) FROM kontor_history p WHERE p.entity = d.entity"
            " AND p.record = d.record AND p.field IS NULL AND p.seq < d.seq), 0)"
            " JOIN kontor_field f ON f.id = h.field WHERE d.op = 'd' AND d.field IS NULL AND"
            " d.rule = 'deleted_there' AND l.ext_id IS NOT NULL AND f.name NOT IN ('extra',"
            " 'score', 'visits') AND (d.actor = 'remote:' || c.name OR"
            " d.actor LIKE 'remote:' || c.name || ':%')",
            [&](const replica::Statement& row) {
                const std::string name(row.text(0)), stream(row.text(1)), id(row.text(2));
                const auto& server = device->connection(name).account->server();
                const auto token = first_token(row.value(3));
                const auto* record = server.find(stream, id);
                const auto& fields = server.model().stream(stream).fields;
                const bool is_told = std::ranges::any_of(fields, [&](const FieldModel& field) {
                    return std::ranges::find(field.columns, row.text(4)) != field.columns.end();
                });
                if (!token || !is_told || !world.ledger().typed_here.contains(*token) ||
                    server.has_held(*token) || record == nullptr ||
                    // Its edits went on with its successor (D7), though it be there again.
                    record->ever_succeeded || server.has_given_again(stream, id) ||
                    came_in_only(*device, server.model().stream(stream).entity, row.text(4)) ||
                    stayed_here(*device, server.model().stream(stream).entity, row.text(4)) ||
                    somebody_merged(world, stream) ||
                    server.model().stream(stream).delete_against_edit == merge::Policy::kRemote)
                    return;
                world.violation("i: w" + std::to_string(*token) + "z was typed into " + id +
                                " of " + name + " at " + device->name() +
                                ", never told, and deleted with it");
            });
}

// Who waits for a parent waits for one that is not there.
void check_waiting_for_parents(World& world) {
    static constexpr std::pair<const char*, const char*> kParents[] = {
        {"contact", "account_id"}, {"account", "parent_id"}, {"account", "main_contact_id"}};
    for (const auto& device : world.devices()) {
        std::set<std::string> waits, may_wait;
        device->each("SELECT link FROM kontor_blocked WHERE code = '" +
                         std::string(engine::kParentCode) + "'",
                     [&](const replica::Statement& row) { waits.emplace(row.text(0)); });
        if (waits.empty()) continue;
        for (const auto& [entity, column] : kParents)
            device->each(
                std::string("SELECT l.id FROM kontor_link l JOIN kontor_stream s ON s.id ="
                            " l.stream JOIN kontor_entity e ON e.id = s.entity JOIN ") +
                    entity + " x ON x.id = l.record WHERE e.name = '" + entity + "' AND x." +
                    column +
                    " IS NOT NULL AND NOT EXISTS (SELECT 1 FROM kontor_link p JOIN"
                    " kontor_stream t ON t.id = p.stream JOIN kontor_entity f ON f.id ="
                    " t.entity WHERE t.connection = s.connection AND p.record = x." +
                    column + " AND p.ext_id IS NOT NULL AND p.state = 0 AND f.name = '" +
                    (std::string_view(column) == "main_contact_id" ? "contact" : "account") + "')",
                [&](const replica::Statement& row) { may_wait.emplace(row.text(0)); });
        for (const auto& link : waits)
            if (!may_wait.contains(link))
                world.violation("D6: link " + link + " of " + device->name() +
                                " waits for a parent that is there");
    }
}

void check_deletes(World& world) {
    for (const auto& device : world.devices()) {
        for (auto& [name, connected] : device->connections()) {
            const Server& server = connected.account->server();
            device->each(
                "SELECT s.name, l.ext_id, h.rule IS 'deleted_there', h.actor FROM kontor_link l"
                " JOIN kontor_stream s ON s.id = l.stream JOIN kontor_connection c"
                " ON c.id = s.connection JOIN kontor_history h ON h.entity = s.entity AND"
                " h.record = l.record AND h.op = 'd' AND h.field IS NULL"
                " WHERE l.ext_id IS NOT NULL AND l.state IN (4, 6) AND c.name = '" +
                    name + "'",
                [&, &name = name](const replica::Statement& row) {
                    const std::string actor(row.text(3));
                    if (row.integer(2) == 0 || !actor.starts_with("remote:" + name)) return;
                    const auto* record =
                        server.find(std::string(row.text(0)), std::string(row.text(1)));
                    // What a remote lost by being set back may pass for deleted where nothing
                    // tells (docs/guarantees.md); EpochWatch looks where something does.
                    if (server.has_lost(std::string(row.text(0)), std::string(row.text(1)))) return;
                    if (record == nullptr || !record->ever_deleted)
                        world.violation("A5: " + device->name() + " deleted " +
                                        std::string(row.text(1)) + ", which " + name +
                                        " never deleted");
                });
            for (const auto& stream : server.model().streams)
                for (const auto& [id, record] : server.records(stream.name)) {
                    if (!record.now.deleted || record.now.modified_by != connected.account->user())
                        continue;
                    if (world.scenario().one_user && world.devices().size() > 1) continue;
                    if (device->put_back_to()) continue;  // its history may lack the deletion
                    if (connected.deleted_before.contains({stream.name, id})) continue;
                    const auto deletions = device->number(
                        "SELECT count(*) FROM kontor_link l JOIN kontor_stream s ON s.id ="
                        " l.stream JOIN kontor_connection c ON c.id = s.connection"
                        " JOIN kontor_history h ON h.entity = s.entity AND h.record = l.record"
                        " AND h.op = 'd' AND h.field IS NULL WHERE l.ext_id = '" +
                        id + "' AND c.name = '" + name + "'");
                    const auto links = device->number(
                        "SELECT count(*) FROM kontor_link l JOIN kontor_stream s ON s.id ="
                        " l.stream JOIN kontor_connection c ON c.id = s.connection WHERE"
                        " l.ext_id = '" +
                        id + "' AND c.name = '" + name + "'");
                    if (links > 0 && deletions == 0)
                        world.violation("A5: " + device->name() + " deleted " + id + " at " + name +
                                        ", and nobody deleted it here");
                }
        }
    }
}

namespace {

// Where several devices write, one of them may bring back what it still holds of a group of which
// it has changed another part, or with a record that it makes again.
bool stands_alone(const World& world, std::string_view entity, std::string_view column) {
    for (const auto& server : world.servers())
        for (const auto& stream : server->model().streams)
            for (const auto& field : stream.fields)
                if (stream.entity == entity &&
                    std::ranges::find(field.columns, column) != field.columns.end() &&
                    (!field.group.empty() || field.columns.size() > 1))
                    return false;
    return true;
}

// Typed in a restored replica over what was sent meanwhile: of that, a remote that keeps a form of
// its own shows what looks like somebody else's value (docs/guarantees.md).
bool may_look_like_theirs(const World& world, Token typed, Token back, std::string_view column) {
    const auto over = world.ledger().typed_over.find(typed);
    return over != world.ledger().typed_over.end() && over->second == back &&
           std::ranges::any_of(world.servers(), [&](const auto& server) {
               return std::ranges::any_of(server->model().streams, [&](const StreamModel& stream) {
                   return std::ranges::any_of(stream.fields, [&](const FieldModel& field) {
                       return field.habit != Habit::kKeep && field.columns.front() == column;
                   });
               });
           });
}

bool anybody_deleted(const World& world, std::string_view entity) {
    for (const auto& server : world.servers())
        for (const auto& stream : server->model().streams)
            if (stream.entity == entity &&
                std::ranges::any_of(server->records(stream.name), [](const auto& one) {
                    return one.second.ever_deleted || one.second.ever_succeeded;
                }))
                return true;
    return false;
}

void check_no_flip_flop(World& world, const Device& device) {
    const bool alone = world.devices().size() == 1;
    // The value that entry n wrote is the old value of entry n + 1, or the row's.
    device.each(
        "SELECT h.entity, h.record, h.field, h.run IS NULL, coalesce(h.rule, ''),"
        " (SELECT n.old FROM kontor_history n WHERE n.entity = h.entity AND n.record = h.record"
        "  AND n.field = h.field AND n.op IN ('u', 'd') AND n.seq > h.seq ORDER BY n.seq LIMIT 1),"
        " h.old, e.name, f.name FROM kontor_history h JOIN kontor_entity e ON e.id = h.entity"
        " JOIN kontor_field f ON f.id = h.field"
        " WHERE h.op = 'u' ORDER BY h.entity, h.record, h.field, h.seq",
        [&, key = std::string(),
         typed = std::vector<Token>()](const replica::Statement& row) mutable {
            const std::string here = std::to_string(row.integer(0)) + "/" +
                                     std::to_string(row.integer(1)) + "/" +
                                     std::to_string(row.integer(2));
            if (here != key) typed.clear();
            key = here;
            const auto written = first_token(row.value(5));
            if (row.integer(3) != 0) {
                // If the record has been revived since, this is what it came back with.
                if (written && world.ledger().typed_here.contains(*written))
                    typed.push_back(*written);
                return;
            }
            // What only the remote computes goes back to what stood there, typed or not.
            static const std::set<std::string_view> kBroughtBack = {
                "revived", "made_again", "edit_wins", "merged_there", "resolve", "read_only"};
            if (!written || kBroughtBack.contains(row.text(4)) ||
                came_in_only(device, row.text(7), row.text(8)))
                return;
            const auto replaced = first_token(row.value(6));
            if (typed.empty() || !replaced || *replaced != typed.back()) return;
            // Groups move as one: a colleague who has changed the city has let the street stand.
            const bool theirs = std::ranges::any_of(
                world.servers(), [&](const auto& server) { return server->let_stand(*written); });
            for (std::size_t i = 0; i + 1 < typed.size(); ++i)
                if (typed[i] == *written && typed.back() != *written && !theirs &&
                    !world.ledger().asserted_again.contains(*written) &&
                    !may_look_like_theirs(world, typed.back(), *written, row.text(8)) &&
                    (alone || (stands_alone(world, row.text(7), row.text(8)) &&
                               !anybody_deleted(world, row.text(7)))))
                    world.violation("C2: record " + here + " went back from w" +
                                    std::to_string(typed.back()) + "z to w" +
                                    std::to_string(*written) + "z");
        });
}

}  // namespace

void check_no_flip_flop(World& world) {
    for (const auto& device : world.devices()) check_no_flip_flop(world, *device);
}

void check_replica(World& world, Device& device) {
    const auto chain = replica::verify_history(device.local());
    if (!chain || chain->first_bad)
        world.violation("history: the chain of " + device.name() + " does not verify at entry " +
                        (chain ? std::to_string(*chain->first_bad) : chain.error().message));
    const auto told = replica::records_since(device.local(), 0);
    for (const auto& entity : device.entity_names())
        if (!told || told->at(entity) != device.number("SELECT count(*) FROM " + entity))
            world.violation("history: it does not account for each " + entity + " of " +
                            device.name());
    const auto problems = replica::check_integrity(device.local(), replica::IntegrityDepth::kFull);
    if (!problems) world.violation("integrity: " + problems.error().message);
    if (!problems) return;
    for (const auto& problem : *problems)
        world.violation("integrity of " + device.name() + ": " +
                        std::string(to_string(problem.kind)) + " " + problem.detail);
}

std::unique_ptr<Device> loaded_device(World& world, int remote) {
    auto out = world.fresh_device(remote);
    return world.cycle(*out, remote_name(remote), {}, false) ? std::move(out) : nullptr;
}

void check_fresh_load(World& world) {
    for (std::size_t i = 0; i < world.servers().size(); ++i) {
        const auto device = loaded_device(world, static_cast<int>(i));
        if (device == nullptr) continue;
        check_agreement(world, *device, remote_name(static_cast<int>(i)), true);
        check_replica(world, *device);
    }
}

void check_at_rest(World& world) {
    check_values(world);
    check_creates(world);
    check_keys(world);
    check_twins(world);
    check_revived(world);
    check_edits_against_deletions(world);
    check_asked(world);
    check_waiting_for_parents(world);
    check_deletes(world);
    check_conversions(world);
    check_references(world);
    check_made_again(world);
    check_no_flip_flop(world);
    check_rows(world);
    check_settings(world);
    check_spellings(world);
    check_untold(world);
    check_given_again(world);
    check_named_again(world);
    check_writes(world);
    for (auto& device : world.devices()) {
        check_replica(world, *device);
        for (auto& [name, connected] : device->connections())
            check_agreement(world, *device, name, false);
    }
    for (auto& device : world.devices())
        for (auto& [name, connected] : device->connections()) check_verified(world, *device, name);
    check_fresh_load(world);
    check_second_names(world);
    check_guards(world);
    // What two runs of a seed end with is part of what must be equal.
    for (const auto& device : world.devices()) world.trace().mix(state_of(*device));
}

}  // namespace kontor::simulation
