#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sync/base/result.hpp"
#include "sync/base/value.hpp"
#include "sync/replica/write_turn.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace kontor::replica {

/// Turns the last failure of `db` into an Error: full disk, read-only, busy, corrupt and newer
/// formats each get their own code.
[[nodiscard]] Error storage_error(sqlite3* db, int result_code, std::string_view doing);

class StatementPool;

/// A prepared statement. Movable; one thread at a time; must not outlive its Database. At its end
/// it is reset and goes back to the Database that prepared it, for the next that asks for the same
/// text. Parameters are 1-based, columns 0-based, as in SQLite.
class Statement {
public:
    /// On a handle that is not a Database; finalised at its end. Elsewhere: Database::prepare.
    [[nodiscard]] static Result<Statement> prepare(sqlite3* db, std::string_view sql);

    Statement(Statement&& other) noexcept = default;
    Statement& operator=(Statement&& other) noexcept;
    ~Statement();

    /// Binds by copy. A wrong index is a bug: throws std::logic_error.
    void bind(int index, std::string_view text);
    void bind(int index, const char* text) { bind(index, std::string_view(text)); }
    void bind(int index, std::int64_t value);
    void bind(int index, int value) { bind(index, static_cast<std::int64_t>(value)); }
    void bind(int index, double value);
    void bind_null(int index);
    void bind_blob(int index, std::string_view bytes);
    /// Absent binds as null.
    void bind(int index, const ValueView& value);
    void bind(int index, const Value& value) { bind(index, value.view()); }
    /// Without a copy: `text` must stay alive and unchanged until the next reset().
    void bind_borrowed(int index, const ValueView& value);

    /// True while there is a row to read. On failure the error names `doing` as given to prepare.
    [[nodiscard]] Result<bool> step();
    /// step() for statements without rows, then reset.
    [[nodiscard]] Result<> run();
    /// Makes it ready to run again; bindings stay.
    void reset();

    [[nodiscard]] int columns() const;
    [[nodiscard]] std::string_view column_name(int column) const;
    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] double real(int column) const;
    /// "" for NULL. Valid until the next step() or reset().
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] std::string_view blob(int column) const;
    /// By storage class; blobs read as text. Valid as text() is.
    [[nodiscard]] ValueView value(int column) const;

    [[nodiscard]] sqlite3_stmt* raw() const { return stmt_.get(); }

private:
    friend class Database;
    friend class StatementPool;
    struct Finalize {
        void operator()(sqlite3_stmt* s) const noexcept;
    };
    using Handle = std::unique_ptr<sqlite3_stmt, Finalize>;
    Statement(Handle handle, std::shared_ptr<StatementPool> home)
        : stmt_(std::move(handle)), home_(std::move(home)) {}
    void check(int result_code) const;
    Handle stmt_;
    std::shared_ptr<StatementPool> home_;
};

/// How a handle is going to be used.
enum class Access {
    kReadOnly,  ///< readers: never waits for writers, never writes
    kLocal,     ///< edits by people and programs: triggers fire and capture them
    kEngine,    ///< the sync engine: triggers are off, it keeps history itself
};

struct OpenOptions {
    Access access = Access::kLocal;
    bool create = false;
    std::chrono::milliseconds busy_timeout{10'000};
    std::string vfs = {};      ///< "" = default
    int cache_kib = 8 * 1024;  ///< page cache of this handle
    /// How the threads of this process take turns; nullptr: SQLite's lock alone decides.
    WriteTurn* turn = nullptr;
    bool yields = false;  ///< its transactions give way to those of handles that do not
    /// Pages of the write-ahead log at which a Transaction, once it has given its turn back, writes
    /// them into the database as far as nobody has to wait for it.
    int checkpoint_pages = 1'000;
};

/// Where SQLite keeps what it sorts and what is too large for memory: beside the replica, for it
/// has people's data in it. The files have no name from the moment they are opened. For all handles
/// of this process, and before the first is opened; only the first call counts.
void keep_temporary_files_in(const std::string& folder);

/// The collation by which decimals kept as text compare as the numbers they are, to the last digit.
/// Every Database has it. What is no canonical decimal comes after all that are.
inline constexpr const char* kDecimalOrder = "kontor_decimal";

/// One SQLite connection, opened the one right way (WAL, pragmas, foreign keys off, no mmap; temp
/// store in memory, the engine's in a file). One thread at a time. Several handles on one file may
/// be used by several threads.
class Database {
public:
    /// ":memory:" works for one handle. Errors: kNotFound (and not `create`), kCorrupt, kTooNew,
    /// kReadOnly, kStorage.
    [[nodiscard]] static Result<Database> open(const std::string& path, const OpenOptions& options);

