// D7: what a remote has lost, and what several replicas make there again, is one record: at the
// remote, and at each of them. They call the remote by names of their own.
#include "tests/simulation/again.hpp"

#include <algorithm>

#include "tests/simulation/oracles.hpp"
#include "tests/simulation/put_steps.hpp"

namespace kontor::simulation {
namespace {

constexpr Token kAgainTokens = 8'000'000;
constexpr std::int64_t kMinutes = 60'000;

/// Steps about records at one remote. A record is known by its street, which stays.
class AgainDrawer {
public:
    AgainDrawer(Dice& dice, const Scenario& scenario, int remote, Token& next_token)
        : dice_(dice), next_token_(next_token) {
        step_.remote = remote;
        for (const Connection& one : scenario.connections)
            if (one.remote == remote) devices_.push_back(one.device);
        for (const Connection& one : scenario.connections)
            if (one.device == devices_.front() && one.remote != remote) others_.push_back(one);
    }
    void draw() {
        for (auto n = 1 + dice_.roll(2); n > 0; --n) {
            marks_.push_back(next_token_);
            add(Act::kTheirKept, next_token_);
        }
        sync_all();
        for (auto rounds = 1 + dice_.roll(3); rounds > 0; --rounds) {
            for (const Token mark : marks_) {
                for (const int device : devices_) {
                    step_.device = device;
                    if (dice_.percent(85)) add(Act::kTypeKept, mark);
                }
                if (dice_.percent(90)) add(Act::kTheirLose, mark);
            }
            for (auto n = dice_.roll(4); n > 0; --n) sync(devices_[dice_.roll(devices_.size())]);
            sync_all();
        }
    }
    std::vector<Step> steps;

private:
    void add(Act act, Token mark) {
        step_.act = act;
        step_.pick = mark;
        step_.field = 0;
        step_.token = next_token_;
        next_token_ += 4;
        step_.amount = static_cast<std::int64_t>(dice_.roll(15)) * kMinutes;
        steps.push_back(step_);
    }
    void sync(int device) {
        step_.device = device;
        add(Act::kWait, 0);
        add(Act::kSync, 0);
        steps.back().field = dice_.percent(50) ? 5 : 1;  // with a sweep, or without
        // Who is asked whether it is to be made again says yes.
        if (dice_.percent(50)) add(Act::kResolve, 0);
    }
    void sync_all() {
        for (const int device : devices_) sync(device);
        const Step here = step_;
        for (const Connection& other : others_) {
            step_.remote = other.remote;
            sync(other.device);
        }
        step_ = here;
    }

