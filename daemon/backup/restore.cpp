#include "daemon/backup/restore.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "connectors/host/atomic_file.hpp"
#include "daemon/backup/backups.hpp"
#include "daemon/backup/proof.hpp"
#include "daemon/lock_file.hpp"
#include "sync/backup/chain.hpp"
#include "sync/backup/file.hpp"
#include "sync/engine/epoch.hpp"

namespace kontor::backup {
namespace {

namespace fs = std::filesystem;

/// The backups that may hold the moment, best first.
Result<std::vector<Snapshot>> candidates(const Repository& repository,
                                         const RestoreRequest& request) {
    auto all = repository.list(request.replica_id.empty() ? "" : tag_of(request.replica_id));
    if (!all) return all;
    std::erase_if(*all, [](const Snapshot& s) { return replica_of(s).empty(); });
    std::set<std::string> replicas;
    for (const auto& snapshot : *all) replicas.insert(replica_of(snapshot));
    if (replicas.size() > 1) {
        std::string names;
        for (const auto& replica : replicas) names += (names.empty() ? "" : ", ") + replica;
        return fail(Errc::kConflict, "the repository holds backups of several replicas: " + names,
                    {{"replicas", names}, {"reason", "backup_several"}});
    }
    if (all->empty())
        return fail(Errc::kNotFound, "there is no backup", {{"reason", "backup_none"}});
    if (!request.to) return std::vector<Snapshot>{all->back()};
    // A later backup holds the points since its base, also of times when no target was in reach.
    const auto later = std::find_if(all->begin(), all->end(),
                                    [&](const Snapshot& s) { return s.at >= *request.to; });
    std::vector<Snapshot> out;
    if (later != all->end()) out.push_back(*later);
    if (later != all->begin()) out.push_back(*std::prev(later));
    return out;
}

/// The point of the restored files that the request means; nullopt if all are later.
Result<std::optional<std::int64_t>> point_for(const std::string& folder,
                                              const std::optional<Instant>& to) {
    const auto points = points_of(folder);
    if (!points) return tl::unexpected<Error>(points.error());
    if (!to) return std::optional<std::int64_t>(points->back().point);
    std::optional<std::int64_t> out;
    for (const auto& point : *points) {
        const auto at = parse_instant(point.at);
        if (at && *at <= *to) out = point.point;
    }
    return out;
}

/// All of a database in its one file.
Result<> settle_log(const std::string& path, std::int64_t* epoch) {
    auto db = replica::Database::open(path, {.access = replica::Access::kEngine});
    if (!db) return pass(db);
    if (epoch != nullptr) {
        auto begun = engine::start_epoch(*db);
        if (!begun) return pass(begun);
        *epoch = *begun;
    }
    return db->execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

/// Keeps the database in use under another name; it stays where it is, too.
Result<std::string> set_aside(const std::string& path, const Clock& clock) {
    if (!fs::exists(path)) return std::string();
    // One that cannot be opened keeps its log beside it.
    static_cast<void>(settle_log(path, nullptr));
    auto stamp = format_instant(clock.now());
    std::erase_if(stamp, [](char c) { return c == ':' || c == '-' || c == '.'; });
    const auto aside = fs::path(path).parent_path().string() + "/replica.before-" + stamp + ".db";
    std::error_code failed;
    fs::create_hard_link(path, aside, failed);
    if (failed)
        return fail(Errc::kStorage, "keep " + aside + ": " + failed.message(), {{"path", aside}});
    // A log that stayed would be applied to the new database.
    if (fs::exists(path + "-wal") && fs::file_size(path + "-wal", failed) > 0)
        if (auto moved = move_into_place(path + "-wal", aside + "-wal"); !moved) return pass(moved);
    fs::remove(path + "-wal", failed);
    fs::remove(path + "-shm", failed);
    return aside;
}

Result<> give_configuration(const std::string& from, const std::string& to) {
    if (to.empty() || !fs::exists(from)) return {};
    if (auto made = host::make_private_folder(to); !made) return made;
    std::error_code failed;
    fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::skip_existing, failed);
    if (failed)
        return fail(Errc::kStorage, "write " + to + ": " + failed.message(), {{"path", to}});
    return {};
}

struct Fetched {
    std::string snapshot;
    std::int64_t point = 0;
};

/// Brings the files of the backup that holds the moment to `folder`.
Result<Fetched> fetch(const Repository& repository, const RestoreRequest& request,
                      const std::string& folder) {
    const auto snapshots = candidates(repository, request);
    if (!snapshots) return tl::unexpected<Error>(snapshots.error());
    for (const auto& snapshot : *snapshots) {
        std::error_code ignored;
        fs::remove_all(folder, ignored);
        if (auto made = host::make_private_folder(folder); !made) return pass(made);
        if (auto done = repository.restore(snapshot.id, folder); !done) return pass(done);
        const auto point = point_for(folder + "/replica", request.to);
        if (!point) return tl::unexpected<Error>(point.error());
        if (*point) return Fetched{snapshot.id, **point};
    }
    return fail(Errc::kNotFound, "no backup is that old", {{"reason", "backup_too_early"}});
}

Result<Restored> restore_in(const std::string& folder, const Repository& repository,
                            const RestoreRequest& request, const Clock& clock, Random& random) {
    const auto files = folder + "/files";
    const auto fetched = fetch(repository, request, files);
    if (!fetched) return tl::unexpected<Error>(fetched.error());
    const auto made = folder + "/replica.db";
    auto manifest = assemble(files + "/replica", fetched->point, made);
    if (!manifest) return pass(manifest);
    if (auto proven = prove_database(made, *manifest, random); !proven) return pass(proven);
    Restored out{*manifest, fetched->snapshot, 0, {}};
    if (auto done = settle_log(made, &out.epoch); !done) return pass(done);
    if (auto done = give_configuration(files + "/config", request.config_folder); !done)
        return pass(done);

    const auto path = request.state_dir + "/replica.db";
    auto aside = set_aside(path, clock);
    if (!aside) return pass(aside);
    out.set_aside = std::move(*aside);
    if (auto moved = move_into_place(made, path); !moved) return pass(moved);
    // Of the database before; it is built anew.
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm"})
        fs::remove(request.state_dir + "/search.db" + suffix, ignored);
    return out;
}

}  // namespace

Result<Restored> restore_replica(const Repository& repository, const RestoreRequest& request,
                                 const Clock& clock, Random& random) {
    if (auto made = host::make_private_folder(request.state_dir); !made) return pass(made);
    auto daemon = app::LockFile::acquire(request.state_dir + "/kontord.lock");
    if (!daemon) {
        if (daemon.error().code == Errc::kBusy) daemon.error().args["reason"] = "restore_running";
        return pass(daemon);
    }
    auto spool = Spool::open(request.state_dir);
    if (!spool) return pass(spool);
    const auto folder = spool->folder() + "/restore";
    auto done = restore_in(folder, repository, request, clock, random);
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    return done;
}

}  // namespace kontor::backup
