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

Result<> prove_database(const std::string& path, const Manifest& manifest, Random& random) {
    auto db = replica::Database::open(path, {.access = replica::Access::kLocal});
    if (!db) return pass(db);
    if (auto done = replica::migrate(*db, random); !done) return done;
    const auto problems = replica::check_integrity(*db, replica::IntegrityDepth::kFull);
    if (!problems) return tl::unexpected<Error>(problems.error());
    if (!problems->empty())
        return damaged(std::string(replica::to_string(problems->front().kind)) + " " +
                       problems->front().detail);
    for (const auto& [entity, records] : manifest.records) {
        const auto count = db->scalar("SELECT count(*) FROM " + replica::sql_name(entity));
        if (!count) return tl::unexpected<Error>(count.error());
        if (*count != records)
            return damaged(entity + " has " + std::to_string(*count) + " records instead of " +
                           std::to_string(records));
    }
    return {};
}

}  // namespace kontor::backup
