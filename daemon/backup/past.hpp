#pragma once

#include <optional>
#include <span>
#include <string>

#include "daemon/backup/backups.hpp"
#include "daemon/backup/scratch.hpp"
#include "daemon/backup/spool.hpp"
#include "sync/replica/database.hpp"

namespace kontor::backup {

/// Where the past is read from.
struct PastSources {
    std::string state_dir;
    const Backups& backups;
    std::span<const config::Backup> targets;  ///< in the order in which they are tried
    bool own = true;                          ///< the replica's own history first, if it reaches
};

/// What the replica was at moments of its past: the replica itself, whose history leads back to
/// them, or where that does not reach (before it began, or in a time that a restore has lost) the
/// first backup after them, put together in a folder of its own for as long as this lives. One
/// thread. Holds the spool meanwhile if it is a backup (kBusy).
class Past {
public:
    /// That knows all from `first` to `last`. kNotFound with the reason past_unreached; if there is
    /// a backup to look into, its error.
    [[nodiscard]] static Result<Past> open(const PastSources& sources, Instant first, Instant last,
                                           Random& random);

    /// Read only if own(), else nobody else's.
    [[nodiscard]] const replica::Database& db() const { return db_; }
    [[nodiscard]] bool own() const { return name_.empty(); }
    [[nodiscard]] const std::string& backup() const { return name_; }  ///< "" if own()
    /// The last entry of its history at that moment.
    [[nodiscard]] Result<std::int64_t> seq_at(Instant at) const;

private:
    Past(std::optional<Spool> spool, std::optional<Scratch> scratch, replica::Database db,
         std::string name)
        : spool_(std::move(spool)),
          scratch_(std::move(scratch)),
          db_(std::move(db)),
          name_(std::move(name)) {}
    [[nodiscard]] static Result<Past> from_backup(const PastSources& sources,
                                                  const config::Backup& target, Instant first,
                                                  Instant last, Random& random);

    std::optional<Spool> spool_;
    std::optional<Scratch> scratch_;
    replica::Database db_;
    std::string name_;
};

}  // namespace kontor::backup