    Dice& dice_;
    Token& next_token_;
    Step step_;
    std::vector<int> devices_;
    std::vector<Connection> others_;
    std::vector<Token> marks_;
};

}  // namespace

void add_again(Scenario& scenario) {
    Dice dice(scenario.seed + 0xA6A1);
    Twists& twists = scenario.twists;
    if (scenario.devices < 2 || twists.twins > 0 || twists.fights || twists.set_back ||
        twists.restored || twists.retypes || twists.converts || twists.settings ||
        twists.no_upsert || !dice.percent(80))
        return;
    const int remote = scenario.connections.back().remote;  // the first device knows it, too
    twists.again = true;
    ServerTraits& traits = scenario.traits[static_cast<std::size_t>(remote)];
    // Where what was made again is heard of long before what was lost, people type into either.
    traits.key_field = traits.deleted_feed = true;
    for (StreamModel& stream : scenario.remotes[static_cast<std::size_t>(remote)].streams)
        if (stream.name == "Contacts")
            stream.delete_against_edit =
                dice.percent(60) ? merge::Policy::kLocal : merge::Policy::kManual;
    Token next_token = kAgainTokens;
    for (auto n = 1 + dice.roll(2); n > 0; --n) {
        AgainDrawer drawer(dice, scenario, remote, next_token);
        drawer.draw();
        put_whole(dice, scenario, drawer.steps);
    }
}

namespace {

/// Those that are there and have this in their street.
std::vector<std::string> marked(const Server& server, Token mark) {
    std::vector<std::string> out;
    for (const auto& [id, record] : server.records("Contacts")) {
        const auto street = record.now.fields.find("Street");
        if (!record.now.deleted && street != record.now.fields.end() &&
            first_token(street->second.view()) == mark)
            out.push_back(id);
    }
    return out;
}

}  // namespace

void World::keep_there(Server& server, const Step& step) {
    if (step.act == Act::kTheirKept) {
        kept_.insert(step.token);
        ledger_.typed_there.insert({step.token, step.token + 1});
        tally_.add("edits there");
        server.create("Contacts",
                      {{"Street", Value(token_text(step.token))},
                       {"Notes", Value(token_text(step.token + 1))}},
                      "colleague");
        return;
    }
    for (const auto& id : marked(server, step.pick)) {
        tally_.add("records lost there");
        server.erase("Contacts", id, "colleague");
    }
}

namespace {

// It is gone there, which nobody has heard of here, and what was made of it there has been read:
// who types into it now makes a second one (docs/guarantees.md).
bool stands_beside_heir(const Device& device, const std::string& connection, const Server& server,
                        const std::string& record, Token mark) {
    const auto id = device.text(
        "SELECT l.ext_id FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
        " JOIN kontor_connection c ON c.id = s.connection WHERE l.record = " +
        record + " AND l.state = 0 AND l.ext_id IS NOT NULL AND s.name = 'Contacts'" +
        " AND c.name = '" + connection + "'");
    const auto* there = id ? server.find("Contacts", *id) : nullptr;
    return there != nullptr && there->now.deleted &&
           device.number("SELECT count(*) FROM contact WHERE street = '" + token_text(mark) + "'") >
               1;
}

}  // namespace

// Each device has a field of its own: they do not get in each other's way.
void World::type_kept(Device& device, const Step& step) {
    static constexpr const char* kFields[] = {"phone", "email", "budget"};
    if (device.disk().dead()) return;
    const auto* field = kFields[static_cast<std::size_t>(device.number()) % std::size(kFields)];
    const auto record =
        device.text("SELECT id FROM contact WHERE street = '" + token_text(step.pick) + "'");
    const auto value = field == kFields[2] ? std::to_string(kNumberTokens + step.token)
                                           : "'" + token_text(step.token) + "'";
    const bool late = record && stands_beside_heir(device, name_at(device.number(), step.remote),
                                                   *servers_[static_cast<std::size_t>(step.remote)],
                                                   *record, step.pick);
    if (record &&
        write_sql(
            device,
            std::string("UPDATE contact SET ") + field + " = " + value + " WHERE id = " + *record,
            {step.token}) &&
        late)
        kept_.erase(step.pick);
    if (device.disk().dead() && std::ranges::find(syncing_, device.number()) == syncing_.end())
        restart(device);
}

void check_made_again(World& world) {
    // Whose deletion somebody has taken back here is a record of this replica's own: nobody else
    // calls it so (docs/guarantees.md).
    const auto brought_back = [&](Token mark) {
        return std::ranges::any_of(world.devices(), [&](const auto& device) {
            return device->number(
                       "SELECT count(*) FROM kontor_history h JOIN kontor_entity e ON"
                       " e.id = h.entity JOIN contact x ON x.id = h.record WHERE"
                       " e.name = 'contact' AND h.field IS NULL AND h.rule = 'undo' AND"
                       " x.street = '" +
                       token_text(mark) + "'") > 0;
        });
    };
    // A colleague has brought back what was made again.
    const auto restored = [&](Token mark) {
        return std::ranges::any_of(world.servers(), [&](const auto& server) {
            const auto ids = marked(*server, mark);
            return std::ranges::any_of(ids, [&](const std::string& id) {
                return server->find("Contacts", id)->ever_restored;
            });
        });
    };
    for (const Token mark : world.kept()) {
        if (brought_back(mark) || restored(mark)) continue;
        const std::string what = "w" + std::to_string(mark) + "z";
        for (const auto& server : world.servers()) {
            const auto ids = marked(*server, mark);
            world.tally().add("records made again", ids.empty() ? 0 : 1);
            if (server->traits().key_field && ids.size() > 1)
                world.violation("D7: " + what + " is " + std::to_string(ids.size()) +
                                " records of " + server->name() + ": " + ids[0] + ", " + ids[1]);
        }
        for (const auto& device : world.devices())
            // But for one of which a person is asked whether it is to be made again.
            if (device->number("SELECT count(*) FROM contact x WHERE street = '" +
                               token_text(mark) +
                               "' AND NOT EXISTS (SELECT 1 FROM kontor_conflict k JOIN kontor_link"
                               " l ON l.id = k.link JOIN kontor_stream s ON s.id = l.stream WHERE"
                               " l.record = x.id AND s.name = 'Contacts' AND k.state = 'open' AND"
                               " k.grp IS NULL)") > 1)
                world.violation("D7: " + what + " is there more than once at dev" +
                                std::to_string(device->number()));
    }
}

}  // namespace kontor::simulation
