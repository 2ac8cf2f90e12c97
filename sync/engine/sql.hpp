#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sync/base/result.hpp"
#include "sync/base/value.hpp"
#include "sync/replica/database.hpp"

namespace kontor::engine {

/// Thrown inside the engine, and only there, when the database fails or a step must stop. Almost
/// every line of the engine talks to SQLite, and every such failure means the same: leave the
/// transaction, which rolls back. The public functions turn it into a Result.
struct Failure {
    Error error;
};
[[noreturn]] inline void stop(Error error) {
    throw Failure{std::move(error)};
}

/// Runs `work` and turns a Failure into the Result's error.
template <class Work>
auto guarded(Work work) -> Result<decltype(work())> {
    try {
        if constexpr (std::is_void_v<decltype(work())>) {
            work();
            return {};
        } else {
            return work();
        }
    } catch (Failure& failure) {
        return tl::unexpected<Error>(std::move(failure.error));
    }
}

/// The value of a result, or its error as a Failure.
template <class T>
T need(Result<T> result) {
    if (!result) stop(std::move(result.error()));
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

struct Blob {
    std::string_view bytes;
};

/// Prepared statements by their text, on one handle. A statement is shared by all callers of the
/// same text: read its rows to the end before anything else may run the same text.
/// Throws Failure. Not thread-safe.
class Sql {
public:
    explicit Sql(const replica::Database& db) : db_(db) {}

    /// The statement, reset, with `args` bound to its parameters in order.
    template <class... Args>
    replica::Statement& bind(std::string_view sql, const Args&... args) {
        replica::Statement& statement = cached(sql);
        int index = 0;
        (bind_one(statement, ++index, args), ...);
        return statement;
    }
    template <class... Args>
    void run(std::string_view sql, const Args&... args) {
        need(bind(sql, args...).run());
    }
    /// First column of the first row; nullopt without a row or for NULL.
    template <class... Args>
    std::optional<std::int64_t> integer(std::string_view sql, const Args&... args) {
        replica::Statement& statement = bind(sql, args...);
        std::optional<std::int64_t> out;
        if (step(statement) && !statement.is_null(0)) out = statement.integer(0);
        statement.reset();
        return out;
    }
    template <class... Args>
    std::optional<std::string> text(std::string_view sql, const Args&... args) {
        replica::Statement& statement = bind(sql, args...);
        std::optional<std::string> out;
        if (step(statement) && !statement.is_null(0)) out = std::string(statement.text(0));
        statement.reset();
        return out;
    }
    static bool step(replica::Statement& statement) { return need(statement.step()); }

    [[nodiscard]] std::int64_t last_insert_id() const { return db_.last_insert_id(); }
    [[nodiscard]] int changes() const { return db_.changes(); }
    [[nodiscard]] const replica::Database& db() const { return db_; }
    /// Forgets all statements; needed before DDL on tables they use.
    void clear() {
        statements_.clear();
        recent_ = {};
    }

private:
    replica::Statement& cached(std::string_view sql);

    static void bind_one(replica::Statement& s, int i, std::int64_t v) { s.bind(i, v); }
    static void bind_one(replica::Statement& s, int i, int v) { s.bind(i, v); }
    static void bind_one(replica::Statement& s, int i, std::string_view v) { s.bind(i, v); }
    static void bind_one(replica::Statement& s, int i, const std::string& v) {
        s.bind(i, std::string_view(v));
    }
    static void bind_one(replica::Statement& s, int i, const char* v) { s.bind(i, v); }
    static void bind_one(replica::Statement& s, int i, const Value& v) { s.bind(i, v); }
    static void bind_one(replica::Statement& s, int i, const ValueView& v) { s.bind(i, v); }
    static void bind_one(replica::Statement& s, int i, Blob v) { s.bind_blob(i, v.bytes); }
    static void bind_one(replica::Statement& s, int i, std::nullptr_t) { s.bind_null(i); }
    template <class T>
    static void bind_one(replica::Statement& s, int i, const std::optional<T>& v) {
        if (v)
            bind_one(s, i, *v);
        else
            s.bind_null(i);
    }

    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };
    using Statements =
        std::unordered_map<std::string, std::unique_ptr<replica::Statement>, Hash, std::equal_to<>>;

    const replica::Database& db_;
    Statements statements_;
    /// Most texts are literals: what was asked for last from the same address is tried first, so
    /// that a long text need not be hashed each time. Entries of the map stay where they are.
    std::array<Statements::value_type*, 256> recent_{};
};

/// BEGIN IMMEDIATE … commit(), else rolled back. Throws Failure.
class WriteTransaction {
public:
    explicit WriteTransaction(const replica::Database& db)
        : transaction_(need(replica::Transaction::begin(db))) {}
    void commit() { need(transaction_.commit()); }

private:
    replica::Transaction transaction_;
};

}  // namespace kontor::engine
