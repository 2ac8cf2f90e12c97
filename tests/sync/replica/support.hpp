#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "sync/base/random.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"
#include "sync/replica/undo.hpp"

namespace kontor::replica::test {

/// A folder of its own, gone at the end.
class TempDir {
public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    [[nodiscard]] std::string path(const std::string& name) const { return (dir_ / name).string(); }

private:
    std::filesystem::path dir_;
};

/// A new replica in a file, and short ways to look into it. Everything that fails throws.
class Replica {
public:
    Replica();

    [[nodiscard]] const Database& db() const { return db_; }
    [[nodiscard]] std::string path() const { return dir_.path("replica.db"); }
    [[nodiscard]] Database open(Access access) const;
    /// Without the handle of its own, as if nobody had the file open.
    void while_closed(const std::function<void()>& what);
    [[nodiscard]] Catalogue catalogue() const;
    [[nodiscard]] std::int64_t field(const std::string& entity, const std::string& name) const;

    void run(const std::string& sql) const { run_on(db_, sql); }
    static void run_on(const Database& db, const std::string& sql);
    /// Rows as text: columns joined by "|", NULL as "∅".
    [[nodiscard]] std::vector<std::string> rows(const std::string& sql) const;
    [[nodiscard]] std::string one(const std::string& sql) const;
    /// History since `after` as "entity record field op old", fields by name, "-" for none.
    [[nodiscard]] std::vector<std::string> history(std::int64_t after = 0) const;
    [[nodiscard]] std::int64_t last_seq() const;

    /// Runs the sqlite3 program on the file; its output and errors. `status` gets its exit status.
    [[nodiscard]] std::string sqlite3(const std::string& sql, int* status = nullptr) const;

private:
    TempDir dir_;
    Database db_;
};

/// For undo: there is no remote that only shows something.
[[nodiscard]] Result<ShownBy> nothing_only_read(const Entity&);

}  // namespace kontor::replica::test
