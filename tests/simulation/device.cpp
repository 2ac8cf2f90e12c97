#include "tests/simulation/device.hpp"

#include <sqlite3.h>

#include <stdexcept>

#include "sync/replica/catalogue.hpp"
#include "sync/replica/migrations.hpp"

namespace kontor::simulation {
namespace {

constexpr const char* kPath = "replica.db";
constexpr std::size_t kQueriesMax = 64;  // prepared ones kept; the first are the frequent ones

template <class T>
T must(Result<T> result, const char* doing) {
    if (!result) throw std::runtime_error(std::string(doing) + ": " + result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

replica::Database open_on(const Disk& disk, replica::Access access) {
    replica::OpenOptions options;
    options.access = access;
    options.create = true;
    options.vfs = disk.vfs();
    options.cache_kib = 512;
    return must(replica::Database::open(kPath, options), "open");
}

// The standard entities go: the fewer tables a handle has to read, the more seeds a second.
std::string make_blank_replica() {
    WorldTime time;
    DeviceClock clock(time, 1);
    Trace trace;
    Disk disk("kontor-sim-blank", clock, 1, trace);
    {
        const auto db = open_on(disk, replica::Access::kLocal);
        SeededRandom random(1);
        must(replica::migrate(db, random), "migrate");
        const auto standard = must(replica::Catalogue::load(db), "catalogue");
        auto transaction = must(replica::Transaction::begin(db), "begin");
        for (const auto& entity : standard.entities())
            must(db.execute("DROP TABLE \"" + entity.name + "\""), "drop");
        must(db.execute("DELETE FROM kontor_field; DELETE FROM kontor_entity"), "delete");
        for (const auto& entity : entities()) must(replica::ensure_entity(db, entity), "ensure");
        must(transaction.commit(), "commit");
        must(db.execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"), "checkpoint");
    }
    return disk.get(kPath);
}

void on_update(void* trace, int op, const char*, const char* table, sqlite3_int64 row) {
    if (static_cast<Trace*>(trace)->prints())
        std::printf("      row %d %s %lld\n", op, table, static_cast<long long>(row));
    static_cast<Trace*>(trace)->mix(static_cast<std::uint64_t>(op));
    static_cast<Trace*>(trace)->mix(std::string_view(table));
    static_cast<Trace*>(trace)->mix(static_cast<std::uint64_t>(row));
}

}  // namespace

const std::string& blank_replica() {
    static const std::string bytes = make_blank_replica();
    return bytes;
}

Device::Device(int number, WorldTime& time, std::uint64_t seed, Trace& trace)
    : number_(number),
      trace_(trace),
      clock_(time, seed + 1),
      dice_(seed + 2),
      disk_("kontor-sim-" + std::to_string(number), clock_, seed + 3, trace) {
    early_checkpoints_ = dice_.percent(40);
    disk_.put(kPath, blank_replica());
    open();
}

Device::~Device() {
    close();
}

void Device::close() {
    queries_.clear();
    engine_.reset();
    local_.reset();
}

void Device::open() {
    local_ = std::make_unique<replica::Database>(open_on(disk_, replica::Access::kLocal));
    engine_ = std::make_unique<replica::Database>(open_on(disk_, replica::Access::kEngine));
    for (const auto* db : {local_.get(), engine_.get()}) {
        sqlite3_update_hook(db->raw(), on_update, &trace_);
        if (early_checkpoints_)
            must(db->execute("PRAGMA wal_autocheckpoint = 12"), "wal_autocheckpoint");
    }
}

void Device::restart() {
    close();
    if (disk_.dead()) {
        disk_.restart();
        for (auto& [name, connected] : connections_) connected.account->forget_delivered();
    }
    open();
}

void Device::connect(const std::string& name, std::unique_ptr<Account> account) {
    Connected connected;
    connected.name = name;
    connected.settings.name = name;
    connected.settings.plugin = "simulated";
    connected.settings.streams = account->specs();
    connected.account = std::move(account);
    remap(connected);
    connections_.emplace(name, std::move(connected));
}

void Device::remap(Connected& connected) {
    const Server& server = connected.account->server();
    auto& mapping = connected.settings.mapping;
    mapping = mapping_of(server.model(), server.traits().key_field, connected.late_mapped);
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
    remap(connection(name));
}

Result<engine::CycleReport> Device::sync(const std::string& name,
                                         const engine::CycleOptions& options,
                                         engine::Observer& observer) {
    Connected& connected = connection(name);
    NullLogger log;
    engine::Cycle cycle({.db = *engine_,
                         .remote = *connected.account,
                         .clock = clock_,
                         .random = dice_.random(),
                         .log = log,
                         .observer = observer,
                         .gate = gate_,
                         .cancelled = cancelled_},
                        connected.settings);
    return cycle.run(options);
}

Result<> Device::sql(const std::string& text) {
    if (trace_.prints()) trace_.note("dev" + std::to_string(number_) + " sql " + text);
    auto done = local_->execute(text);
    // As a program that gives up does.
    if (!done && local_->in_transaction()) static_cast<void>(local_->execute("ROLLBACK"));
    return done;
}

void Device::each(const std::string& query,
                  const std::function<void(const replica::Statement&)>& row) const {
    const auto kept = queries_.find(query);
    if (kept != queries_.end() && sqlite3_stmt_busy(kept->second.raw()) == 0) {
        while (must(kept->second.step(), query.c_str())) row(kept->second);
        kept->second.reset();
        return;
    }
    auto statement = must(local_->prepare(query), query.c_str());
    while (must(statement.step(), query.c_str())) row(statement);
    statement.reset();
    if (queries_.size() < kQueriesMax) queries_.try_emplace(query, std::move(statement));
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
