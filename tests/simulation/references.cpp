// h, A1, c: references are asked about only where somebody has turned them, and shown as they
// stand.
#include <algorithm>

#include "tests/simulation/oracles.hpp"

namespace kontor::simulation {
namespace {

// What a record was known as at the remote before that was accepted. What it had lost by then, it
// may have been sent again, and has under another id.
std::set<std::string> known_before_as(const Device::Connected& connected, const std::string& stream,
                                      std::int64_t record) {
    std::set<std::string> out;
    for (const auto& [one, known] : connected.known_before)
        if (one.first == stream && known == record) out.insert(one.second);
    return out;
}

// It had led there at the remote, which was set back to where it led nowhere, and was accepted:
// what stands here then is ours, to be sent again, and meets what others have turned it to since.
bool stood_there_before(const Device& device, const Device::Connected& connected,
                        const std::string& stream, const std::string& id, const FieldModel& field,
                        std::int64_t conflict) {
    if (!connected.accepted) return false;
    const auto asked = engine::get_conflict(device.api(), conflict);
    if (!asked) return false;
    const Server& server = connected.account->server();
    return std::ranges::any_of(asked->fields, [&](const engine::ConflictField& one) {
        if (one.remote_field != field.remote || !one.base.is_blank() ||
            one.ours_here.kind() != Kind::kInteger)
            return false;
        auto targets = known_before_as(connected, field.target, one.ours_here.integer());
        targets.insert(one.ours.text());
        return std::ranges::any_of(targets, [&](const std::string& target) {
            return server.have_led(stream, field.remote, target).contains(id);
        });
    });
}

// What it led to had been deleted, which stood for none at the remote, and somebody here, or
// another remote, has brought it back: the reference stands again, is to be sent again, and meets
// what others have turned it to since.
bool was_brought_back(const Device& device, const std::string& name, const Server& server,
                      const FieldModel& field, std::int64_t conflict) {
    const auto asked = engine::get_conflict(device.api(), conflict);
    return asked && std::ranges::any_of(asked->fields, [&](const engine::ConflictField& one) {
               return one.remote_field == field.remote && one.base.is_blank() &&
                      one.ours_here.kind() == Kind::kInteger &&
                      device.number(
                          "SELECT count(*) FROM kontor_history h JOIN kontor_entity e ON e.id = "
                          "h.entity"
                          " WHERE e.name = '" +
                          server.model().stream(field.target).entity +
                          "' AND h.record = " + std::to_string(one.ours_here.integer()) +
                          " AND h.field IS NULL AND h.op IN ('i', 'r') AND NOT (coalesce(h.actor, "
                          "'') ="
                          " 'remote:" +
                          name + "' OR coalesce(h.actor, '') LIKE 'remote:" + name +
                          ":%') AND EXISTS(SELECT 1 FROM kontor_history d WHERE d.entity = "
                          "h.entity AND"
                          " d.record = h.record AND d.field IS NULL AND d.op = 'd' AND d.seq < "
                          "h.seq)") > 0;
           });
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
            // Another organisation has been accepted: its records are met anew.
            if (server.replaced()) return;
            // What was turned in one goes on with its successor.
            if (std::ranges::any_of(server.records(stream), [&](const auto& one) {
                    return one.second.now.successor == id;
                }))
                return;
            if (stood_there_before(device, device.connection(name), stream, id, *field,
                                   row.integer(6)))
                return;
            if (was_brought_back(device, name, server, *field, row.integer(6))) return;
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
                world.violation("h: " + device.name() + " asks about " + field->remote + " of " +
                                id + " of " + name + " (conflict " +
                                std::to_string(row.integer(6)) + "), which nobody has turned here");
        });
}

// The remote has had it. Both may have had other ids then: they were made again, or merged into
// what has these. At an accepted remote what was hidden from us is made again as well, and what it
// had lost: `before`, as which the target was known there until then.
bool was_told(const Server& server, const std::string& stream, const std::string& id,
              const FieldModel& field, const std::string& target,
              const std::set<std::string>& before) {
    std::set<std::string> referrers = server.have_led(stream, field.remote, target);
    for (const std::string& one : before)
        referrers.merge(server.have_led(stream, field.remote, one));
    const auto* now = server.find(field.target, target);
    for (const auto& [one, record] : server.records(field.target))
        if ((record.ever_deleted || (record.ever_forbidden && server.epoch() > 0)) &&
            (record.now.successor == target || now == nullptr || !now->born_of.empty()))
            referrers.merge(server.have_led(stream, field.remote, one));
    return std::ranges::any_of(referrers, [&](const std::string& one) {
        const auto* record = server.find(stream, one);
        return one == id || record == nullptr || record->ever_deleted;
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
            const auto& connected = device.connection(name);
            const Server& server = connected.account->server();
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
                if (!was_told(server, stream, id, field, *target,
                              known_before_as(connected, field.target, row.integer(4))))
                    world.violation("A1: " + field.remote + " of " + id + " of " + name +
                                    " was turned to " + *target + " at " + device.name() +
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
                world.violation("c: " + device.name() + " asks about " + field.remote_field +
                                " of " + one.entity + " " + std::to_string(one.record) +
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
