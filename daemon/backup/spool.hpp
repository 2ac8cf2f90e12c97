#pragma once

#include <string>

#include "config/load.hpp"
#include "daemon/lock_file.hpp"
#include "sync/backup/chain.hpp"
#include "sync/base/result.hpp"

namespace kontor::backup {

/// The file with the pages of the replica that have changed since its newest backup: see
/// sync/backup/changed_pages.hpp.
[[nodiscard]] std::string changed_pages_file(const std::string& state_dir);

/// The folder `backup` of the state folder: what a backup stores, kept between backups so that each
/// stores only what is new. `tree` below it is what goes into repositories:
///
///     tree/replica/…     the replica's points, see sync/backup/chain.hpp
///     tree/config/…      configuration, mappings, surveys, descriptions of CRMs: references to
///                        secrets but no secrets
///     tree/secrets.cms   only in backups of a target that has a `secrets_password`
///
/// Held by one process at a time.
class Spool {
public:
    /// kBusy, with the holder's `pid`, if another backup or restore is at work.
    [[nodiscard]] static Result<Spool> open(const std::string& state_dir);

    /// Adds the replica as it is now, and the configuration.
    [[nodiscard]] Result<Extended> gather(const config::Loaded& configuration,
                                          const PointLabel& label);

    [[nodiscard]] std::string folder() const { return folder_; }
    [[nodiscard]] std::string tree() const { return folder_ + "/tree"; }

private:
    Spool(std::string state_dir, std::string folder, app::LockFile lock)
        : state_dir_(std::move(state_dir)), folder_(std::move(folder)), lock_(std::move(lock)) {}
    std::string state_dir_;
    std::string folder_;
    app::LockFile lock_;
};

}  // namespace kontor::backup
