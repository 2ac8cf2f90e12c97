#include "tests/simulation/world.hpp"

#include <algorithm>
#include <stdexcept>

#include "sync/engine/decisions.hpp"
#include "tests/simulation/epochs.hpp"
#include "tests/simulation/limits.hpp"
#include "tests/simulation/loads.hpp"
#include "tests/simulation/oracles.hpp"

namespace kontor::simulation {
namespace {

/// What automations insist on: tokens that nobody types.
constexpr Token kInsistedOn = 9'000'000;
constexpr Token kTwins = 9'100'000;

Fields identity_of(const Twin& twin, const RemoteModel& model) {
    const std::string name = token_text(twin.token), family = token_text(twin.token + 1);
    Fields out{{"Email", Value(family + "@example.com")}};
    if (model.stream("Contacts").field("Full_Name") != nullptr) {
        out["Full_Name"] = Value(name + " " + family);
    } else {
        out["First_Name"] = Value(name);
        out["Last_Name"] = Value(family);
    }
    return out;
}

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
            name_at(one.device, one.remote),
            account_for(one.device, one.remote,
                        scenario.seed * 41 + static_cast<unsigned>(one.device * 8 + one.remote)));
    for (std::size_t i = 0; scenario.twists.fights && i < servers_.size(); ++i)
        servers_[i]->insist(Value(token_text(kInsistedOn + i)));
    make_twins();
    if (scenario.twists.reader)
        for (auto& device : devices_) read_along(*device);
}

void World::read_along(Device& device) {
    device.read_along(
        scenario_.seed * 53,
        {.entered =
             [this](std::string_view city, std::string_view street) {
                 return (city.empty() && street.empty()) ||
                        ledger_.addresses.contains({std::string(city), std::string(street)}) ||
                        std::ranges::any_of(servers_, [&](const auto& server) {
                            return server->has_had(city, street);
                        });
             },
         .no_power = [&device] { return device.disk().dead(); },
         .violation = [this](const std::string& what) { violation(what); }});
}

// What was being typed as the power went may be there, or not.
void World::restart(Device& device) {
    device.restart();
    note_addresses(device);
    for (const auto& [name, connected] : device.connections()) check_cursors(*this, device, name);
}

void World::note_addresses(const Device& device) {
    if (!scenario_.twists.reader || device.disk().dead()) return;
    device.each("SELECT coalesce(city, ''), coalesce(street, '') FROM contact",
                [&](const replica::Statement& row) {
                    ledger_.addresses.emplace(row.text(0), row.text(1));
                });
}

std::unique_ptr<Account> World::account_for(int device, int remote, std::uint64_t seed) {
    const std::string user = scenario_.one_user ? "api" : "api" + std::to_string(device);
    const auto gone = [this, device] {
        return device < static_cast<int>(devices_.size()) &&
               devices_[static_cast<std::size_t>(device)]->disk().dead();
    };
    auto out = std::make_unique<Account>(
        *servers_[static_cast<std::size_t>(remote)], user, time_, seed, trace_,
        Account::Hooks{
            .yield = [this](std::string_view) { yield(); },
            .gone = gone,
            .violation = [this](const std::string& what) { violation(what); },
            .parked = [this, device, remote] { return parked(device, remote); },
            .known = [this, device, remote](
                         const std::string& stream,
                         const std::string& id) { return known(device, remote, stream, id); },
            .sent_again =
                [this, device, remote](Token token, const std::string& where,
                                       std::optional<Instant> insists) {
                    sent_again(device, remote, token, where, insists);
                },
            .answered =
                [this, device, remote](const std::string& stream, const remote::Change& change,
                                       const auto&) {
                    watch_sent(device, remote, stream, change);
                    note_sent(device, remote, stream, change);
                }});
    if (scenario_.one_user) out->share_user();
    if (scenario_.twists.ends) out->let_end(seed * 59);
    if (scenario_.twists.slow) out->be_slow(seed * 61);
    if (scenario_.twists.resends) out->let_resend(seed * 67);
    return out;
}

void World::make_twins() {
    for (int i = 0; i < scenario_.twists.twins; ++i) {
        Twin twin{.token = kTwins + static_cast<Token>(2 * i), .ids = {}};
        for (std::size_t remote = 0; remote < servers_.size(); ++remote) {
            Server& server = *servers_[remote];
            Fields fields = identity_of(twin, server.model());
            fields["Phone"] = Value(scenario_.twists.spelled
                                        ? spelled_phone(static_cast<std::size_t>(i), remote)
                                        : token_text(kTwins + 100 * (remote + 1) + twin.token));
            twin.ids.push_back(server.create("Contacts", fields, "colleague"));
        }
        twins_.push_back(std::move(twin));
    }
    if (twins_.empty()) return;
    time_.advance(std::chrono::hours{1});  // every index has them
}

