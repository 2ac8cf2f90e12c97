// B5: remotes that are set back or replaced, and the person who accepts them.
#include "tests/simulation/epochs.hpp"

#include <algorithm>

#include "sync/engine/epoch.hpp"

namespace kontor::simulation {

bool waits_for_word(const Device& device, const std::string& name) {
    return device.number(
               "SELECT count(*) FROM kontor_connection WHERE paused IS NOT NULL AND"
               " name = '" +
               name + "'") > 0;
}

EpochWatch::EpochWatch(World& world, Device& device, const std::string& name, bool dry_run,
                       const std::vector<std::string>& streams)
    : world_(world),
      device_(device),
      connected_(device.connection(name)),
      dry_run_(dry_run),
      streams_(streams),
      carried_(connected_.account->carried_out()) {
    if (device.disk().dead()) return;
    shows_older_ = shows_older_record();
    history_ = device.number("SELECT max(seq) FROM kontor_history");
    const auto known = device.text("SELECT org_id FROM kontor_connection WHERE name = '" + name +
                                   "' AND org_id <> ''");
    untouchable_ =
        waits_for_word(device, name) || (known && *known != connected_.account->server().org());
}

bool EpochWatch::shows_older_record() const {
    const Server& server = connected_.account->server();
    if (connected_.epoch == server.epoch()) return false;
    bool any = false;
    device_.each(
        "SELECT s.name, l.ext_id, l.version FROM kontor_link l JOIN kontor_stream s"
        " ON s.id = l.stream JOIN kontor_connection c ON c.id = s.connection"
        " WHERE l.state = 0 AND l.ext_id IS NOT NULL AND l.version <> '' AND c.name = '" +
            connected_.name + "'",
        [&](const replica::Statement& row) {
            const std::string stream(row.text(0));
            if (!streams_.empty() && std::ranges::find(streams_, stream) == streams_.end()) return;
            const auto* record = server.find(stream, std::string(row.text(1)));
            any = any || (record != nullptr && !record->now.deleted && !record->forbidden &&
                          record->now.version < row.text(2));
        });
    return any;
}

void EpochWatch::check(const Error* error) const {
    if (device_.disk().dead()) return;
    if (untouchable_) check_untouched(error);
    if (shows_older_ && shows_older_record()) check_nothing_deleted();
    if (!dry_run_) check_versions();
}

void EpochWatch::check_untouched(const Error* error) const {
    if (error == nullptr) violation("went on, and nobody has accepted what is there");
    if (connected_.account->carried_out() != carried_)
        violation("changed the remote, and nobody has accepted what is there");
    const auto written =
        device_.number("SELECT count(*) FROM kontor_history WHERE seq > " +
                       std::to_string(history_) + " AND (actor = 'remote:" + connected_.name +
                       "' OR actor LIKE 'remote:" + connected_.name + ":%')");
    if (written > 0)
        violation("took over " + std::to_string(written) +
                  " values, and nobody has accepted what is there");
}

void EpochWatch::check_nothing_deleted() const {
    const Server& server = connected_.account->server();
    device_.each(
        "SELECT s.name, l.ext_id FROM kontor_history h JOIN kontor_stream s"
        " ON s.entity = h.entity JOIN kontor_link l ON l.stream = s.id AND l.record = h.record"
        " JOIN kontor_connection c ON c.id = s.connection WHERE h.op = 'd' AND h.field IS NULL"
        " AND h.rule = 'deleted_there' AND l.ext_id IS NOT NULL AND h.seq > " +
            std::to_string(history_) + " AND c.name = '" + connected_.name + "'",
        [&](const replica::Statement& row) {
            if (server.has_lost(std::string(row.text(0)), std::string(row.text(1))))
                violation("deleted " + std::string(row.text(1)) +
                          " here, which the remote has lost by being set back");
        });
}

void EpochWatch::check_versions() const {
    auto& before = connected_.versions;
    std::map<std::pair<std::int64_t, std::string>, std::string> now;
    device_.each(
        "SELECT l.id, l.ext_id, l.version FROM kontor_link l JOIN kontor_stream s"
        " ON s.id = l.stream JOIN kontor_connection c ON c.id = s.connection"
        " WHERE l.state = 0 AND l.ext_id IS NOT NULL AND l.version <> '' AND c.name = '" +
            connected_.name + "'",
        [&](const replica::Statement& row) {
            const std::pair key(row.integer(0), std::string(row.text(1)));
            const std::string version(row.text(2));
            const auto was = before.find(key);
            if (was != before.end() && version < was->second)
                world_.violation("B1: " + key.second + " of " + connected_.name +
                                 " went back from " + was->second + " to " + version + " at dev" +
                                 std::to_string(device_.number()));
            now.emplace(key, version);
        });
    before = std::move(now);
}

void EpochWatch::violation(const std::string& what) const {
    world_.violation("B5: dev" + std::to_string(device_.number()) + " with " + connected_.name +
                     " " + what);
}

namespace {

// Without a key nobody but a person can tell whether a create whose answer was lost was carried out
// (docs/guarantees.md), nor, then, that what an accepted remote shows under a known id is that one.
bool is_in_doubt(const Device& device, const std::string& name, const std::string& entity,
                 const std::string& uid) {
    return device.number(
               "SELECT count(*) FROM kontor_intent i JOIN kontor_link l ON l.id = i.link"
               " JOIN kontor_stream s ON s.id = l.stream JOIN kontor_entity e ON e.id = s.entity"
               " JOIN kontor_connection c ON c.id = s.connection JOIN " +
               entity + " x ON x.id = l.record WHERE e.name = '" + entity + "' AND c.name = '" +
               name + "' AND x.uid = '" + uid +
               "' AND l.ext_id IS NULL AND i.op = 'create' AND i.state IN ('unknown', 'parked')") >
           0;
}

}  // namespace

void check_given_again(World& world) {
    for (const auto& device : world.devices())
        for (const auto& entity : device->entity_names())
            device->each(
                "SELECT c.name, s.name, l.ext_id, coalesce(l.key, x.uid) FROM kontor_link l"
                " JOIN kontor_stream s ON s.id = l.stream JOIN kontor_entity e ON e.id = s.entity"
                " JOIN kontor_connection c ON c.id = s.connection JOIN " +
                    entity + " x ON x.id = l.record WHERE e.name = '" + entity +
                    "' AND l.ext_id IS NOT NULL AND l.state = 0",
                [&](const replica::Statement& row) {
                    const std::string name(row.text(0)), stream(row.text(1)), id(row.text(2));
                    const auto& account = *device->connection(name).account;
                    const auto* record = account.server().find(stream, id);
                    if (!account.server().has_given_again(stream, id) ||
                        record->made_by != &account || record->born_of == row.text(3) ||
                        device->number("SELECT count(*) FROM " + entity + " WHERE uid = '" +
                                       record->born_of + "'") == 0 ||
                        (!account.server().traits().key_field &&
                         is_in_doubt(*device, name, entity, record->born_of)))
                        return;
                    world.violation("B5: dev" + std::to_string(device->number()) + " takes " + id +
                                    " of " + name + ", which it has made of " + record->born_of +
                                    ", for " + std::string(row.text(3)) +
                                    ", which had that id before");
                });
}

void check_named_again(World& world) {
    const auto check = [&](const Device& device, const Device::Connected& connected,
                           const StreamModel& stream, const FieldModel& field) {
        const Server& server = connected.account->server();
        const StreamModel& target = server.model().stream(field.target);
        // There, here, and as what it is known there now.
        device.each(
            "SELECT l.ext_id, t.record, t.ext_id FROM kontor_link l JOIN kontor_stream s ON"
            " s.id = l.stream JOIN " +
                stream.entity + " x ON x.id = l.record JOIN kontor_link t ON t.record = x." +
                field.columns.front() +
                " JOIN kontor_stream u ON u.id = t.stream AND u.connection = s.connection JOIN"
                " kontor_connection c ON c.id = s.connection WHERE c.name = '" +
                connected.name + "' AND s.name = '" + stream.name + "' AND u.name = '" +
                target.name + "' AND l.state = 0 AND t.state = 0 AND t.ext_id IS NOT NULL",
            [&](const replica::Statement& row) {
                const std::string id(row.text(0)), now(row.text(2));
                const auto* record = server.find(stream.name, id);
                // Who could not be read while it was known what it means is asked about.
                if (record == nullptr || record->ever_deleted || record->ever_forbidden) return;
                const auto there = record->now.fields.find(field.remote);
                if (there == record->now.fields.end() || there->second.is_null()) return;
                const auto was = connected.known_before.find({target.name, there->second.text()});
                if (was == connected.known_before.end() || was->second != row.integer(1) ||
                    server.find(target.name, was->first.second) != nullptr ||
                    server.find(target.name, now) == nullptr)
                    return;
                world.violation("B5: " + id + " of " + connected.name + " still names " +
                                was->first.second + ", which that has lost, and dev" +
                                std::to_string(device.number()) + " has sent as " + now);
            });
    };
    for (const auto& device : world.devices())
        for (const auto& [name, connected] : device->connections())
            if (!device->put_back_to())
                for (const StreamModel& stream : connected.account->server().model().streams)
                    for (const FieldModel& field : stream.fields)
                        if (!field.target.empty()) check(*device, connected, stream, field);
}

void World::change_epoch(Server& server, const Step& step) {
    if (step.act == Act::kTheirBackup) return server.back_up();
    if (step.act == Act::kTheirReplaced)
        server.replace(step.amount % 2 == 0);
    else if (!server.set_back(step.amount % 3 == 0, step.field == kIdsAgain))
        return;
    tally_.add(step.act == Act::kTheirReplaced ? "remotes replaced" : "remotes set back");
    for (auto& device : devices_)
        for (auto& [name, connected] : device->connections())
            if (&connected.account->server() == &server) connected.account->forget_newest();
    // Older values are there again, and may come to be here again.
    const auto assert_again = [&](const Server::Image& image) {
        for (const auto& [name, value] : image.fields)
            for_each_token(value.view(),
                           [&](Token token) { ledger_.asserted_again.insert(token); });
    };
    for (const StreamModel& stream : server.model().streams)
        for (const auto& [id, record] : server.records(stream.name)) {
            assert_again(record.now);
            // Its lists lag, and what they show is all that is known of it when it is accepted.
            if (record.indexed && time_.now < record.visible_at) assert_again(*record.indexed);
        }
}

// Who was told that it was set back need not wait until a sync has found it out.
bool World::may_accept(Device& device, const std::string& name) const {
    const auto& connected = device.connection(name);
    return waits_for_word(device, name) || connected.epoch != connected.account->server().epoch();
}

namespace {

// By stream and id, the records here; also those that were deleted there and are kept here.
std::map<std::pair<std::string, std::string>, std::int64_t> known_records(const Device& device,
                                                                          const std::string& name) {
    std::map<std::pair<std::string, std::string>, std::int64_t> out;
    device.each(
        "SELECT s.name, l.ext_id, l.record FROM kontor_link l JOIN kontor_stream s ON"
        " s.id = l.stream JOIN kontor_connection c ON c.id = s.connection WHERE l.state IN (0, 4)"
        " AND l.ext_id IS NOT NULL AND c.name = '" +
            name + "'",
        [&](const replica::Statement& row) {
            out.emplace(std::pair(row.text(0), row.text(1)), row.integer(2));
        });
    return out;
}

std::set<std::pair<std::string, std::string>> deleted_records(const Device& device,
                                                              const std::string& name) {
    std::set<std::pair<std::string, std::string>> out;
    device.each(
        "SELECT s.name, l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
        " JOIN kontor_connection c ON c.id = s.connection JOIN kontor_history h ON"
        " h.entity = s.entity AND h.record = l.record AND h.op = 'd' AND h.field IS NULL"
        " WHERE l.state IN (5, 6) AND l.ext_id IS NOT NULL AND c.name = '" +
            name + "'",
        [&](const replica::Statement& row) { out.emplace(row.text(0), row.text(1)); });
    return out;
}

}  // namespace

// Of several devices one sends what the remote has lost: each knows it under a key of its own.
void World::accept(Device& device, const std::string& name, bool send) {
    auto& connected = device.connection(name);
    auto known = known_records(device, name);
    auto deleted = deleted_records(device, name);
    const auto missing =
        send && device.number() == 0 ? engine::Missing::kSend : engine::Missing::kStay;
    const auto done =
        engine::accept_remote(device.api(), device.clock(), name, "uid:1000", missing);
    if (!done) {
        // Not connected before it was set back: there is nothing to go on with.
        if (done.error().code == Errc::kNotFound) return;
        if (!device.disk().dead() && device.disk().take_refused() == 0)
            violation("accept_remote: " + done.error().message);
        return;
    }
    tally_.add(missing == engine::Missing::kSend ? "accepted, sent" : "accepted");
    trace_.note("accepted " + name);
    connected.epoch = connected.account->server().epoch();
    connected.met = false;
    connected.accepted = true;
    connected.known_before.merge(std::move(known));
    connected.deleted_before.merge(std::move(deleted));
    ++connected.acceptances;
    connected.forget_records();
    connected.account->forget_newest();
}

bool World::accept_all() {
    bool any = false;
    for (auto& device : devices_)
        for (auto& [name, connected] : device->connections())
            if (waits_for_word(*device, name)) {
                accept(*device, name, scenario_.seed % 2 == 0);
                any = true;
            }
    return any;
}

}  // namespace kontor::simulation
