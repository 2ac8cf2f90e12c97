#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "connectors/host/secret_store.hpp"
#include "daemon/backup/program.hpp"
#include "daemon/backup/restic_answers.hpp"
#include "sync/base/result.hpp"

namespace kontor::backup {

/// A repository that the program restic keeps: it encrypts, compresses, deduplicates, transports,
/// locks and prunes, and anybody can restore with it alone. Runs restic for each call, with the
/// passphrase and the target on descriptors, never as arguments. Calls block, and may be made from
/// any thread. Errors carry a `reason`: backup_passphrase (kUnauthenticated), backup_no_repository
/// (kNotFound), backup_locked (kBusy), backup_full (kFull), backup_damaged (kCorrupt),
/// backup_unreachable (kUnavailable), backup_refused (kPermission), backup_program (kNotFound);
/// else kStorage with restic's last words.
/// Source: https://restic.readthedocs.io/en/v0.14.0/075_scripting.html
class Repository {
public:
    struct Ports {
        const host::SecretStore& secrets;
        std::function<std::string(const std::string& name)> environment;  ///< "" = not set
        std::function<bool()> cancelled;
        std::string cache_folder;  ///< "" = none
        std::string program = "restic";
    };
    /// `settings` must outlive it, as what `ports` refers to.
    Repository(const config::Backup& settings, Ports ports)
        : settings_(settings), ports_(std::move(ports)) {}

    /// Makes a repository where there is none. kConflict if there is one.
    [[nodiscard]] Result<> create() const;
    /// Stores the content of a folder; `tag` tells whose it is, `number` that it comes after all
    /// with a smaller one. `progress` gets a share from 0 to 1.
    [[nodiscard]] Result<Stored> store(const std::string& folder, const std::string& tag,
                                       std::int64_t number,
                                       const std::function<void(double)>& progress) const;
    /// Those with the tag ("": all), in the order of number and time.
    [[nodiscard]] Result<std::vector<Snapshot>> list(const std::string& tag) const;
    /// Writes a snapshot's files below `folder`; those of `only` alone if it is not "".
    [[nodiscard]] Result<> restore(const std::string& snapshot, const std::string& folder,
                                   const std::string& only = {}) const;
    /// Checks its structure, and with `read_data` every byte.
    [[nodiscard]] Result<> check(bool read_data) const;
    /// Forgets these and frees their space. Safe to interrupt.
    [[nodiscard]] Result<> forget(const std::vector<std::string>& snapshots) const;
    /// Frees the space of what is forgotten already: the rest of a forget() that was interrupted.
    [[nodiscard]] Result<> prune() const;
    /// Those that a rule would drop; none if it has no numbers.
    [[nodiscard]] Result<std::vector<std::string>> beyond(const config::Keep& keep,
                                                          const std::string& tag) const;

private:
    struct Call {
        std::vector<std::string> arguments;
        std::string folder = {};
        std::function<void(std::string_view)> line = {};
        bool locks = true;  ///< needs nobody else's exclusive lock
    };
    [[nodiscard]] Result<std::string> run(const Call& call) const;
    [[nodiscard]] Result<Program> program(const Call& call) const;

    const config::Backup& settings_;
    Ports ports_;
};

}  // namespace kontor::backup
