#pragma once

#include <string>

#include "daemon/backup/backups.hpp"
#include "daemon/backup/restore.hpp"
#include "tests/sync/replica/support.hpp"

namespace kontor::test {

/// A passphrase that a test can change.
class FixedSecrets final : public host::SecretStore {
public:
    std::string text = "correct horse";
    Result<host::Secret> read(std::string_view) const override {
        return host::Secret(std::string(text));
    }
    Result<> write(std::string_view, const host::Secret&) override {
        return fail(Errc::kUnsupported, "fixed");
    }
};

/// A state folder with a replica of 300 contacts, and a repository in another folder. Everything
/// that fails to be set up throws.
struct Office {
    Office();

    replica::test::TempDir dir;
    std::string state = dir.path("state");
    config::Backup target;
    config::Loaded loaded;
    FixedSecrets secrets;
    SystemClock clock;
    SystemRandom random;
    bool cancel = false;
    std::string program = "restic";  ///< of the next call of backups()

    [[nodiscard]] backup::Backups backups();
    [[nodiscard]] backup::Backups backups_of(const std::string& state_dir);
    /// Another program in front of restic: a shell script with `restic "$@"` in it.
    void wrap(const std::string& script);
    void sql(const std::string& text) const;
    [[nodiscard]] std::int64_t count(const std::string& text) const;
    [[nodiscard]] Result<backup::Restored> restore_to(const std::string& state_dir,
                                                      std::optional<Instant> to = {},
                                                      const std::string& replica_id = {});
};

[[nodiscard]] std::int64_t count_in(const std::string& database, const std::string& sql);

/// Runs a shell command; its exit status and what it printed.
struct Said {
    int status = 0;
    std::string text;
};
[[nodiscard]] Said shell(const std::string& command);

}  // namespace kontor::test
