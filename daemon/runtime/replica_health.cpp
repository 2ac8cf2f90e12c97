#include "daemon/runtime/replica_health.hpp"

#include <algorithm>
#include <filesystem>

namespace kontor::app {
namespace {

std::string without_links(const std::string& path) {
    std::error_code failed;
    const auto whole = std::filesystem::weakly_canonical(path, failed);
    return failed ? path : whole.string();
}

}  // namespace

ReplicaHealth::ReplicaHealth(const std::string& path, Logger& log)
    : path_(without_links(path)), log_(log) {}

void ReplicaHealth::note(const Error& error) {
    const auto file = error.args.find("path");
    if (error.code != Errc::kCorrupt || file == error.args.end()) return;
    // Backups, the search index and drills have databases, too.
    if (without_links(file->second) == path_) become_damaged(error.message);
}

Result<std::vector<replica::IntegrityProblem>> ReplicaHealth::examine(const replica::Database& db) {
    auto found = replica::check_integrity(db, replica::IntegrityDepth::kFull);
    if (!found) {
        note(found.error());
        return found;
    }
    // A trigger or a column that somebody has dropped is a finding, but no damage of the file.
    const auto damage = std::ranges::find(*found, replica::IntegrityProblem::Kind::kDatabase,
                                          &replica::IntegrityProblem::kind);
    if (damage != found->end()) {
        become_damaged(damage->detail);
    } else {
        const std::lock_guard lock(mutex_);
        damage_.reset();
    }
    return found;
}

void ReplicaHealth::become_damaged(std::string what) {
    {
        const std::lock_guard lock(mutex_);
        if (damage_) return;
        damage_ = what;
    }
    log_.error("replica.damaged", {{"path", path_}, {"reason", std::move(what)}});
}

std::optional<Error> ReplicaHealth::damage() const {
    const std::lock_guard lock(mutex_);
    if (!damage_) return std::nullopt;
    return Error{Errc::kCorrupt, *damage_, {{"reason", "replica_damaged"}, {"path", path_}}, {}};
}

}  // namespace kontor::app
