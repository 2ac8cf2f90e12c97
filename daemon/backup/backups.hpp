#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "connectors/host/secret_store.hpp"
#include "daemon/backup/ledger.hpp"
#include "daemon/backup/repository.hpp"
#include "daemon/backup/spool.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/random.hpp"

namespace kontor::backup {

/// A backup as people ask for it.
struct Listed {
    Snapshot snapshot;
    std::string replica_id;
    const DrillEntry* drill = nullptr;  ///< its newest; of the ledger that was given
};

/// Makes, looks at and proves the backups of one state folder, each call for one [backup.NAME].
/// Calls block; those that use the spool refuse (kBusy) while another process does. Not
/// thread-safe; what `ports` refers to must outlive it.
class Backups {
public:
    struct Ports {
        const host::SecretStore& secrets;
        const Clock& clock;
        Random& random;
        std::function<std::string(const std::string&)> environment;
        std::function<bool()> cancelled;
        std::string version;             ///< Kontor's
        std::string program = "restic";  ///< or a path
    };
    Backups(std::string state_dir, Ports ports)
        : state_dir_(std::move(state_dir)), ports_(std::move(ports)) {}

    [[nodiscard]] Result<> create(const config::Backup& target) const;
    /// Stores the replica as it is now. The ledger tells of it, also of a failure.
    [[nodiscard]] Result<RunEntry> run(const config::Backup& target,
                                       const config::Loaded& configuration,
                                       const std::function<void(double)>& progress) const;
    /// The repository's backups of this replica; of every one where there is no replica here.
    [[nodiscard]] Result<std::vector<Listed>> list(const config::Backup& target,
                                                   const Ledger& ledger) const;
    [[nodiscard]] Result<> verify(const config::Backup& target, bool read_data) const;
    /// Restores one backup (the newest: "") into a folder of its own, proves it, and removes it.
    /// A backup that fails is no error here: the entry says so.
    [[nodiscard]] Result<DrillEntry> drill(const config::Backup& target,
                                           const std::string& snapshot) const;
    /// What the retention drops, or would drop: never the newest proven one, nor the newest. Ends
    /// what an interrupted call has begun.
    [[nodiscard]] Result<std::vector<Listed>> prune(const config::Backup& target,
                                                    const Ledger& ledger, bool dry_run) const;
    [[nodiscard]] Result<Ledger> ledger(const config::Backup& target) const;

    [[nodiscard]] Repository repository(const config::Backup& target) const;
    /// The identity of the replica here; "" if there is none.
    [[nodiscard]] Result<std::string> own_replica() const;

private:
    Result<> note_pruning(const config::Backup& target, bool pruning) const;
    [[nodiscard]] std::string ledger_of(const config::Backup& target) const;
    /// Puts the secrets into `file` if this target is to have them; those that cannot be read.
    Result<std::vector<std::string>> gather_secrets(const config::Backup& target,
                                                    const config::Loaded& configuration,
                                                    const std::string& file) const;
    Result<RunEntry> store(const config::Backup& target, const config::Loaded& configuration,
                           const std::function<void(double)>& progress, RunEntry entry) const;
    Result<DrillEntry> try_out(const config::Backup& target, const std::string& snapshot,
                               const std::string& folder) const;

    std::string state_dir_;
    Ports ports_;
};

/// The tag of a replica's backups, and back: "" for others.
[[nodiscard]] std::string tag_of(const std::string& replica_id);
[[nodiscard]] std::string replica_of(const Snapshot& snapshot);

}  // namespace kontor::backup
