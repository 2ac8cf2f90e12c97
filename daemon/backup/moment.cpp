#include "daemon/backup/moment.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <vector>

#include "connectors/host/atomic_file.hpp"
#include "daemon/backup/backups.hpp"
#include "daemon/backup/proof.hpp"
#include "sync/backup/chain.hpp"

namespace kontor::backup {
namespace {

namespace fs = std::filesystem;

/// The backups that may lead to the moment, best first.
Result<std::vector<Snapshot>> candidates(const Repository& repository, const MomentWanted& wanted) {
    auto all = repository.list(wanted.replica_id.empty() ? "" : tag_of(wanted.replica_id));
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
    if (!wanted.at) return std::vector<Snapshot>{all->back()};
    // The first that was made after the moment, and one more: it may have been gathered before the
    // moment and stored after it.
    // Where a clock was wrong, one that says so but has an earlier one after it was not.
    auto sure = all->back().at;
    for (auto one = all->rbegin(); one != all->rend(); ++one)
        one->at = sure = std::min(sure, one->at);
    auto later = std::find_if(all->begin(), all->end(),
                              [&](const Snapshot& s) { return s.at >= *wanted.at; });
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

}  // namespace

Result<Moment> fetch_moment(const Repository& repository, const MomentWanted& wanted,
                            const std::string& folder, Random& random) {
    const auto snapshots = candidates(repository, wanted);
    if (!snapshots) return tl::unexpected<Error>(snapshots.error());
    const auto files = folder + "/files";
    Moment out;
    Place place;
    for (const auto& snapshot : *snapshots) {
        std::error_code ignored;
        fs::remove_all(files, ignored);
        if (auto made = host::make_private_folder(files); !made) return pass(made);
        if (auto done = repository.restore(snapshot.id, files); !done) return pass(done);
        const auto found = place_of(files + "/replica", wanted.at);
        if (!found) return tl::unexpected<Error>(found.error());
        out.snapshot = snapshot.id;
        place = *found;
        if (place.reaches) break;
    }
    out.later = place.later;
    out.database = folder + "/replica.db";
    auto manifest = assemble(files + "/replica", place.point, out.database);
    if (!manifest) return pass(manifest);
    out.manifest = std::move(*manifest);
    // That its history lacks something is no reason not to restore it.
    if (auto proven = prove_database(out.database, out.manifest, random); !proven)
        return pass(proven);
    return out;
}

}  // namespace kontor::backup