bool World::still_twins(const Twin& twin, const std::string& known) const {
    for (std::size_t remote = 0; remote < servers_.size(); ++remote) {
        const Server& server = *servers_[remote];
        const auto* record = server.find("Contacts", twin.ids[remote]);
        if (record->ever_deleted || record->forbidden || !record->past.empty()) return false;
        for (const auto& [field, value] : identity_of(twin, server.model()))
            if (server.hides("Contacts", field)) return false;
    }
    const std::string name = token_text(twin.token), family = token_text(twin.token + 1);
    const std::string& id_there = twin.ids[static_cast<std::size_t>(known.back() - '0')];
    return devices_.front()->number(
               "SELECT count(*) FROM contact x JOIN kontor_link l ON l.record = x.id JOIN"
               " kontor_stream s ON s.id = l.stream JOIN kontor_connection c ON"
               " c.id = s.connection WHERE s.name = 'Contacts' AND c.name = '" +
               known + "' AND l.ext_id = '" + id_there + "' AND x.first_name = '" + name +
               "' AND x.last_name = '" + family + "' AND x.email = '" + family + "@example.com'") >
           0;
}

// The first whole cycle with a remote only receives; then a person lets it push.
void World::have_met(Device& device, const std::string& name) {
    auto& connected = device.connection(name);
    if (connected.met || device.disk().dead()) return;
    if (auto on = engine::set_push(device.api(), name, true); !on) {
        if (!device.disk().dead() && device.disk().take_refused() == 0)
            violation("set_push: " + on.error().message);
        return;
    }
    connected.met = true;
    if (device.number() != 0 || twins_.empty()) return;
    const auto other = [&](const auto& one) { return one.second.met && one.first != name; };
    const auto known = std::ranges::find_if(device.connections(), other);
    if (known == device.connections().end()) return;
    for (Twin& twin : twins_) twin.certain = still_twins(twin, known->second.name);
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
            if (row.text(1) == name_at(device, remote)) out.emplace(row.text(0));
        });
    return out;
}

std::optional<std::string> World::known(int device, int remote, const std::string& stream,
                                        const std::string& id) const {
    if (device >= static_cast<int>(devices_.size())) return std::nullopt;
    const auto& asked = devices_[static_cast<std::size_t>(device)];
    if (asked->disk().dead()) return std::nullopt;
    const auto& model = servers_[static_cast<std::size_t>(remote)]->model().stream(stream);
    return asked->text(
        "SELECT CASE WHEN l.state = 0 AND x.id IS NOT NULL THEN"
        " coalesce(l.version, '') ELSE '' END FROM kontor_link l JOIN kontor_stream s"
        " ON s.id = l.stream JOIN kontor_connection c ON c.id = s.connection"
        " LEFT JOIN " +
        model.entity + " x ON x.id = l.record WHERE s.name = '" + stream + "' AND c.name = '" +
        name_at(device, remote) + "' AND l.ext_id = '" + id + "'");
}

// Two devices that are one user for the remote: what the other has written after an answer of ours
// was lost cannot be told from what the remote has made of our value (docs/guarantees.md).
bool World::fate_must_be_known() const {
    return scenario_.one_user && devices_.size() > 1;
}

