#include "tests/simulation/machine.hpp"

#include <malloc.h>
#include <sqlite3.h>

#include <bit>
#include <utility>

#include "sync/replica/catalogue.hpp"
#include "sync/replica/migrations.hpp"
#include "tests/simulation/must.hpp"

namespace kontor::simulation {
namespace {

constexpr const char* kAsTheDaemonDoes = "PRAGMA synchronous=NORMAL";

// Each row that is about to be written, with its values; triggers' rows too.
void on_change(void* context, sqlite3* db, int op, const char*, const char* table, sqlite3_int64,
               sqlite3_int64 row) {
    Trace& trace = *static_cast<Trace*>(context);
    if (trace.prints())
        std::printf("      row %d %s %lld\n", op, table, static_cast<long long>(row));
    trace.mix(static_cast<std::uint64_t>(op));
    trace.mix(std::string_view(table));
    trace.mix(static_cast<std::uint64_t>(row));
    if (op == SQLITE_DELETE) return;
    for (int i = 0; i < sqlite3_preupdate_count(db); ++i) {
        sqlite3_value* value = nullptr;
        if (sqlite3_preupdate_new(db, i, &value) != SQLITE_OK) continue;
        trace.mix(static_cast<std::uint64_t>(sqlite3_value_type(value)));
        switch (sqlite3_value_type(value)) {
            case SQLITE_NULL:
                break;
            case SQLITE_INTEGER:
                trace.mix(static_cast<std::uint64_t>(sqlite3_value_int64(value)));
                break;
            case SQLITE_FLOAT:
                trace.mix(std::bit_cast<std::uint64_t>(sqlite3_value_double(value)));
                break;
            default: {
                const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
                trace.mix(
                    std::string_view(bytes, static_cast<std::size_t>(sqlite3_value_bytes(value))));
            }
        }
    }
}

// SQLite's own would depend on what else was drawn in this process.
void randomblob(sqlite3_context* context, int, sqlite3_value** arguments) {
    auto& dice = *static_cast<Dice*>(sqlite3_user_data(context));
    std::string bytes(static_cast<std::size_t>(sqlite3_value_int(arguments[0])), '\0');
    for (char& byte : bytes) byte = static_cast<char>(dice.roll(256));
    sqlite3_result_blob64(context, bytes.data(), bytes.size(), SQLITE_TRANSIENT);
}

replica::Database open_on(Disk& disk, Dice& dice, replica::Access access) {
    replica::OpenOptions options;
    options.access = access;
    options.create = true;
    options.vfs = disk.vfs();
    options.cache_kib = 512;
    auto db = must(replica::Database::open(kReplicaPath, options), "open");
    sqlite3_create_function(db.raw(), "randomblob", 1, SQLITE_UTF8 | SQLITE_INNOCUOUS, &dice,
                            randomblob, nullptr, nullptr);
    sqlite3_preupdate_hook(db.raw(), on_change, &disk.trace());
    return db;
}

// The standard entities go: the fewer tables a handle has to read, the more seeds a second.
std::string make_blank_replica(Tables tables) {
    WorldTime time;
    DeviceClock clock(time, 1);
    Trace trace;
    Disk disk("kontor-sim-blank", clock, 1, trace);
    Dice dice(1);
    {
        const auto db = open_on(disk, dice, replica::Access::kLocal);
        SeededRandom random(1);
        must(replica::migrate(db, random), "migrate");
        const auto standard = must(replica::Catalogue::load(db), "catalogue");
        auto transaction = must(replica::Transaction::begin(db), "begin");
        for (const auto& entity : standard.entities())
            must(db.execute("DROP TABLE \"" + entity.name + "\""), "drop");
        must(db.execute("DELETE FROM kontor_field; DELETE FROM kontor_entity"), "delete");
        for (const auto& entity : entities(tables))
            must(replica::ensure_entity(db, entity), "ensure");
        must(transaction.commit(), "commit");
        must(db.execute("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)"), "checkpoint");
    }
    return disk.get(kReplicaPath);
}

Trace* g_opened = nullptr;  // TraceOpened's

int on_open(sqlite3* db, const char** /*error*/, const sqlite3_api_routines* /*api*/) {
    sqlite3_preupdate_hook(db, on_change, g_opened);
    return SQLITE_OK;
}

using Extension = void (*)();

// A statement has not been reset, or a transaction not ended.
bool reads(const replica::Database& db) {
    return sqlite3_txn_state(db.raw(), nullptr) != SQLITE_TXN_NONE;
}

// A sweep was cut off: whoever sweeps next on this handle deletes what it has listed, which shows.
bool has_list(const replica::Database& db) {
    auto list = db.prepare("SELECT 1 FROM temp.listed LIMIT 1");
    return list && must(list->step(), "list");
}

}  // namespace

void prepare_process() {
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_MMAP_THRESHOLD, 256 << 20);
}