    /// Prepared anew only if no idle statement of this text is left from before.
    [[nodiscard]] Result<Statement> prepare(std::string_view sql) const;
    /// Runs one or several statements without parameters. Never paste values into `sql`.
    [[nodiscard]] Result<> execute(const std::string& sql) const;
    /// One number from a query without parameters; 0 if it has no row or NULL.
    [[nodiscard]] Result<std::int64_t> scalar(std::string_view sql) const;
    /// Writes the whole write-ahead log into the database and empties it, when the turn to write
    /// has come. False: a reader, or another process that writes, was in the way for `patience`.
    [[nodiscard]] Result<bool> empty_log(std::chrono::milliseconds patience) const;

    /// True if the file is no longer at its path: moved, deleted or replaced. What is written to it
    /// then is lost with this process, so that no Transaction begins.
    [[nodiscard]] bool has_moved() const;
    [[nodiscard]] std::int64_t last_insert_id() const;
    [[nodiscard]] int changes() const;
    [[nodiscard]] bool in_transaction() const;
    [[nodiscard]] sqlite3* raw() const { return db_.get(); }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    friend class Transaction;
    struct Close {
        void operator()(sqlite3* db) const noexcept;
    };
    Database(sqlite3* raw, std::string path, const OpenOptions& options);
    void checkpoint_if_due() const;
    std::unique_ptr<sqlite3, Close> db_;
    std::shared_ptr<StatementPool> statements_;  // after db_: they end before it
    std::string path_;
    WriteTurn* turn_ = nullptr;
    bool yields_ = false;
    std::chrono::milliseconds patience_{0};
    int checkpoint_pages_ = 0;
    std::unique_ptr<int> wal_pages_;  // after the last commit; SQLite writes to it
};

/// A write transaction (BEGIN IMMEDIATE): committed on request, otherwise rolled back at the end of
/// its life. A thread must not begin a second one on another handle of the same file.
class Transaction {
public:
    /// kBusy if the turn to write does not come within the handle's busy timeout; kCorrupt if the
    /// file has_moved().
    [[nodiscard]] static Result<Transaction> begin(const Database& db);
    /// kBusy at once if anybody else writes. For threads that must not wait: what its commit leaves
    /// in the write-ahead log is written back by others too.
    [[nodiscard]] static Result<Transaction> try_begin(const Database& db);
    Transaction(Transaction&& other) noexcept
        : db_(std::exchange(other.db_, nullptr)), waits_(other.waits_) {}
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();

    /// On failure the transaction is rolled back.
    [[nodiscard]] Result<> commit();
    void rollback() noexcept;

private:
    Transaction(const Database& db, bool waits) : db_(&db), waits_(waits) {}
    [[nodiscard]] static Result<Transaction> start(const Database& db, bool waits);
    void end() noexcept;
    const Database* db_;
    bool waits_;
};

/// A read transaction: everything read inside belongs to one moment. Ends with its life.
class Snapshot {
public:
    [[nodiscard]] static Result<Snapshot> begin(const Database& db);
    Snapshot(Snapshot&& other) noexcept : db_(std::exchange(other.db_, nullptr)) {}
    Snapshot& operator=(Snapshot&&) = delete;
    ~Snapshot();

private:
    explicit Snapshot(const Database& db) : db_(&db) {}
    const Database* db_;
};

}  // namespace kontor::replica
