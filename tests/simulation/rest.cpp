// How soon all is quiet once edits and faults have stopped (C1).
//
// With one device and one remote: after two rounds. The first tells each side what the other has.
// What the remote has made of that, its form of a value or what it computes, is read in the same
// sync, or with the second round where its lists lag. The third writes nothing.
//
// Where there are more, what happens at one end travels over the remotes and devices between to all
// others. They are a tree, so there is one way to each, and where two changes meet, what becomes of
// them goes on in the place of both: it reaches everybody when they would have. What a remote makes
// of a value goes with that value. So rounds_to_travel() are enough, and one more where lists lag,
// and whoever needs another one has a reason that is listed below. Each reason is judged by how the
// world is made or by what has happened at remotes, not by what the engine says of itself.
#include <algorithm>
#include <iterator>
#include <set>
#include <span>

#include "tests/simulation/state.hpp"
#include "tests/simulation/world.hpp"

namespace kontor::simulation {

/// Why a world may need more rounds than others.
struct Delay {
    const char* why;
    std::size_t rounds;
};

namespace {

/// C3: until those that fight over a field are parted.
constexpr std::size_t kRoundsOfFight = 8;
constexpr const char* kFoughtOver = "Phone";

/// A device or a remote.
using Place = std::pair<bool, int>;

std::size_t rounds_from(const Place& origin, std::size_t places,
                        const std::vector<Connection>& connections) {
    std::set<Place> reached{origin};
    std::size_t rounds = 0;
    while (reached.size() < places && rounds <= places) {
        ++rounds;
        for (const Connection& one : connections) {
            const Place device{true, one.device}, remote{false, one.remote};
            if (!reached.contains(device) && !reached.contains(remote)) continue;
            reached.insert(device);
            reached.insert(remote);
        }
    }
    return rounds;
}

// Until what happens at one place has come to all others. A round is one sync of each device with
// each of its remotes, in the order of `connections`; a sync reads what is there and then sends
// what is here, so that both ends know the same.
std::size_t rounds_to_travel(const std::vector<Connection>& connections) {
    std::set<Place> places;
    for (const Connection& one : connections) {
        places.emplace(true, one.device);
        places.emplace(false, one.remote);
    }
    std::size_t out = 0;
    for (const Place& origin : places)
        out = std::max(out, rounds_from(origin, places.size(), connections));
    return out;
}

template <class Predicate>
bool any_connection(const World& world, Predicate predicate) {
    return std::ranges::any_of(world.devices(), [&](const auto& device) {
        return std::ranges::any_of(device->connections(),
                                   [&](const auto& one) { return predicate(one.second); });
    });
}

template <class Predicate>
bool any_server(const World& world, Predicate predicate) {
    return std::ranges::any_of(world.servers(),
                               [&](const auto& server) { return predicate(*server); });
}

using Id = std::pair<std::string, std::string>;  // stream and id

template <class Predicate>
bool any_record(const World& world, Predicate predicate) {
    return any_server(world, [&](const Server& server) {
        return std::ranges::any_of(server.model().streams, [&](const StreamModel& stream) {
            return std::ranges::any_of(server.records(stream.name), [&](const auto& one) {
                return predicate(server, Id{stream.name, one.first}, one.second);
            });
        });
    });
}

std::size_t usual_rounds(const World& world) {
    const bool lists_lag = any_server(
        world, [](const Server& server) { return server.traits().index_lag_max.count() > 0; });
    return rounds_to_travel(world.scenario().connections) + (lists_lag ? 1 : 0);
}

// The first sync with a remote only receives; then a person lets it push.
bool is_to_be_met(const World& world, Instant) {
    return any_connection(world, [](const auto& connected) { return !connected.met; });
}

// That the remote is another one is found out, or suspected and looked at again; a person accepts
// it; all of it is read; then it is told.
bool is_to_be_accepted(const World& world, Instant) {
    return any_connection(world, [](const auto& connected) {
        return connected.epoch != connected.account->server().epoch();
    });
}

// Reads by id may show what was there before somebody's write, or our own: the next sync looks
// again.
bool reads_lag(const World& world, Instant) {
    return any_server(
        world, [](const Server& server) { return server.traits().read_lag_max.count() > 0; });
}

/// The id that stands in a reference; "" if none does.
std::string reference(const Server::Image& image, const FieldModel& field) {
    const auto found = image.fields.find(field.remote);
    const bool is_id = found != image.fields.end() && found->second.kind() == Kind::kText;
    return is_id ? found->second.text() : "";
}

std::vector<Id> targets_of(const Server& server, const Id& id) {
    std::vector<Id> out;
    const auto* record = server.find(id.first, id.second);
    if (record == nullptr || record->now.deleted) return out;
    for (const FieldModel& field : server.model().stream(id.first).fields)
        if (!field.target.empty()) out.emplace_back(field.target, reference(record->now, field));
    return out;
}

bool leads_back(const Server& server, const Id& id) {
    std::set<Id> seen;
    for (auto open = targets_of(server, id); !open.empty();) {
        const Id one = open.back();
        open.pop_back();
        if (one == id) return true;
        if (seen.insert(one).second)
            std::ranges::copy(targets_of(server, one), std::back_inserter(open));
    }
    return false;
}

// Whether the record named one that is gone there, and names nobody any more.
bool was_blanked(const Server& server, const StreamModel& stream, const Server::Record& record) {
    return std::ranges::any_of(stream.fields, [&](const FieldModel& field) {
        if (field.target.empty() || !reference(record.now, field).empty()) return false;
        return std::ranges::any_of(record.past, [&](const Server::Image& image) {
            const auto* named = server.find(field.target, reference(image, field));
            return named != nullptr && named->now.deleted;
        });
    });
}

// Who refers to what is deleted here refers to nobody there once the deletion has been carried out:
// the remote blanks the reference then, or the next sync does.
bool has_blanked_reference(const World& world, Instant since) {
    return any_record(world, [&](const Server& server, const Id& id, const Server::Record& record) {
        return record.written_at >= since &&
               was_blanked(server, server.model().stream(id.first), record);
    });
}

/// Any record that the API has made since then.
template <class Predicate>
bool any_made(const World& world, Instant since, Predicate predicate) {
    return any_record(world, [&](const Server& server, const Id& id, const Server::Record& record) {
        return record.made_by != nullptr && record.listed_at >= since && predicate(server, id);
    });
}

// New records that refer to each other, or one that refers to itself: they are made without that
// reference, which follows once they are there.
bool has_made_circle(const World& world, Instant since) {
    return any_made(world, since, leads_back);
}

// What is gone at a remote, and was edited in a replica that was restored, may have been made again
// in the time that was lost: a sync asks for its key before another one makes it, or asks a person.
bool was_restored(const World& world, Instant) {
    return std::ranges::any_of(
               world.devices(),
               [](const auto& device) { return device->put_back_to().has_value(); }) &&
           any_record(world, [](const Server&, const Id&, const Server::Record& record) {
               return record.now.deleted;
           });
}

// A remote that was set back gives an id again that stands for somebody else here: until its lists
// have shown whose it is now, nothing refers to it.
bool has_given_again(const World& world, Instant since) {
    return any_made(world, since, [](const Server& server, const Id& id) {
        return server.has_given_again(id.first, id.second);
    });
}

// What a remote has lost is made there again: what others have typed into it or let refer to it
// goes on with that, and another remote that has kept it tells what it holds, once they have heard
// of it.
bool may_have_made_again(const World& world, Instant since) {
    return world.scenario().connections.size() > 1 &&
           any_made(world, since, [](const Server& server, const Id& id) {
               return std::ranges::any_of(server.records(id.first), [](const auto& one) {
                   return one.second.now.deleted && one.second.now.modified_by == "colleague";
               });
           });
}

// The remote fills a field in that nobody has told it, in what is made: a change of its own, which
// the others hear of after that.
bool has_filled_in(const World& world, Instant since) {
    return world.servers().size() > 1 &&
           any_server(world, [&](const Server& server) { return server.filled_in_at() >= since; });
}

struct Reason {
    Delay delay;
    bool (*holds)(const World&, Instant since);
};
constexpr Reason kBefore[] = {
    {{"a remote is yet to be met", 1}, is_to_be_met},
    {{"a remote is yet to be accepted", 3}, is_to_be_accepted},
    {{"a replica was restored", 1}, was_restored},
    {{"reads by id lag", 2}, reads_lag},
};
constexpr Reason kSince[] = {
    {{"a reference to what is deleted is blanked", 1}, has_blanked_reference},
    {{"new records refer to each other", 1}, has_made_circle},
    {{"a remote gives a lost id again", 1}, has_given_again},
    {{"what was gone is made again", 1}, may_have_made_again},
    {{"a remote fills something in", 1}, has_filled_in},
};

std::vector<Delay> that_hold(std::span<const Reason> reasons, const World& world, Instant since) {
    std::vector<Delay> out;
    for (const Reason& one : reasons)
        if (one.holds(world, since)) out.push_back(one.delay);
    return out;
}

}  // namespace

void World::end_faults() {
    for (auto& device : devices_) {
        if (device->disk().dead()) restart(*device);
        device->disk().cut_power_after(UINT64_MAX / 2);
        device->disk().fill_for(0);
        for (auto& [name, connected] : device->connections()) {
            connected.account->disarm();
            if (scenario_.twists.retypes) device->follow(name);
        }
        if (scenario_.twists.narrows) widen_all(*device);
    }
    for (auto& server : servers_) {
        server->allow_all();
        server->show_all();
    }
    time_.advance(std::chrono::hours{30});  // the slowest index catches up
    for (auto& server : servers_) server->settle();
}

void World::come_to_rest() {
    end_faults();
    const Instant begun = time_.now;
    const auto delays = that_hold(kBefore, *this, {});
    for (std::size_t round = 1;; ++round) {
        sent_in_round_.clear();
        const std::string changed = round_of_rest(round == 1);
        const bool accepted = accept_all();
        if (!violations_.empty()) return;
        if (changed.empty() && !accepted) {
            // D4: also what is refused is told once.
            if (!sent_in_round_.empty())
                violation("D4: a round that changes nothing sends something: " +
                          sent_in_round_.front().what);
            return;
        }
        check_rest_is_near(round, changed, begun, delays);
        if (!violations_.empty()) return;
    }
}

void World::check_rest_is_near(std::size_t round, const std::string& changed, Instant begun,
                               std::vector<Delay> delays) {
    const std::size_t usual = usual_rounds(*this);
    if (round <= usual) return;
    if (round == usual + 1) tally_.add("later at rest");
    std::ranges::copy(that_hold(kSince, *this, begun), std::back_inserter(delays));
    std::size_t rounds = usual;
    std::string why;
    for (const Delay& delay : delays) {
        rounds += delay.rounds;
        why += std::string(", ") + delay.why;
    }
    if (round <= rounds) return;
    // All else is quiet by now, but where each blow makes reads lag anew.
    const auto other = std::ranges::find(sent_in_round_, false, &SentChange::fought_over);
    if (scenario_.twists.fights && (other == sent_in_round_.end() || reads_lag(*this, begun)) &&
        round <= rounds + kRoundsOfFight)
        return;
    violation("C1: does not come to rest: round " + std::to_string(round) + " of " +
              std::to_string(rounds) + why + ": " + changed +
              (other == sent_in_round_.end() ? "" : ", " + other->what));
}

void World::note_sent(int device, int remote, const std::string& stream,
                      const remote::Change& change) {
    static constexpr const char* kOps[] = {"creates", "updates", "deletes"};
    std::string what = "dev" + std::to_string(device) + " " + kOps[static_cast<int>(change.op)] +
                       " " + stream + "/" + change.id + " at " + remote_name(remote);
    for (const auto& field : change.fields) what += " " + field.field;
    // What is refused of the record goes along with it.
    const bool fought_over = change.op == remote::ChangeOp::kUpdate && stream == "Contacts" &&
                             std::ranges::find(change.fields, kFoughtOver,
                                               &remote::FieldChange::field) != change.fields.end();
    sent_in_round_.push_back({std::move(what), fought_over});
}

// Everybody syncs once with all their remotes. Returns what that has changed, "" if nothing.
std::string World::round_of_rest(bool first) {
    std::string changed;
    for (auto& device : devices_)
        for (auto& [name, connected] : device->connections()) {
            const Server& server = connected.account->server();
            const auto before = state_of(*device);
            const auto writes = server.writes();
            const bool met = connected.met;
            engine::CycleOptions options;
            options.sweep = first || !server.traits().deleted_feed;
            const bool done = cycle(*device, name, options, false);
            time_.advance(std::chrono::minutes{15});
            for (auto& one : servers_) one->settle();
            const auto note = [&, &name = name](const std::string& what) {
                changed += (changed.empty() ? "" : "; ") + device->name() + " with " + name + what;
            };
            if (const auto after = state_of(*device); after != before)
                note(": " + first_difference(before, after));
            if (server.writes() != writes) note(" writes there");
            if (connected.met != met) note(" may push from now on");
            // An older record there is looked at again.
            if (!done && (scenario_.twists.late_reads || scenario_.twists.set_back)) note(" fails");
        }
    return changed;
}

}  // namespace kontor::simulation
