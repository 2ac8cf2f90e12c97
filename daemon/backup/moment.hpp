#pragma once

#include <optional>
#include <string>

#include "daemon/backup/repository.hpp"
#include "sync/backup/manifest.hpp"
#include "sync/base/random.hpp"

namespace kontor::backup {

/// Which moment of which replica is looked for in a repository.
struct MomentWanted {
    std::optional<Instant> at;  ///< nullopt: the newest that there is
    std::string replica_id;     ///< "" where the repository has only one replica's
};

/// The database from which a moment can be had.
struct Moment {
    std::string snapshot;
    Manifest manifest;     ///< of the point that it is
    std::string database;  ///< proven
    /// It is the first point that is later than the moment: its history leads back to it. Else it
    /// is the moment itself, or the newest point before it, if none is later.
    bool later = false;
};

/// Brings the files of the backup that leads to the moment to `folder`/files (the configuration of
/// that time among them), puts the database together beside them and proves it. kNotFound with the
/// reason backup_none, kConflict with backup_several, kCorrupt, and the errors of Repository.
[[nodiscard]] Result<Moment> fetch_moment(const Repository& repository, const MomentWanted& wanted,
                                          const std::string& folder, Random& random);

}  // namespace kontor::backup
