#include "sync/replica/database.hpp"

#include <sqlite3.h>

#include <functional>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "sync/base/decimal.hpp"
#include "sync/replica/moved.hpp"

namespace kontor::replica {
namespace {

int compare_as_decimals(void*, int a_size, const void* a_text, int b_size, const void* b_text) {
    const std::string_view a(static_cast<const char*>(a_text), static_cast<std::size_t>(a_size));
    const std::string_view b(static_cast<const char*>(b_text), static_cast<std::size_t>(b_size));
    const bool numbers[] = {is_canonical_decimal(a), is_canonical_decimal(b)};
    if (numbers[0] != numbers[1]) return numbers[0] ? -1 : 1;
    return numbers[0] ? compare_decimals(a, b) : a.compare(b);
}

}  // namespace

Error storage_error(sqlite3* db, int result_code, std::string_view doing) {
    Errc code = Errc::kStorage;
    switch (result_code & 0xff) {
        case SQLITE_FULL:
            code = Errc::kFull;
            break;
        case SQLITE_READONLY:
        case SQLITE_PERM:
            code = Errc::kReadOnly;
            break;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            code = Errc::kBusy;
            break;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            code = Errc::kCorrupt;
            break;
        case SQLITE_CANTOPEN:
            code = Errc::kNotFound;
            break;
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH:
            code = Errc::kInvalid;
            break;
        case SQLITE_INTERRUPT:
            code = Errc::kCancelled;
            break;
        default:
            break;
    }
    std::string message{doing};
    message += ": ";
    message += db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(result_code);
    Error error{code, std::move(message), {}, std::nullopt};
    const bool of_the_file = code == Errc::kFull || code == Errc::kReadOnly ||
                             code == Errc::kCorrupt || (result_code & 0xff) == SQLITE_IOERR;
    const char* path = db != nullptr && of_the_file ? sqlite3_db_filename(db, "main") : nullptr;
    if (path != nullptr && *path != '\0') {
        error.message += std::string(" (") + path + ")";
        error.args.emplace("path", path);
    }
    return error;
}

// --- Statement

/// Statements of one handle that nobody uses, the longest unused first. Few enough to look through.
class StatementPool {
public:
    /// An idle statement of this text; null if there is none.
    Statement::Handle take(std::string_view sql) {
        const auto hash = std::hash<std::string_view>{}(sql);
        for (auto it = idle_.end(); it != idle_.begin();) {
            --it;
            if (it->hash != hash || sql != sqlite3_sql(it->statement.get())) continue;
            auto found = std::move(it->statement);
            idle_.erase(it);
            return found;
        }
        return nullptr;
    }
    void put(Statement::Handle statement) noexcept {
        sqlite3_reset(statement.get());
        // Texts may be large, and are not to be kept.
        sqlite3_clear_bindings(statement.get());
        try {
            if (idle_.size() >= kIdleMax) idle_.erase(idle_.begin());
            const auto hash = std::hash<std::string_view>{}(sqlite3_sql(statement.get()));
            idle_.push_back({hash, std::move(statement)});
        } catch (const std::bad_alloc&) {  // then it is prepared again
        }
    }

private:
    static constexpr std::size_t kIdleMax =
        256;  // more than the engine's texts, or each sync prepares all
    struct Idle {
        std::size_t hash;
        Statement::Handle statement;
    };
    std::vector<Idle> idle_;
};

void Statement::Finalize::operator()(sqlite3_stmt* s) const noexcept {
    sqlite3_finalize(s);
}

Result<Statement> Statement::prepare(sqlite3* db, std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    const int rc = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    if (rc != SQLITE_OK) {
        std::string doing{"prepare '"};
        doing.append(sql.substr(0, 120)).append("'");
        return tl::unexpected<Error>(storage_error(db, rc, doing));
    }
    return Statement(Handle(raw), nullptr);
}

Statement& Statement::operator=(Statement&& other) noexcept {
    std::swap(stmt_, other.stmt_);
    std::swap(home_, other.home_);
    return *this;
}

Statement::~Statement() {
    if (stmt_ && home_) home_->put(std::move(stmt_));
}

void Statement::check(int result_code) const {
    if (result_code == SQLITE_NOMEM) throw std::bad_alloc();
    if (result_code == SQLITE_TOOBIG) throw std::length_error("value too long for SQLite");
    if (result_code != SQLITE_OK)
        throw std::logic_error(std::string("bind: ") + sqlite3_errstr(result_code));
}

void Statement::bind(int index, std::string_view text) {
    check(sqlite3_bind_text64(raw(), index, text.data() != nullptr ? text.data() : "", text.size(),
                              SQLITE_TRANSIENT, SQLITE_UTF8));
}
void Statement::bind(int index, std::int64_t value) {
    check(sqlite3_bind_int64(raw(), index, value));
}
void Statement::bind(int index, double value) {
    check(sqlite3_bind_double(raw(), index, value));
}
void Statement::bind_null(int index) {
    check(sqlite3_bind_null(raw(), index));
}
void Statement::bind_blob(int index, std::string_view bytes) {
    check(sqlite3_bind_blob64(raw(), index, bytes.data() != nullptr ? bytes.data() : "",
                              bytes.size(), SQLITE_TRANSIENT));
}

void Statement::bind(int index, const ValueView& value) {
    switch (value.kind) {
        case Kind::kInteger:
            return bind(index, value.integer);
        case Kind::kReal:
            return bind(index, value.real);
        case Kind::kText:
            return bind(index, value.text);
        default:
            return bind_null(index);
    }
}

void Statement::bind_borrowed(int index, const ValueView& value) {
    if (value.kind != Kind::kText) return bind(index, value);
    check(sqlite3_bind_text64(raw(), index, value.text.data() != nullptr ? value.text.data() : "",
                              value.text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

Result<bool> Statement::step() {
    const int rc = sqlite3_step(raw());
    if (rc == SQLITE_ROW) return true;
    if (rc == SQLITE_DONE) return false;
    sqlite3* db = sqlite3_db_handle(raw());
    const Error error = storage_error(db, sqlite3_extended_errcode(db), "database");
    sqlite3_reset(raw());
    return tl::unexpected<Error>(error);
}

Result<> Statement::run() {
    auto row = step();
    reset();
    if (!row) return pass(row);
    return {};
}

void Statement::reset() {
    sqlite3_reset(raw());
}

int Statement::columns() const {
    return sqlite3_column_count(raw());
}
std::string_view Statement::column_name(int column) const {
    const char* name = sqlite3_column_name(raw(), column);
    return name != nullptr ? name : "";
}
bool Statement::is_null(int column) const {
    return sqlite3_column_type(raw(), column) == SQLITE_NULL;
}
std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(raw(), column);
}
double Statement::real(int column) const {
    return sqlite3_column_double(raw(), column);
}
std::string_view Statement::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(raw(), column));
    if (data == nullptr) return "";
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(raw(), column))};
}
std::string_view Statement::blob(int column) const {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(raw(), column));
    if (data == nullptr) return "";
    return {data, static_cast<std::size_t>(sqlite3_column_bytes(raw(), column))};
}
ValueView Statement::value(int column) const {
    switch (sqlite3_column_type(raw(), column)) {
        case SQLITE_INTEGER:
            return ValueView::of(integer(column));
        case SQLITE_FLOAT:
            return ValueView::of(real(column));
        case SQLITE_NULL:
            return ValueView::null();
        case SQLITE_BLOB:
            return ValueView::of(blob(column));
        default:
            return ValueView::of(text(column));
    }
}

