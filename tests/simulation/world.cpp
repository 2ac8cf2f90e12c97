#include "tests/simulation/world.hpp"

#include <algorithm>
#include <stdexcept>

#include "sync/engine/decisions.hpp"
#include "tests/simulation/state.hpp"

namespace kontor::simulation {
namespace {

/// Errors of a cycle that no trouble with the network explains.
bool never_right(Errc code) {
    switch (code) {
        case Errc::kInvalid:
        case Errc::kNotFound:
        case Errc::kConflict:
        case Errc::kCorrupt:
        case Errc::kConfig:
        case Errc::kUnsupported:
        case Errc::kInternal:
        case Errc::kBusy:
        case Errc::kMismatch:
        case Errc::kGuard:
            return true;
        default:
            return false;
    }
}

}  // namespace

World::World(Machines& machines, const Scenario& scenario, bool print)
    : machines_(machines), scenario_(scenario), trace_(print) {
    for (std::size_t i = 0; i < scenario.remotes.size(); ++i)
        servers_.push_back(std::make_unique<Server>(remote_name(static_cast<int>(i)),
                                                    scenario.remotes[i], scenario.traits[i], time_,
                                                    scenario.seed * 31 + i));
    for (int i = 0; i < scenario.devices; ++i)
        devices_.push_back(std::make_unique<Device>(
            machines_, i, time_, scenario.seed * 37 + static_cast<unsigned>(i), trace_));
    for (const Connection& one : scenario.connections)
        devices_[static_cast<std::size_t>(one.device)]->connect(
            remote_name(one.remote),
            account_for(one.device, one.remote,
                        scenario.seed * 41 + static_cast<unsigned>(one.device * 8 + one.remote)));
}

std::unique_ptr<Account> World::account_for(int device, int remote, std::uint64_t seed) {
    const std::string user = scenario_.one_user ? "api" : "api" + std::to_string(device);
    const auto gone = [this, device] {
        return device < static_cast<int>(devices_.size()) &&
               devices_[static_cast<std::size_t>(device)]->disk().dead();
    };
    return std::make_unique<Account>(
        *servers_[static_cast<std::size_t>(remote)], user, time_, seed, trace_,
        Account::Hooks{.yield = [this](std::string_view) { yield(); },
                       .gone = gone,
                       .violation = [this](const std::string& what) { violation(what); },
                       .parked = [this, device, remote] { return parked(device, remote); }});
}

std::set<std::string> World::parked(int device, int remote) const {
    std::set<std::string> out;
    if (device >= static_cast<int>(devices_.size())) return out;
    const auto& asked = devices_[static_cast<std::size_t>(device)];
    if (asked->disk().dead()) return out;  // the power has just gone
    asked->each(
        "SELECT s.name || '/' || l.ext_id || '/' || g.name, c.name FROM kontor_conflict k"
        " JOIN kontor_group g ON g.id = k.grp JOIN kontor_link l ON l.id = k.link"
        " JOIN kontor_stream s ON s.id = l.stream JOIN kontor_connection c"
        " ON c.id = s.connection WHERE k.state = 'open' AND l.ext_id IS NOT NULL",
        [&](const replica::Statement& row) {
            if (row.text(1) == remote_name(remote)) out.emplace(row.text(0));
        });
    return out;
}

// Two devices that are one user for the remote: what the other has written after an answer of ours
// was lost cannot be told from what the remote has made of our value (docs/guarantees.md).
bool World::fate_must_be_known() const {
    return scenario_.one_user && devices_.size() > 1;
}

std::unique_ptr<Device> World::fresh_device(int remote) {
    const int number = static_cast<int>(devices_.size()) + remote;
    auto device = std::make_unique<Device>(machines_, number, time_, scenario_.seed * 43, trace_);
    device->connect(remote_name(remote), account_for(number, remote, scenario_.seed * 47));
    return device;
}

void World::violation(const std::string& what) {
    trace_.note("VIOLATION " + what);
    violations_.push_back(what);
}

void World::run() {
    // The first cycle with each remote only receives; then a person lets it push.
    for (auto& device : devices_)
        for (auto& [name, connected] : device->connections()) {
            cycle(*device, name, {}, false);
            if (auto on = engine::set_push(device->api(), name, true); !on)
                violation("set_push: " + on.error().message);
        }
    for (std::size_t i = 0; i < scenario_.steps.size() && violations_.empty();) {
        const Step& step = scenario_.steps[i++];
        while (i < scenario_.steps.size() && scenario_.steps[i].at >= 0)
            during_.push_back(scenario_.steps[i++]);
        if (trace_.prints()) std::printf("  %s\n", to_string(step).c_str());
        perform(step);
        while (!during_.empty()) {  // the sync had fewer yields
            const Step late = during_.front();
            during_.pop_front();
            perform(late);
        }
    }
    if (violations_.empty()) come_to_rest();
}

void World::yield() {
    if (syncing_.size() != 1) return;
    ++yields_;
    while (!during_.empty() && during_.front().at <= yields_) {
        const Step step = during_.front();
        during_.pop_front();
        if (trace_.prints()) std::printf("  %s\n", to_string(step).c_str());
        perform(step);
    }
}

void World::perform(const Step& step) {
    trace_.mix(static_cast<std::uint64_t>(step.act));
    trace_.mix(step.token);
    Device& device = *devices_[static_cast<std::size_t>(step.device)];
    Server& server = *servers_[static_cast<std::size_t>(step.remote)];
    switch (step.act) {
        case Act::kWait:
            time_.advance(milliseconds{step.amount});
            server.settle();
            return;
        case Act::kClockJump:
            device.clock().jump(milliseconds{step.amount});
            return;
        case Act::kFault: {
            const auto fault = static_cast<Fault>(step.field % static_cast<unsigned>(kFaultCount));
            if (leaves_in_doubt(fault) && fate_must_be_known()) return;
            device.connection(server.name()).account->arm(fault);
            return;
        }
        case Act::kSync:
        case Act::kDryRun:
            return sync(step);
        case Act::kPowerCut:
            if (fate_must_be_known()) return;
            device.disk().cut_power_after(static_cast<std::uint64_t>(step.amount));
            tally_.add("power cuts");
            if (device.disk().dead() && syncing_.empty()) device.restart();
            return;
        case Act::kDiskFull:
            device.disk().fill_for(static_cast<std::uint64_t>(step.amount));
            return;
        default:
            break;
    }
    if (step.act >= Act::kTheirType) return by_colleague(server, step);
    if (device.disk().dead()) return;  // nobody can type
    if (step.act >= Act::kUndoRun)
        through_kontor(device, step);
    else
        at_device(device, step);
    // The power may have gone during an edit outside of a sync.
    if (device.disk().dead() && std::ranges::find(syncing_, step.device) == syncing_.end())
        device.restart();
}

void World::sync(const Step& step) {
    if (std::ranges::find(syncing_, step.device) != syncing_.end()) return;
    Device& device = *devices_[static_cast<std::size_t>(step.device)];
    engine::CycleOptions options;
    options.dry_run = step.act == Act::kDryRun;
    options.sweep = step.field % 5 == 0;
    options.push = step.field % 11 != 0;
    if (step.field % 13 == 0) options.streams = {step.pick % 2 == 0 ? "Contacts" : "Accounts"};
    if (syncing_.empty()) yields_ = 0;
    cycle(device, remote_name(step.remote), options, true);
    if (device.disk().dead()) device.restart();
}

bool World::cycle(Device& device, const std::string& name, const engine::CycleOptions& options,
                  bool faults_allowed) {
    class Yielding final : public engine::Observer {
    public:
        explicit Yielding(World& world) : world_(world) {}
        void committed() override { world_.yield(); }

    private:
        World& world_;
    };
    Yielding observer(*this);
    tally_.add("cycles");
    static_cast<void>(device.connection(name).account->take_fired());
    syncing_.push_back(device.number());
    const auto report = device.sync(name, options, observer);
    syncing_.pop_back();
    time_.advance(milliseconds{1'000});

    const Error* error = !report ? &report.error() : report->problem ? &*report->problem : nullptr;
    if (report)
        for (const auto& counts : report->streams) {
            tally_.add("created here", counts.created_here);
            tally_.add("updated here", counts.updated_here);
            tally_.add("deleted here", counts.deleted_here);
            tally_.add("created there", counts.created_there);
            tally_.add("updated there", counts.updated_there);
            tally_.add("deleted there", counts.deleted_there);
            tally_.add("conflicts", counts.conflicts);
        }
    const auto full = static_cast<int>(device.disk().take_refused());
    const int fired = device.connection(name).account->take_fired() + full;
    tally_.add("faults", fired);
    tally_.add("full disks", full > 0 ? 1 : 0);
    if (error == nullptr) return true;
    if (trace_.prints()) trace_.note("cycle: " + error->message);
    trace_.mix(error->message);
    if (device.disk().dead()) return false;
    if (never_right(error->code) || fired == 0 || !faults_allowed)
        violation("cycle " + name + " of dev" + std::to_string(device.number()) + ": " +
                  std::string(to_string(error->code)) + ": " + error->message);
    return false;
}

// Faults stop; the slowest index catches up; then everybody syncs until nothing is left to say.
void World::come_to_rest() {
    for (auto& device : devices_) {
        if (device->disk().dead()) device->restart();
        device->disk().cut_power_after(UINT64_MAX / 2);
        device->disk().fill_for(0);
        for (auto& [name, connected] : device->connections()) connected.account->disarm();
    }
    for (auto& server : servers_) server->allow_all();
    time_.advance(std::chrono::hours{30});
    for (auto& server : servers_) server->settle();
    // A change may have to travel from a device over a remote to another device and on to its
    // other remotes: two rounds for each leg. Two more, for what a change brings with it: a delete
    // blanks references, and what the remote computes comes back. The round after that is quiet.
    std::string changed;
    for (std::size_t round = 0; round <= 2 * scenario_.connections.size() + 2; ++round) {
        changed = round_of_rest(round == 0);
        if (changed.empty() || !violations_.empty()) return;
    }
    violation("C1: does not come to rest: " + changed);
}

// Everybody syncs once with all their remotes. Returns what that has changed, "" if nothing.
std::string World::round_of_rest(bool first) {
    std::string changed;
    for (auto& device : devices_)
        for (auto& [name, connected] : device->connections()) {
            const Server& server = connected.account->server();
            const auto before = state_of(*device);
            const auto writes = server.writes();
            engine::CycleOptions options;
            options.sweep = first || !server.traits().deleted_feed;
            cycle(*device, name, options, false);
            time_.advance(std::chrono::minutes{15});
            for (auto& one : servers_) one->settle();
            const std::string who = "dev" + std::to_string(device->number()) + " with " + name;
            if (const auto after = state_of(*device); after != before)
                changed = who + ": " + first_difference(before, after);
            if (server.writes() != writes) changed = who + " writes there";
        }
    return changed;
}

}  // namespace kontor::simulation
