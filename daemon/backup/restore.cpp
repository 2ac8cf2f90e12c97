#include "daemon/backup/restore.hpp"

#include <algorithm>
#include <filesystem>

#include "connectors/host/atomic_file.hpp"
#include "daemon/backup/moment.hpp"
#include "daemon/backup/scratch.hpp"
#include "daemon/backup/spool.hpp"
#include "daemon/lock_file.hpp"
#include "sync/backup/chain.hpp"
#include "sync/backup/file.hpp"
#include "sync/engine/epoch.hpp"
#include "sync/engine/turn_back.hpp"

namespace kontor::backup {
namespace {

namespace fs = std::filesystem;

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
    }
    auto counts = count_records(*db);
    if (!counts) return pass(counts);
    out.records = std::move(*counts);
    if (!to)
        if (auto done = engine::note_restore(*db, clock, out.shows); !done) return done;
    // Jobs that were at work then, the one that made this backup above all, have not failed.
    if (auto ended = db->execute("UPDATE kontor_job_run SET ended_at=started_at,"
                                 "result='interrupted' WHERE result IS NULL");
        !ended)
        return ended;
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

Result<Restored> restore_in(const std::string& folder, const Repository& repository,
                            const RestoreRequest& request, const Clock& clock, Random& random) {
    const auto moment = fetch_moment(repository, {request.to, request.replica_id}, folder, random);
    if (!moment) return tl::unexpected<Error>(moment.error());
    const auto& manifest = moment->manifest;
    Restored out{manifest, moment->snapshot, manifest.at, {}, 0, {}};
    std::optional<KeptSecrets> secrets;
    if (request.secrets_passphrase != nullptr) {
        auto opened =
            KeptSecrets::open(folder + "/files/" + kSecretsFile, *request.secrets_passphrase);
        if (!opened) return pass(opened);
        secrets = std::move(*opened);
    }
    const auto to = moment->later ? request.to : std::nullopt;
    if (auto done = prepare(moment->database, to, clock, random, out); !done) return pass(done);
    if (auto done = give_configuration(folder + "/files/config", request.config_folder); !done)
        return pass(done);

    const auto path = request.state_dir + "/replica.db";
    auto aside = set_aside(path, clock);
    if (!aside) return pass(aside);
    out.set_aside = std::move(*aside);
    if (auto moved = move_into_place(moment->database, path); !moved) return pass(moved);
    // Of the database before; it is built anew.
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm"})
        fs::remove(request.state_dir + "/search.db" + suffix, ignored);
    if (secrets) out.secrets = secrets->put_back(*request.secrets_to);
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
    auto scratch = Scratch::make(spool->folder() + "/restore");
    if (!scratch) return pass(scratch);
    return restore_in(scratch->path(), repository, request, clock, random);
}

}  // namespace kontor::backup