// --- Database

void Database::Close::operator()(sqlite3* db) const noexcept {
    sqlite3_close_v2(db);
}

Database::Database(sqlite3* raw, std::string path, const OpenOptions& options)
    : db_(raw),
      statements_(std::make_shared<StatementPool>()),
      path_(std::move(path)),
      turn_(options.turn),
      yields_(options.yields),
      patience_(options.busy_timeout),
      checkpoint_pages_(options.checkpoint_pages),
      wal_pages_(std::make_unique<int>(0)) {}

// SQLite would do it within COMMIT, while others of this process wait for their turn.
void Database::checkpoint_if_due() const {
    if (*wal_pages_ < checkpoint_pages_) return;
    *wal_pages_ = 0;
    // Without success it is tried again after the next commit.
    sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

namespace {

// Statistics of memory cost a lock at every allocation, and nobody reads them. Ignored if SQLite
// runs already.
void configure_sqlite() {
    static const int configured = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(configured);
}

}  // namespace

Result<Database> Database::open(const std::string& path, const OpenOptions& options) {
    configure_sqlite();
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    if (options.access == Access::kReadOnly)
        flags |= SQLITE_OPEN_READONLY;
    else
        flags |= SQLITE_OPEN_READWRITE | (options.create ? SQLITE_OPEN_CREATE : 0);

    sqlite3* raw = nullptr;
    const int rc = sqlite3_open_v2(path.c_str(), &raw, flags,
                                   options.vfs.empty() ? nullptr : options.vfs.c_str());
    Database db(raw, path, options);
    if (rc != SQLITE_OK) {
        Error error = storage_error(raw, rc, "open " + path);
        error.args["path"] = path;
        return tl::unexpected<Error>(std::move(error));
    }
    sqlite3_busy_timeout(raw, static_cast<int>(options.busy_timeout.count()));
    sqlite3_create_collation(raw, kDecimalOrder, SQLITE_UTF8, nullptr, compare_as_decimals);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(raw, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    if (options.access == Access::kEngine)
        sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);

    if (options.turn != nullptr)
        sqlite3_wal_hook(
            raw,
            [](void* pages, sqlite3*, const char*, int count) {
                *static_cast<int*>(pages) = count;
                return SQLITE_OK;
            },
            db.wal_pages_.get());
    else
        sqlite3_wal_autocheckpoint(raw, options.checkpoint_pages);

    // The text comes from these constants alone. synchronous=FULL: a local write that was reported
    // as done survives power loss. In memory, what is sorted for an index, or listed for a sweep,
    // would be held as a whole.
    const bool large = options.access == Access::kEngine;
    std::string setup = std::string("PRAGMA temp_store=") + (large ? "FILE" : "MEMORY") +
                        "; PRAGMA mmap_size=0; PRAGMA trusted_schema=OFF;"
                        "PRAGMA cache_size=-" +
                        std::to_string(options.cache_kib) + ";";
    if (options.access != Access::kReadOnly)
        setup +=
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=OFF;"
            "PRAGMA journal_size_limit=67108864;";
    if (auto done = db.execute(setup); !done) {
        done.error().args["path"] = path;
        return in_context("open " + path, done.error());
    }
    return db;
}

void keep_temporary_files_in(const std::string& folder) {
    static std::once_flag once;
    std::call_once(once, [&] {
        configure_sqlite();
        // SQLite's own memory, for it may free it.
        sqlite3_temp_directory = sqlite3_mprintf("%s", folder.c_str());
    });
}

Result<Statement> Database::prepare(std::string_view sql) const {
    if (auto idle = statements_->take(sql)) return Statement(std::move(idle), statements_);
    auto statement = Statement::prepare(db_.get(), sql);
    if (statement) statement->home_ = statements_;
    return statement;
}

Result<> Database::execute(const std::string& sql) const {
    const int rc = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
    if (rc != SQLITE_OK)
        return tl::unexpected<Error>(
            storage_error(db_.get(), sqlite3_extended_errcode(db_.get()), "database"));
    return {};
}

Result<std::int64_t> Database::scalar(std::string_view sql) const {
    auto statement = prepare(sql);
    if (!statement) return pass(statement);
    auto row = statement->step();
    if (!row) return pass(row);
    return *row ? statement->integer(0) : 0;
}

Result<bool> Database::empty_log(std::chrono::milliseconds patience) const {
    if (turn_ != nullptr && !turn_->take(yields_, patience_)) return false;
    sqlite3_busy_timeout(db_.get(), static_cast<int>(patience.count()));
    const int rc =
        sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(db_.get(), static_cast<int>(patience_.count()));
    if (turn_ != nullptr) turn_->give();
    if (rc == SQLITE_OK) return true;
    if ((rc & 0xff) == SQLITE_BUSY) return false;
    return tl::unexpected<Error>(storage_error(db_.get(), rc, "write back the log"));
}

bool Database::has_moved() const {
    int moved = 0;  // a file system that cannot tell leaves it
    sqlite3_file_control(raw(), "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    return moved != 0;
}
std::int64_t Database::last_insert_id() const {
    return sqlite3_last_insert_rowid(db_.get());
}
int Database::changes() const {
    return sqlite3_changes(db_.get());
}
bool Database::in_transaction() const {
    return sqlite3_get_autocommit(db_.get()) == 0;
}

// --- Transaction, Snapshot

namespace {

Result<> run_once(const Database& db, std::string_view sql) {
    auto statement = db.prepare(sql);
    if (!statement) return pass(statement);
    return statement->run();
}

}  // namespace

Result<Transaction> Transaction::begin(const Database& db) {
    return start(db, true);
}

Result<Transaction> Transaction::try_begin(const Database& db) {
    return start(db, false);
}

Result<Transaction> Transaction::start(const Database& db, bool waits) {
    if (db.has_moved()) return moved_error(db.path());
    const auto patience = waits ? db.patience_ : std::chrono::milliseconds{0};
    if (db.turn_ != nullptr && !db.turn_->take(db.yields_, patience))
        return fail(Errc::kBusy, "database: others of this process have been writing for too long");
    Transaction transaction(db, waits);
    if (!waits) sqlite3_busy_timeout(db.raw(), 0);
    auto begun = run_once(db, "BEGIN IMMEDIATE");
    if (!waits) sqlite3_busy_timeout(db.raw(), static_cast<int>(db.patience_.count()));
    if (!begun) {
        transaction.end();
        return pass(begun);
    }
    return transaction;
}

Result<> Transaction::commit() {
    auto done = run_once(*db_, "COMMIT");
    if (!done) {
        rollback();
        return done;
    }
    const Database& db = *db_;
    end();
    if (waits_) db.checkpoint_if_due();
    return done;
}

void Transaction::rollback() noexcept {
    if (db_ == nullptr) return;
    // Some failures have rolled back already; then there is nothing left to undo.
    if (db_->in_transaction()) sqlite3_exec(db_->raw(), "ROLLBACK", nullptr, nullptr, nullptr);
    end();
}

void Transaction::end() noexcept {
    if (db_->turn_ != nullptr) db_->turn_->give();
    db_ = nullptr;
}

Transaction::~Transaction() {
    rollback();
}

Result<Snapshot> Snapshot::begin(const Database& db) {
    if (auto begun = run_once(db, "BEGIN"); !begun) return pass(begun);
    return Snapshot(db);
}

Snapshot::~Snapshot() {
    // Nothing was written that could fail to be kept.
    if (db_ != nullptr && db_->in_transaction()) static_cast<void>(run_once(*db_, "COMMIT"));
}

}  // namespace kontor::replica
