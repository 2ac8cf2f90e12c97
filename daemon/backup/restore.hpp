#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "daemon/backup/kept_secrets.hpp"
#include "daemon/backup/repository.hpp"
#include "sync/backup/manifest.hpp"
#include "sync/base/random.hpp"

namespace kontor::backup {

struct RestoreRequest {
    std::string state_dir;
    std::optional<Instant> to;  ///< nullopt: the newest that there is
    std::string replica_id;     ///< whose backups; "" where the repository has only one replica's
    std::string config_folder;  ///< where the configuration goes; "" = nowhere
    /// Opens the secrets that are in the backup, which then go to where their references say, into
    /// `secrets_to`; nullptr: they stay where they are.
    const host::Secret* secrets_passphrase = nullptr;
    host::SecretStore* secrets_to = nullptr;
};

struct Restored {
    Manifest manifest;  ///< of the point that it was made from
    std::string snapshot;
    /// UTC, the moment that it shows: the one that was asked for, or the newest that is stored if
    /// that is earlier.
    std::string shows;
    std::map<std::string, std::int64_t> records;  ///< number of each entity
    std::int64_t epoch = 0;                       ///< the new one
    std::string set_aside;  ///< the database that was there before; "" if there was none
    SecretsBack secrets = {};
};

/// Puts the replica back as it was. A moment between two backups is that of the later one, turned
/// back by its history (see engine::turn_back); a moment after the newest is the newest. kontord
/// must not run on that state folder (kBusy otherwise).
/// The database is put together and proven beside the one in use, begins a new epoch (see
/// engine::start_epoch), and takes its place in one step; the one before is kept under another
/// name. On failure all is as it was. kNotFound with the reason backup_none, backup_too_early or
/// backup_no_secrets; kUnauthenticated with backup_secrets_passphrase.
[[nodiscard]] Result<Restored> restore_replica(const Repository& repository,
                                               const RestoreRequest& request, const Clock& clock,
                                               Random& random);

}  // namespace kontor::backup
