#include "tests/peers/zoho/durable.hpp"

#include <sqlite3.h>

#include <stdexcept>

#include "tests/peers/base/number.hpp"

namespace kontor::peer::zoho {

namespace {

using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

Statement prepare(sqlite3* database, const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, nullptr) != SQLITE_OK)
        throw std::runtime_error(sqlite3_errmsg(database));
    return {statement, sqlite3_finalize};
}

std::string column_text(sqlite3_stmt* statement, int column) {
    const void* bytes = sqlite3_column_blob(statement, column);
    const int size = sqlite3_column_bytes(statement, column);
    return bytes == nullptr
               ? std::string()
               : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

Json tombstone_json(const Stored& stored) {
    if (!stored.tombstone) return nullptr;
    const Tombstone& t = *stored.tombstone;
    return {{"at", t.deleted_s},
            {"permanent", t.permanent},
            {"by", t.deleted_by},
            {"name", t.display_name},
            {"created_by", t.created_by}};
}

Stored read_stored(sqlite3_stmt* row) {
    Stored stored;
    stored.blob = column_text(row, 2);
    stored.modified_s = static_cast<std::uint32_t>(sqlite3_column_int64(row, 3));
    const int flags = sqlite3_column_int(row, 4);
    stored.exists = (flags & 1) != 0;
    stored.locked = (flags & 2) != 0;
    stored.converted = (flags & 4) != 0;
    const Json tombstone = Json::parse(column_text(row, 5), nullptr, false);
    if (tombstone.is_object()) {
        Tombstone t;
        t.deleted_s = tombstone.at("at");
        t.permanent = tombstone.at("permanent");
        t.deleted_by = tombstone.at("by");
        t.display_name = tombstone.at("name");
        t.created_by = tombstone.at("created_by");
        stored.tombstone = std::move(t);
    }
    return stored;
}

}  // namespace

Durable::Durable(const std::string& path) {
    if (path.empty()) return;
    if (sqlite3_open(path.c_str(), &database_) != SQLITE_OK)
        throw std::runtime_error("cannot open " + path);
    execute("PRAGMA journal_mode=WAL");
    execute("PRAGMA synchronous=NORMAL");
    execute("CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT)");
    execute(
        "CREATE TABLE IF NOT EXISTS row(module INTEGER, slot INTEGER, blob BLOB, modified INTEGER,"
        " flags INTEGER, tombstone TEXT, PRIMARY KEY(module, slot)) WITHOUT ROWID");
}

Durable::~Durable() {
    sqlite3_close(database_);
}

void Durable::execute(const std::string& sql) const {
    if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        throw std::runtime_error(sqlite3_errmsg(database_));
}

std::string Durable::read_meta(const std::string& key) const {
    if (database_ == nullptr) return {};
    const Statement statement = prepare(database_, "SELECT value FROM meta WHERE key=?");
    sqlite3_bind_text(statement.get(), 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    return sqlite3_step(statement.get()) == SQLITE_ROW ? column_text(statement.get(), 0)
                                                       : std::string();
}

void Durable::write_meta(const std::string& key, const std::string& value) const {
    const Statement statement = prepare(database_, "REPLACE INTO meta VALUES(?,?)");
    sqlite3_bind_text(statement.get(), 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
    sqlite3_bind_text(statement.get(), 2, value.data(), static_cast<int>(value.size()),
                      SQLITE_STATIC);
    sqlite3_step(statement.get());
}

std::int64_t Durable::data_end_s() const {
    return leading_number(read_meta("data_end_s"));
}

void Durable::load(Org& org, OAuth& oauth) {
    if (database_ == nullptr) return;
    const Json tokens = Json::parse(read_meta("oauth"), nullptr, false);
    const Json counters = Json::parse(read_meta("counters"), nullptr, false);
    if (counters.is_object()) {
        org.set_sequence(counters.at("sequence"));
        // New random tokens must differ from those of the former run.
        org.reseed(counters.at("sequence").get<std::uint64_t>() +
                   static_cast<std::uint64_t>(org.now_ms()));
    }
    if (tokens.is_object()) oauth.load(tokens);
    const Statement rows = prepare(
        database_, "SELECT module, slot, blob, modified, flags, tombstone FROM row ORDER BY 1, 2");
    while (sqlite3_step(rows.get()) == SQLITE_ROW) {
        const Module* module =
            org.catalogue.by_number(static_cast<unsigned>(sqlite3_column_int(rows.get(), 0)));
        if (module == nullptr) continue;
        org.store(*module).put_back(static_cast<Slot>(sqlite3_column_int64(rows.get(), 1)),
                                    read_stored(rows.get()));
    }
    for (const auto& module : org.catalogue.modules()) org.store(*module).take_dirty();
    write_meta("data_end_s", std::to_string(org.data_end_s()));
}

void Durable::save(Org& org, OAuth& oauth) {
    if (database_ == nullptr) return;
    std::vector<std::pair<const Module*, std::vector<Slot>>> work;
    for (const auto& module : org.catalogue.modules()) {
        std::vector<Slot> dirty = org.store(*module).take_dirty();
        if (!dirty.empty()) work.emplace_back(module.get(), std::move(dirty));
    }
    const bool tokens = oauth.take_changed();
    const bool counters = org.sequence() != sequence_saved_;
    if (work.empty() && !tokens && !counters) return;
    execute("BEGIN IMMEDIATE");
    const Statement insert = prepare(database_, "REPLACE INTO row VALUES(?,?,?,?,?,?)");
    for (const auto& [module, slots] : work) {
        for (const Slot slot : slots) {
            const Stored& stored = *org.store(*module).stored(slot);
            const std::string tombstone = tombstone_json(stored).dump();
            sqlite3_bind_int(insert.get(), 1, static_cast<int>(module->number));
            sqlite3_bind_int64(insert.get(), 2, slot);
            sqlite3_bind_blob(insert.get(), 3, stored.blob.data(),
                              static_cast<int>(stored.blob.size()), SQLITE_STATIC);
            sqlite3_bind_int64(insert.get(), 4, stored.modified_s);
            sqlite3_bind_int(
                insert.get(), 5,
                (stored.exists ? 1 : 0) | (stored.locked ? 2 : 0) | (stored.converted ? 4 : 0));
            sqlite3_bind_text(insert.get(), 6, tombstone.data(), static_cast<int>(tombstone.size()),
                              SQLITE_STATIC);
            sqlite3_step(insert.get());
            sqlite3_reset(insert.get());
        }
    }
    if (tokens) write_meta("oauth", oauth.save().dump());
    write_meta("counters", Json{{"sequence", org.sequence()}}.dump());
    sequence_saved_ = org.sequence();
    execute("COMMIT");
}

}  // namespace kontor::peer::zoho
