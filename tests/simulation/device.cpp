#include "tests/simulation/device.hpp"

#include <sqlite3.h>

#include "tests/simulation/must.hpp"

namespace kontor::simulation {
namespace {

constexpr std::size_t kQueriesMax = 64;  // prepared ones kept; the first are the frequent ones

}  // namespace

Device::Device(Machines& machines, int number, WorldTime& time, std::uint64_t seed, Trace& trace)
    : machines_(machines),
      number_(number),
      trace_(trace),
      clock_(time, seed + 1),
      dice_(seed + 2),
      early_checkpoints_(dice_.percent(40)),
      machine_(machines.take(clock_, seed + 3, trace)) {
    set_up();
}

Device::~Device() {
    if (machine_->engine) sqlite3_wal_hook(engine().raw(), nullptr, nullptr);
    machines_.give(std::move(machine_));
}

void Device::set_up() {
    for (const auto* db : {&local(), &engine(), &api()})
        sqlite3_wal_autocheckpoint(db->raw(), checkpoint_pages());
    if (reader_) reader_->follow(engine(), *machine_->reader, checkpoint_pages());
}

void Device::read_along(std::uint64_t seed, Reader::Hooks hooks) {
    reader_ = std::make_unique<Reader>(seed, std::move(hooks));
    reader_->follow(engine(), *machine_->reader, checkpoint_pages());
}

void Device::restart(Left left) {
    machine_->close();
    for (auto& [name, connected] : connections_)
        connected.session = std::make_unique<engine::Session>();
    if (disk().dead()) {
        disk().restart(left);
        for (auto& [name, connected] : connections_) {
            connected.account->forget_delivered();
            connected.forget_records();
        }
    }
    machine_->open();
    set_up();
}

void Device::back_up(Instant when) {
    sqlite3_int64 size = 0;
    unsigned char* bytes = sqlite3_serialize(api().raw(), "main", &size, 0);
    if (bytes == nullptr) return;  // no room, or no power
    backup_.emplace(
        Backup{when, {reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size)}, {}});
    sqlite3_free(bytes);
    for (const auto& [name, connected] : connections_)
        backup_->connections.emplace(name, Backup::Of{connected.account->memory(), connected.met,
                                                      connected.accepted, connected.epoch});
}

bool Device::put_back() {
    if (!backup_) return false;
    machine_->close();
    disk().put(kReplicaPath, backup_->file);
    disk().put(std::string(kReplicaPath) + "-wal", "");
    put_back_to_ = backup_->when;
    for (auto& [name, connected] : connections_) {
        const auto& then = backup_->connections.at(name);
        connected.account->remember(then.memory);
        connected.met = then.met;
        connected.accepted = then.accepted;
        connected.epoch = then.epoch;
        connected.forget_records();
        connected.session = std::make_unique<engine::Session>();
    }
    machine_->open();
    set_up();
    return true;
}

void Device::connect(const std::string& name, std::unique_ptr<Account> account) {
    Connected connected;
    connected.name = name;
    connected.settings.name = name;
    connected.settings.plugin = "simulated";
    connected.settings.streams = must(account->describe(), "describe");
    connected.account = std::move(account);
    remap(connected);
    connections_.emplace(name, std::move(connected));
}

void Device::remap(Connected& connected) {
    const Server& server = connected.account->server();
    auto& mapping = connected.settings.mapping;
    mapping = mapping_of(server.model(), server.traits().key_field, connected.late_mapped);
    connected.narrowed.apply(mapping);
    if (!connected.reformed) return;
    for (auto& stream : mapping.streams)
        for (auto& group : stream.groups)
            for (auto& field : group.fields)
                if (field.type == remote::FieldType::kPhone) field.max_length = 200;
}

void Device::map_late(const std::string& name) {
    connection(name).late_mapped = true;
    remap(connection(name));
}

void Device::reform(const std::string& name) {
    connection(name).reformed = !connection(name).reformed;
    // A form that is taken for a value here is told to the others, one of which may keep the same.
    for (auto& [other, connected] : connections_) connected.account->note_reformed();
    remap(connection(name));
}

Result<engine::CycleReport> Device::sync(const std::string& name,
                                         const engine::CycleOptions& options,
                                         engine::Observer& observer) {
    Connected& connected = connection(name);
    connected.settings.streams = must(connected.account->describe(), "describe");
    connected.received_then = connected.narrowed.received;
    NullLogger log;
    // The copy of a dry run is on no machine: its draws start afresh.
    std::optional<TraceOpened> of_copy;
    if (options.dry_run) {
        sqlite3_randomness(0, nullptr);
        of_copy.emplace(trace_);
    }
    // Asked each time, so that it fails as often as anything else.
    connected.session->identity.reset();
    engine::Cycle cycle({.db = engine(),
                         .remote = *connected.account,
                         .clock = clock_,
                         .random = dice_.random(),
                         .log = log,
                         .observer = observer,
                         .gate = gate_,
                         .cancelled = cancelled_,
                         .session = connected.session.get()},
                        connected.settings);
    auto done = cycle.run(options);
    // As the daemon's worker does.
    const bool kept = done && (!done->problem || remote::leaves_writes(*done->problem));
    if (!kept) connected.session = std::make_unique<engine::Session>();
    return done;
}

Result<> Device::sql(const std::string& text) {
    if (trace_.prints()) trace_.note("dev" + std::to_string(number_) + " sql " + text);
    auto done = local().execute(text);
    // As a program that gives up does.
    if (!done && local().in_transaction()) static_cast<void>(local().execute("ROLLBACK"));
    return done;
}

void Device::each(const std::string& query,
                  const std::function<void(const replica::Statement&)>& row) const {
    const auto kept = machine_->queries.find(query);
    if (kept != machine_->queries.end() && sqlite3_stmt_busy(kept->second.raw()) == 0) {
        while (must(kept->second.step(), query.c_str())) row(kept->second);
        kept->second.reset();
        return;
    }
    auto statement = must(local().prepare(query), query.c_str());
    while (must(statement.step(), query.c_str())) row(statement);
    statement.reset();
    if (machine_->queries.size() < kQueriesMax)
        machine_->queries.try_emplace(query, std::move(statement));
}

std::vector<std::string> Device::entity_names() const {
    std::vector<std::string> out;
    each("SELECT name FROM kontor_entity ORDER BY id",
         [&](const replica::Statement& row) { out.emplace_back(row.text(0)); });
    return out;
}

std::optional<std::string> Device::text(const std::string& query) const {
    std::optional<std::string> out;
    bool first = true;
    each(query, [&](const replica::Statement& row) {
        if (first && !row.is_null(0)) out = std::string(row.text(0));
        first = false;
    });
    return out;
}

std::int64_t Device::number(const std::string& query) const {
    const auto found = text(query);
    return found ? std::stoll(*found) : 0;
}

}  // namespace kontor::simulation
