#include "daemon/runtime/replica_health.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "connectors/host/atomic_file.hpp"

namespace kontor::app {
namespace {

constexpr std::size_t kNoteBytesMax = 65'536;

std::string without_links(const std::string& path) {
    std::error_code failed;
    const auto whole = std::filesystem::weakly_canonical(path, failed);
    return failed ? path : whole.string();
}

// Which file it is: a restored one is another. Not by its device, whose number may change with each
// mount. "" if there is none.
std::string identity(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return {};
    return std::to_string(status.st_ino);
}

}  // namespace

ReplicaHealth::ReplicaHealth(const std::string& path, Logger& log)
    : path_(without_links(path)), note_(path_ + ".damaged"), log_(log) {
    recall();
}

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
        std::error_code ignored;  // if it stays, the next start asks for another examination
        std::filesystem::remove(note_, ignored);
    }
    return found;
}

void ReplicaHealth::become_damaged(std::string what) {
    {
        const std::lock_guard lock(mutex_);
        if (damage_) return;
        damage_ = what;
        remember(what);
    }
    log_.error("replica.damaged", {{"path", path_}, {"reason", std::move(what)}});
}

void ReplicaHealth::remember(const std::string& what) {
    const auto noted = host::replace_file(note_, identity(path_) + "\n" + what);
    if (!noted)
        log_.warning("replica.damage_not_noted",
                     {{"path", note_}, {"reason", noted.error().message}});
}

void ReplicaHealth::recall() {
    const auto note = host::read_file(note_, kNoteBytesMax);
    if (note && !*note) return;
    // A note that cannot be read was made all the same.
    const std::string text = note ? **note : "\n" + note.error().message;
    const auto end = std::min(text.find('\n'), text.size());
    if (note && text.substr(0, end) != identity(path_)) {
        std::error_code ignored;
        std::filesystem::remove(note_, ignored);
        return;
    }
    damage_ = text.substr(std::min(end + 1, text.size()));
    log_.error("replica.damaged", {{"path", path_}, {"reason", *damage_}});
}

std::optional<Error> ReplicaHealth::damage() const {
    const std::lock_guard lock(mutex_);
    if (!damage_) return std::nullopt;
    return Error{Errc::kCorrupt, *damage_, {{"reason", "replica_damaged"}, {"path", path_}}, {}};
}

}  // namespace kontor::app
