#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/backup/repository.hpp"
#include "sync/backup/manifest.hpp"
#include "sync/base/random.hpp"

namespace kontor::backup {

struct RestoreRequest {
    std::string state_dir;
    std::optional<Instant> to;  ///< the newest moment not later than this; nullopt: the newest
    std::string replica_id;     ///< whose backups; "" where the repository has only one replica's
    std::string config_folder;  ///< where the configuration goes; "" = nowhere
};

struct Restored {
    Manifest manifest;
    std::string snapshot;
    std::int64_t epoch = 0;  ///< the new one
    std::string set_aside;   ///< the database that was there before; "" if there was none
};

/// Puts the replica back as it was. kontord must not run on that state folder (kBusy otherwise).
/// The database is put together and proven beside the one in use, begins a new epoch (see
/// engine::start_epoch), and takes its place in one step; the one before is kept under another
/// name. On failure all is as it was. kNotFound with the reason backup_none or backup_too_early.
[[nodiscard]] Result<Restored> restore_replica(const Repository& repository,
                                               const RestoreRequest& request, const Clock& clock,
                                               Random& random);

}  // namespace kontor::backup