TraceOpened::TraceOpened(Trace& trace) : before_(std::exchange(g_opened, &trace)) {
    if (before_ == nullptr) sqlite3_auto_extension(reinterpret_cast<Extension>(on_open));
}

TraceOpened::~TraceOpened() {
    g_opened = before_;
    if (before_ == nullptr) sqlite3_cancel_auto_extension(reinterpret_cast<Extension>(on_open));
}

Machine::Machine(const std::string& name, const Clock& clock, std::uint64_t seed, Trace& trace)
    : disk(name, clock, seed, trace), dice(seed) {}

void Machine::open() {
    local = std::make_unique<replica::Database>(open_on(disk, dice, replica::Access::kLocal));
    engine = std::make_unique<replica::Database>(open_on(disk, dice, replica::Access::kEngine));
    api = std::make_unique<replica::Database>(open_on(disk, dice, replica::Access::kEngine));
    reader = std::make_unique<replica::Database>(open_on(disk, dice, replica::Access::kReadOnly));
    must(engine->execute(kAsTheDaemonDoes), "synchronous");
}

void Machine::close() {
    queries.clear();
    reader.reset();
    api.reset();
    engine.reset();
    local.reset();
}

Machines::Machines(Tables tables)
    : name_("kontor-sim-" + std::string(tables.leads ? "leads-" : "") +
            (tables.rows ? "rows-" : "")),
      blank_(make_blank_replica(tables)) {
    note_schema();
}

// Closing writes; those who watched the disks are gone.
Machines::~Machines() {
    Trace trace;
    WorldTime time;
    const DeviceClock clock(time, 1);
    for (auto& machine : idle_) machine->disk.move_to(clock, 0, trace);
    idle_.clear();
}

void Machines::note_schema() {
    Trace trace;
    WorldTime time;
    const DeviceClock clock(time, 1);
    auto machine = take(clock, 1, trace);
    schema_ = must(machine->local->scalar("PRAGMA schema_version"), "schema");
    give(std::move(machine));
}

void Machines::start_from(Machine& machine) {
    std::vector<std::string> indexes;
    {
        auto query = must(machine.local->prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT"
                                                 " NULL AND type = 'index'"),
                          "schema");
        while (must(query.step(), "schema")) indexes.emplace_back(query.text(0));
    }
    machine.close();
    Trace trace;
    WorldTime time;
    const DeviceClock clock(time, 1);
    auto blank = take(clock, 1, trace);
    for (const auto& index : indexes)
        if (index.starts_with("CREATE INDEX \"kontor_"))
            static_cast<void>(blank->local->execute(index));  // it may be there already
    must(blank->local->execute("PRAGMA wal_checkpoint(TRUNCATE)"), "checkpoint");
    blank_ = blank->disk.get(kReplicaPath);
    blank->close();
    give(std::move(blank));
    note_schema();
}

std::unique_ptr<Machine> Machines::take(const Clock& clock, std::uint64_t seed, Trace& trace) {
    std::unique_ptr<Machine> out;
    if (idle_.empty()) {
        out = std::make_unique<Machine>(name_ + std::to_string(made_++), clock, seed, trace);
    } else {
        out = std::move(idle_.back());
        idle_.pop_back();
        out->dice = Dice(seed);
        out->disk.move_to(clock, seed, trace);
    }
    out->disk.put(kReplicaPath, blank_);
    if (!out->local) out->open();
    must(out->engine->execute(kAsTheDaemonDoes), "synchronous");  // an ill push may have left FULL
    for (const auto* db : {out->local.get(), out->engine.get(), out->api.get()})
        sqlite3_preupdate_hook(db->raw(), on_change, &trace);
    return out;
}

void Machines::give(std::unique_ptr<Machine> machine) {
    // After a failure a handle is not as new; and with another schema of the same number as one
    // that it knows it could not tell that it is another.
    if (machine->local &&
        (machine->disk.dead() || reads(*machine->local) || reads(*machine->engine) ||
         reads(*machine->api) || reads(*machine->reader) || has_list(*machine->engine) ||
         must(machine->local->scalar("PRAGMA schema_version"), "schema") != schema_))
        machine->close();
    idle_.push_back(std::move(machine));
}

}  // namespace kontor::simulation
