#include "daemon/backup/past.hpp"

#include <filesystem>

#include "daemon/backup/moment.hpp"
#include "sync/engine/turn_back.hpp"
#include "sync/replica/history.hpp"

namespace kontor::backup {
namespace {

Result<bool> reaches(const replica::Database& db, Instant first, Instant last) {
    auto out = engine::history_reaches(db, format_instant(first));
    if (!out || !*out) return out;
    return engine::history_reaches(db, format_instant(last));
}

tl::unexpected<Error> unreached(Instant at) {
    return fail(Errc::kNotFound, "nothing reaches back to " + format_instant(at),
                {{"at", format_instant(at)}, {"reason", "past_unreached"}});
}

}  // namespace

Result<Past> Past::open(const PastSources& sources, Instant first, Instant last, Random& random) {
    const auto path = sources.state_dir + "/replica.db";
    if (sources.own && std::filesystem::exists(path)) {
        auto db = replica::Database::open(path, {.access = replica::Access::kReadOnly});
        if (!db) return pass(db);
        const auto known = reaches(*db, first, last);
        if (!known) return tl::unexpected<Error>(known.error());
        if (*known) return Past({}, {}, std::move(*db), {});
    }
    std::optional<Error> failed;
    for (const auto& target : sources.targets) {
        auto past = from_backup(sources, target, first, last, random);
        if (past) return past;
        if (!failed) failed = past.error();
    }
    if (failed) return tl::unexpected<Error>(std::move(*failed));
    return unreached(first);
}

Result<Past> Past::from_backup(const PastSources& sources, const config::Backup& target,
                               Instant first, Instant last, Random& random) {
    auto spool = Spool::open(sources.state_dir);
    if (!spool) return pass(spool);
    auto scratch = Scratch::make(spool->folder() + "/past");
    if (!scratch) return pass(scratch);
    const auto id = sources.backups.own_replica();
    if (!id) return tl::unexpected<Error>(id.error());
    const auto moment =
        fetch_moment(sources.backups.repository(target), {last, *id}, scratch->path(), random);
    if (!moment) return tl::unexpected<Error>(moment.error());
    auto db = replica::Database::open(moment->database, {.access = replica::Access::kEngine});
    if (!db) return pass(db);
    const auto known = reaches(*db, first, last);
    if (!known) return tl::unexpected<Error>(known.error());
    if (!*known) return unreached(first);
    return Past(std::move(*spool), std::move(*scratch), std::move(*db), target.name);
}

Result<std::int64_t> Past::seq_at(Instant at) const {
    return replica::last_seq_at(db_, format_instant(at));
}

}  // namespace kontor::backup
