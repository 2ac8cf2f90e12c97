#include "bench/floor/table.hpp"

#include <cstdio>
#include <cstdlib>

namespace floor_bench {

namespace {

constexpr std::int64_t kRecordsACommit = 5000;

const char* affinity(Kind kind) {
    switch (kind) {
        case Kind::kReal:
            return " REAL";
        case Kind::kInteger:
        case Kind::kBoolean:
        case Kind::kLookup:
            return " INTEGER";
        default:
            return " TEXT";
    }
}

}  // namespace

std::string field_list(std::string_view quote) {
    std::string out;
    for (const Field& field : kFields) {
        if (!out.empty()) out += ',';
        out.append(quote).append(field.name).append(quote);
    }
    return out;
}

Table::Table(const std::string& path) {
    for (const char* end : {"", "-wal", "-shm"}) std::remove((path + end).c_str());
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (sqlite3_open_v2(path.c_str(), &db_,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        nullptr) != SQLITE_OK)
        std::exit(1);
    // As Kontor: commits of a load do not wait for the disk, checkpoints do.
    execute(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;"
        "PRAGMA wal_autocheckpoint=4000; PRAGMA temp_store=MEMORY");
    std::string columns = "id INTEGER PRIMARY KEY";
    std::string names = "id";
    std::string places = "?1";
    int place = 1;
    for (std::size_t i = 0; i < kFields.size(); ++i) {
        if (kFields[i].kind == Kind::kNotStored) continue;
        places_[i] = ++place;
        columns.append(", ").append(kFields[i].name).append(affinity(kFields[i].kind));
        names.append(", ").append(kFields[i].name);
        places.append(", ?").append(std::to_string(place));
    }
    execute("CREATE TABLE contact(" + columns + ");" +
            "CREATE TABLE link(id INTEGER PRIMARY KEY, record INTEGER, ext_id TEXT, version TEXT)");
    record_ = prepare("INSERT INTO contact(" + names + ") VALUES(" + places + ")");
    link_ = prepare("INSERT INTO link(record, ext_id, version) VALUES(?1, ?2, ?3)");
    execute("BEGIN");
}

Table::~Table() {
    sqlite3_finalize(record_);
    sqlite3_finalize(link_);
    sqlite3_close(db_);
}

void Table::text(std::size_t field, std::string_view value) {
    sqlite3_bind_text(record_, places_[field], value.data(), static_cast<int>(value.size()),
                      SQLITE_STATIC);
}

void Table::integer(std::size_t field, std::int64_t value) {
    sqlite3_bind_int64(record_, places_[field], value);
}

void Table::real(std::size_t field, double value) {
    sqlite3_bind_double(record_, places_[field], value);
}

void Table::add(std::string_view ext_id, std::string_view version) {
    sqlite3_bind_int64(record_, 1, ++records_);
    step(record_);
    sqlite3_bind_int64(link_, 1, records_);
    sqlite3_bind_text(link_, 2, ext_id.data(), static_cast<int>(ext_id.size()), SQLITE_STATIC);
    sqlite3_bind_text(link_, 3, version.data(), static_cast<int>(version.size()), SQLITE_STATIC);
    step(link_);
    if (records_ % kRecordsACommit == 0) execute("COMMIT; BEGIN");
}

void Table::finish() {
    execute(
        "COMMIT; BEGIN;"
        "CREATE UNIQUE INDEX link_ext ON link(ext_id);"
        "CREATE UNIQUE INDEX link_record ON link(record);"
        "CREATE INDEX contact_account ON contact(Account_Name);"
        "CREATE INDEX contact_reports_to ON contact(Reporting_To);"
        "CREATE INDEX contact_email ON contact(Email);"
        "CREATE INDEX contact_owner ON contact(Owner);"
        "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
}

void Table::execute(const std::string& sql) {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return;
    std::fprintf(stderr, "SQLite: %s\n", sqlite3_errmsg(db_));
    std::exit(1);
}

sqlite3_stmt* Table::prepare(const std::string& sql) {
    sqlite3_stmt* out = nullptr;
    if (sqlite3_prepare_v3(db_, sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &out, nullptr) ==
        SQLITE_OK)
        return out;
    std::fprintf(stderr, "SQLite: %s\n", sqlite3_errmsg(db_));
    std::exit(1);
}

void Table::step(sqlite3_stmt* statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) {
        std::fprintf(stderr, "SQLite: %s\n", sqlite3_errmsg(db_));
        std::exit(1);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
}

}  // namespace floor_bench