std::string World::name_at(int device, int remote) const {
    const bool own = scenario_.twists.again && device > 0 && device < scenario_.devices;
    return own ? "own" + std::to_string(device) : remote_name(remote);
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
    const Twists& twists = scenario_.twists;
    const bool loads_in_story = twists.loads_late || twists.beside || twists.late_page;
    for (auto& device : devices_)
        for (auto& [name, connected] : device->connections())
            if ((twins_.empty() || name == remote_name(0)) &&
                !(loads_in_story && device->number() == 0))
                cycle(*device, name, {}, false);
    for (auto& device : devices_)
        for (auto& [name, connected] : device->connections())
            connected.account->ration(scenario_.twists.quota);
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
    if (step.act == Act::kRestart || step.act == Act::kPowerCut) calm_ = false;
    Device& device = *devices_[static_cast<std::size_t>(step.device)];
    Server& server = *servers_[static_cast<std::size_t>(step.remote)];
    const std::string name = name_at(step.device, step.remote);
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
            device.connection(name).account->arm(fault);
            return;
        }
        case Act::kTheirReplaced:
            // A cycle under way has asked whose records these are.
            if (!syncing_.empty()) return;
            [[fallthrough]];
        case Act::kTheirBackup:
        case Act::kTheirSetBack:
            return change_epoch(server, step);
        case Act::kAccept:
            if (!device.disk().dead() && may_accept(device, name))
                accept(device, name, step.amount % 2 == 0);
            if (device.disk().dead() &&
                std::ranges::find(syncing_, device.number()) == syncing_.end())
                restart(device);
            return;
        case Act::kBackUp:
            if (!device.disk().dead()) device.back_up(time_.now);
            time_.advance(milliseconds{1});  // what is typed from now on is newer
            return;
        case Act::kRestore:
            if (!device.disk().dead() &&
                std::ranges::find(syncing_, device.number()) == syncing_.end())
                restore(device);
            return;
        case Act::kTypeLead:
        case Act::kBornLead:
        case Act::kDeleteLead:
            return lead_here(device, step);
        case Act::kTheirTypeLead:
        case Act::kTheirBornLead:
        case Act::kTheirConvert:
            return lead_there(server, step);
        case Act::kTypeTarget:
        case Act::kTurn:
            return target_here(device, step);
        case Act::kTheirTargets:
        case Act::kTheirTargetGoes:
        case Act::kTheirTurn:
            return target_there(server, step);
        case Act::kTheirKept:
        case Act::kTheirLose:
            return keep_there(server, step);
        case Act::kTypeKept:
            return type_kept(device, step);
        case Act::kTheirRetype:
            return retype(server, step);
        case Act::kTypeRows:
        case Act::kUndoRows:
            return rows_here(device, step);
        case Act::kTheirTypeRows:
            return rows_there(server, step);
        case Act::kSyncBeside:
            return sync_beside(step);
        case Act::kTypeOf:
        case Act::kDeleteOf:
            return named_here(device, step);
        case Act::kTheirTypeOf:
        case Act::kTheirDeleteOf:
        case Act::kTheirRestoreOf:
            return named_there(server, step);
        case Act::kLosePush:
            if (!fate_must_be_known())
                device.connection(name).account->lose_push(step.amount % 2 != 0);
            return;
        case Act::kFollow:
            return device.follow(name);
        case Act::kNarrow:
        case Act::kWiden:
            return narrow(device, name, step);
        case Act::kSync:
        case Act::kDryRun:
            return sync(step);
        case Act::kPowerCut:
            if (fate_must_be_known()) return;
            device.disk().cut_power_after(static_cast<std::uint64_t>(step.amount));
            tally_.add("power cuts");
            if (device.disk().dead() && syncing_.empty()) restart(device);
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
    note_addresses(device);
    // The power may have gone during an edit outside of a sync.
    if (device.disk().dead() && std::ranges::find(syncing_, step.device) == syncing_.end())
        restart(device);
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
    cycle(device, name_at(step.device, step.remote), options, true);
    if (device.disk().dead()) restart(device);
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
    const EpochWatch watch(*this, device, name, options.dry_run, options.streams);
    syncing_.push_back(device.number());
    Account& account = *device.connection(name).account;
    const auto skew = device.clock().skew();
    const auto retypes = account.server().retypes();
    const int acceptances = device.connection(name).acceptances;
    account.rehearse(options.dry_run);
    const auto report = device.sync(name, options, observer);
    account.rehearse(false);
    syncing_.pop_back();
    check_cursors(*this, device, name);
    if (!options.dry_run && !device.disk().dead() && device.clock().skew() == skew)
        check_newest(*this, device, name);
    if (!device.disk().dead()) check_typed_over(device, name);
    time_.advance(milliseconds{1'000});

    const Error* error = !report ? &report.error() : report->problem ? &*report->problem : nullptr;
    watch.check(error);
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
    if (fired > 0 || error != nullptr) calm_ = false;
    tally_.add("full disks", full > 0 ? 1 : 0);
    if (device.connection(name).acceptances != acceptances) {
        tally_.add("accepted during a sync");
        // It ends with its next transaction, if there was one more.
        if (error == nullptr || error->code == Errc::kCancelled) return false;
    }
    if (error == nullptr) {
        if (!options.dry_run && !device.disk().dead()) {
            check_taken(*this, device, name, options.streams);
            check_doubtful(*this, device, name);
            check_let_go(*this, device, name);
        }
        if (!options.dry_run && options.streams.empty()) {
            have_met(device, name);
            device.connection(name).retypes = retypes;
        }
        return true;
    }
    if (trace_.prints()) trace_.note("cycle: " + error->message);
    trace_.mix(error->message);
    if (device.disk().dead()) return false;
    const auto& connected = device.connection(name);
    if ((error->code == Errc::kMismatch || error->code == Errc::kGuard) &&
        connected.epoch != connected.account->server().epoch())
        return false;  // found out, or waiting for a person's word
    if (error->code == Errc::kMismatch && restored_beside_its_heir(account.server())) {
        tally_.add("taken for set back");
        return false;
    }
    if (error->code == Errc::kUnavailable && error->args.contains("id") &&
        connected.epoch != connected.account->server().epoch())
        return false;  // it may be a read that lags, as long as that could last
    if (error->code == Errc::kUnavailable && scenario_.twists.late_reads && fired > 0) return false;
    if (never_right(error->code) || fired == 0 || !faults_allowed)
        violation("cycle " + name + " of dev" + std::to_string(device.number()) + ": " +
                  std::string(to_string(error->code)) + ": " + error->message);
    return false;
}

}  // namespace kontor::simulation
