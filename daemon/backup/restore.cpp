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
#include "sync/engine/turn_back.hpp"
#include "sync/replica/catalogue.hpp"

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
    // The first that was made after the moment, and one more: it may have been gathered before the
    // moment and stored after it.
    auto later = std::find_if(all->begin(), all->end(),
                              [&](const Snapshot& s) { return s.at >= *request.to; });
    if (later == all->end()) return std::vector<Snapshot>{all->back()};
    std::vector<Snapshot> out{*later};
    if (++later != all->end()) out.push_back(*later);
    return out;
}

/// Which of the points of some restored files leads to a moment.
struct Place {
    std::int64_t point = 0;
    bool later = false;    ///< it has to be turned back
    bool reaches = false;  ///< else it is older than the moment: the newest here
};

Result<Place> place_of(const std::string& folder, const std::optional<Instant>& to) {
    const auto points = points_of(folder);
    if (!points) return tl::unexpected<Error>(points.error());
    Place out{points->back().point, false, !to};
    if (!to) return out;
    for (const auto& point : *points) {
        const auto at = parse_instant(point.at);
        if (at && *at >= *to) return Place{point.point, *at > *to, true};
    }
    return out;
}

/// All of a database in its one file.
Result<> settle_log(const replica::Database& db) {
    return db.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

Result<> turn_back_to(const replica::Database& db, const Instant& to, const Clock& clock,
                      Random& random) {
    const auto done = engine::turn_back(db, clock, random, format_instant(to));
    if (done) return {};
    auto error = done.error();
    if (error.code == Errc::kNotFound) error.args["reason"] = "backup_too_early";
    return tl::unexpected<Error>(std::move(error));
}

/// Makes a database that was put together the one to go on with. `to`: it is of a later moment.
Result<> prepare(const std::string& path, const std::optional<Instant>& to, const Clock& clock,
                 Random& random, Restored& out) {
    auto db = replica::Database::open(path, {.access = replica::Access::kEngine});
    if (!db) return pass(db);
    if (to) {
        if (auto done = turn_back_to(*db, *to, clock, random); !done) return done;
        out.shows = format_instant(*to);
        for (auto& [entity, records] : out.records) {
            const auto count = db->scalar("SELECT count(*) FROM " + replica::sql_name(entity));
            if (!count) return tl::unexpected<Error>(count.error());
            records = *count;
        }
    }
    const auto epoch = engine::start_epoch(*db);
    if (!epoch) return tl::unexpected<Error>(epoch.error());
    out.epoch = *epoch;
    return settle_log(*db);
}

/// Keeps the database in use under another name; it stays where it is, too.
Result<std::string> set_aside(const std::string& path, const Clock& clock) {
    if (!fs::exists(path)) return std::string();
    // One that cannot be opened keeps its log beside it.
    if (auto db = replica::Database::open(path, {.access = replica::Access::kEngine}))
        static_cast<void>(settle_log(*db));
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
    Place place;
};

/// Brings the files of the backup that leads to the moment to `folder`.
Result<Fetched> fetch(const Repository& repository, const RestoreRequest& request,
                      const std::string& folder) {
    const auto snapshots = candidates(repository, request);
    if (!snapshots) return tl::unexpected<Error>(snapshots.error());
    Fetched out;
    for (const auto& snapshot : *snapshots) {
        std::error_code ignored;
        fs::remove_all(folder, ignored);
        if (auto made = host::make_private_folder(folder); !made) return pass(made);
        if (auto done = repository.restore(snapshot.id, folder); !done) return pass(done);
        const auto place = place_of(folder + "/replica", request.to);
        if (!place) return tl::unexpected<Error>(place.error());
        out = {snapshot.id, *place};
        if (place->reaches) break;
    }
    return out;
}

Result<Restored> restore_in(const std::string& folder, const Repository& repository,
                            const RestoreRequest& request, const Clock& clock, Random& random) {
    const auto files = folder + "/files";
    const auto fetched = fetch(repository, request, files);
    if (!fetched) return tl::unexpected<Error>(fetched.error());
    const auto made = folder + "/replica.db";
    auto manifest = assemble(files + "/replica", fetched->place.point, made);
    if (!manifest) return pass(manifest);
    if (auto proven = prove_database(made, *manifest, random); !proven) return pass(proven);
    Restored out{*manifest, fetched->snapshot, manifest->at, manifest->records, 0, {}};
    const auto to = fetched->place.later ? request.to : std::nullopt;
    if (auto done = prepare(made, to, clock, random, out); !done) return pass(done);
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
