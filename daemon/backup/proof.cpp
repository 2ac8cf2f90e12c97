#include "daemon/backup/proof.hpp"

#include "sync/replica/catalogue.hpp"
#include "sync/replica/integrity.hpp"
#include "sync/replica/migrations.hpp"

namespace kontor::backup {
namespace {

tl::unexpected<Error> damaged(const std::string& what) {
    return fail(Errc::kCorrupt, "the backup is damaged: " + what,
                {{"detail", what}, {"reason", "backup_damaged"}});
}

}  // namespace

std::string miscount_text(const Miscount& miscount) {
    return "of " + miscount.entity + " there are " + std::to_string(miscount.records) +
           " records, and by the history there should be " + std::to_string(miscount.expected) +
           ": something makes or removes records past it (kontor doctor looks for missing "
           "triggers), which cannot be undone or restored one by one";
}

Result<std::vector<Miscount>> prove_database(const std::string& path, const Manifest& manifest,
                                             Random& random) {
    auto db = replica::Database::open(path, {.access = replica::Access::kLocal});
    if (!db) return pass(db);
    if (auto done = replica::migrate(*db, random); !done) return pass(done);
    const auto problems = replica::check_integrity(*db, replica::IntegrityDepth::kFull);
    if (!problems) return tl::unexpected<Error>(problems.error());
    if (!problems->empty())
        return damaged(std::string(replica::to_string(problems->front().kind)) + " " +
                       problems->front().detail);
    const auto records = count_records(*db);
    if (!records) return tl::unexpected<Error>(records.error());
    auto out = compare_counts(*records, manifest.records);
    if (manifest.counted && !out.empty())
        return damaged(out.front().entity + " has " + std::to_string(out.front().records) +
                       " records instead of " + std::to_string(out.front().expected));
    return out;
}

}  // namespace kontor::backup
