#include "daemon/upkeep.hpp"

#include <filesystem>

#include "daemon/backup/spool.hpp"
#include "sync/backup/changed_pages.hpp"

namespace kontor::app {
namespace {

constexpr std::chrono::milliseconds kLookAfter{1'000};
constexpr std::chrono::milliseconds kIdleAfter{20'000};
constexpr std::chrono::milliseconds kEmptyPatience{100};
constexpr std::int64_t kQuietBytes = 4 << 20;  // less is not worth the work

std::int64_t wal_bytes(const std::string& path) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(path + "-wal", failed);
    return failed ? 0 : static_cast<std::int64_t>(size);
}

backup::ChangedPages changed_pages(const Databases& databases) {
    const auto folder = std::filesystem::path(databases.path()).parent_path().string();
    return {databases.path(), backup::changed_pages_file(folder)};
}

// True if plain SQL, the API or another process has edited something after entry `seen`.
Result<bool> has_edits(const replica::Database& db, std::int64_t seen) {
    auto statement =
        db.prepare("SELECT 1 FROM kontor_history WHERE seq > ? AND run IS NULL LIMIT 1");
    if (!statement) return pass(statement);
    statement->bind(1, seen);
    return statement->step();
}

}  // namespace

Upkeep::Upkeep(Parts parts, const std::string& folder, const std::string& file)
    : parts_(std::move(parts)),
      look_timer_(parts_.loop.timer()),
      idle_timer_(parts_.loop.timer()),
      watch_(parts_.loop, folder, file + "-wal", [this] { look_soon(); }) {
    // The start's own handle is still there: opening another one would parse all triggers again.
    if (auto db = parts_.databases.lend(replica::Access::kLocal); db)
        seen_ = (*db)->scalar("SELECT max(seq) FROM kontor_history").value_or(0);
}

void Upkeep::touched() {
    // In this order: either the look that is under way sees the mark at its end, or we its end.
    again_ = true;
    if (!looking_) parts_.loop.post([this] { look_soon(); });
}

void Upkeep::look_soon() {
    if (looking_) {
        again_ = true;
        return;
    }
    looking_ = true;
    look_timer_->after(kLookAfter, [this] {
        // What was written since the watch fell silent makes it speak at once, so that another look
        // follows: a write may be seen before its commit is.
        watch_.listen();
        again_ = false;
        const bool taken = parts_.pool.post([this] {
            look();
            parts_.loop.post([this] {
                looking_ = false;
                if (again_) look_soon();
            });
        });
        if (!taken) looking_ = false;
    });
    idle_timer_->after(kIdleAfter, [this] {
        if (wal_bytes(parts_.databases.path()) == 0) return;
        (void)parts_.pool.post(
            [this] { checkpoint(parts_.databases, parts_.log, Checkpoint::kWhole); });
    });
}

void Upkeep::look() {
    notice();
    changed_pages(parts_.databases).look();
    const auto bytes = wal_bytes(parts_.databases.path());
    if (bytes <= kQuietBytes) return;
    // While others write all the time, only emptying it lets the log begin anew; until the next
    // look it grows on.
    checkpoint(parts_.databases, parts_.log,
               bytes > parts_.wal_bytes_max / 2 ? Checkpoint::kWhole : Checkpoint::kQuietly);
}

void Upkeep::notice() {
    auto db = parts_.databases.lend(replica::Access::kReadOnly);
    if (!db) return;
    const auto newest = (*db)->scalar("SELECT max(seq) FROM kontor_history");
    if (!newest || *newest <= seen_) return;
    const auto edits = has_edits(**db, seen_);
    seen_ = *newest;
    if (edits && *edits) parts_.edited();
}

void Upkeep::checkpoint(Databases& databases, Logger& log, Checkpoint how) {
    auto db = databases.lend(replica::Access::kLocal);
    if (!db) return;
    // The next backup wants to know what is written back. A busy database is no trouble: the next
    // commit or quiet moment does it.
    auto reader = databases.lend(replica::Access::kReadOnly);
    if (!reader) return;
    if (auto done = changed_pages(databases).write_back(**db, **reader); !done)
        log.warning("replica.checkpoint_failed", {{"reason", done.error().message}});
    if (how == Checkpoint::kQuietly) return;
    // Readers wait as well while it is emptied.
    if (auto done = (*db)->empty_log(kEmptyPatience); !done)
        log.warning("replica.checkpoint_failed", {{"reason", done.error().message}});
}

}  // namespace kontor::app
