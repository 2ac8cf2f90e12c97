#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sync/base/log.hpp"
#include "sync/replica/integrity.hpp"

namespace kontor::app {

/// Whether damage of the replica's file has been seen. A replica that lacks rows or shows wrong
/// ones would send deletions and old values, so nothing is synced with it until an examination
/// finds it sound, or another file takes its place. A restart is no reason: what was seen is noted
/// beside the replica, in `<replica>.damaged`. Thread-safe.
class ReplicaHealth {
public:
    /// `path`: of the replica, which is there. The log must outlive it.
    ReplicaHealth(const std::string& path, Logger& log);

    /// Takes note if that says that this very file is damaged. Any other error says nothing.
    void note(const Error& error);
    /// Reads all of the replica, its indexes against its tables: seconds for each gigabyte. What is
    /// found holds from then on. Errors: as replica::check_integrity().
    [[nodiscard]] Result<std::vector<replica::IntegrityProblem>> examine(
        const replica::Database& db);
    /// Why nothing is synced: kCorrupt, reason `replica_damaged`. nullopt: no damage was seen.
    [[nodiscard]] std::optional<Error> damage() const;

private:
    void become_damaged(std::string what);
    void remember(const std::string& what);
    void recall();

    const std::string path_;  ///< as SQLite names it
    const std::string note_;  ///< its path
    Logger& log_;
    mutable std::mutex mutex_;
    std::optional<std::string> damage_;
};

}  // namespace kontor::app
