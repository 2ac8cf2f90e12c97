#include "sync/replica/migrations.hpp"

#include <string>

#include "sync/replica/standard_entities.hpp"
#include "sync/replica/system_tables.hpp"
#include "sync/replica/triggers.hpp"

namespace kontor::replica {

namespace {

Result<> set_meta(const Database& db, const char* key, const Value& value) {
    auto insert = db.prepare("INSERT INTO kontor_meta(key,value) VALUES(?1,?2)");
    if (!insert) return pass(insert);
    insert->bind(1, key);
    insert->bind(2, value);
    return insert->run();
}

Result<> to_version_1(const Database& db, Random& random) {
    if (auto done = db.execute(kSystemTablesV1); !done) return done;
    if (auto done = set_meta(db, "replica_id", Value(random.uid())); !done) return done;
    if (auto done = set_meta(db, "epoch", Value(std::int64_t{1})); !done) return done;
    if (auto done = set_meta(db, "absorbed_seq", Value(std::int64_t{0})); !done) return done;
    for (const StandardEntity& standard : standard_entities())
        if (auto done = ensure_entity(db, to_entity(standard)); !done) return done;
    return {};
}

Result<> to_version_2(const Database& db, Random&) {
    return db.execute(kSystemTablesV2);
}

Result<> to_version_3(const Database& db, Random&) {
    return db.execute(kSystemTablesV3);
}

/// Search covers all text; versions before left out addresses, departments and the like.
Result<> to_version_4(const Database& db, Random&) {
    for (const StandardEntity& standard : standard_entities())
        for (const StandardField& column : standard.fields) {
            if (!column.field.searchable) continue;
            auto update = db.prepare(
                "UPDATE kontor_field SET searchable = 1 WHERE name = ?2"
                " AND entity = (SELECT id FROM kontor_entity WHERE name = ?1)");
            if (!update) return pass(update);
            update->bind(1, standard.name);
            update->bind(2, column.field.name);
            if (auto done = update->run(); !done) return done;
        }
    return {};
}

/// Surveys: whom they asked, and what was answered. Links are looked up by the invitation's key.
Result<> to_version_5(const Database& db, Random&) {
    for (const StandardEntity& standard : standard_entities())
        if (standard.name.starts_with("survey_"))
            if (auto done = ensure_entity(db, to_entity(standard)); !done) return done;
    return db.execute(
        "CREATE INDEX survey_invitation_key ON survey_invitation(ask_key);"
        "CREATE INDEX survey_response_invitation ON survey_response(invitation_id);");
}

Result<> to_version_6(const Database& db, Random&) {
    return db.execute(kSystemTablesV6);
}

/// What came of an answer in the CRM.
Result<> to_version_7(const Database& db, Random&) {
    for (const StandardEntity& standard : standard_entities())
        if (standard.name == "survey_response") return ensure_entity(db, to_entity(standard));
    return {};
}

/// What survey services have; an answer is looked up by its number there.
Result<> to_version_8(const Database& db, Random&) {
    for (const StandardEntity& standard : standard_entities())
        if (standard.name == "survey_submission")
            if (auto done = ensure_entity(db, to_entity(standard)); !done) return done;
    return db.execute(
        "CREATE INDEX survey_response_submission ON survey_response(submission)"
        " WHERE submission IS NOT NULL;"
        "CREATE INDEX survey_submission_survey ON survey_submission(survey);");
}

Result<> renew_triggers(const Database& db) {
    auto catalogue = Catalogue::load(db);
    if (!catalogue) return pass(catalogue);
    for (const Entity& entity : catalogue->entities()) {
        auto missing = missing_triggers(db, entity);
        if (!missing) return pass(missing);
        if (missing->empty()) continue;
        if (auto done = rebuild_triggers(db, entity); !done) return done;
    }
    return {};
}

/// Triggers that SQLite reads in half the time, whenever somebody opens the file.
Result<> to_version_9(const Database& db, Random&) {
    return renew_triggers(db);
}

/// Triggers that refuse ids behind which there are no others.
Result<> to_version_10(const Database& db, Random&) {
    return renew_triggers(db);
}

/// A record that was deleted, here or there, is found when it is made again elsewhere.
Result<> to_version_11(const Database& db, Random&) {
    return db.execute(
        "CREATE INDEX kontor_tombstone_uid ON kontor_tombstone(uid) WHERE uid IS NOT NULL;"
        "CREATE INDEX kontor_link_deleted_there ON kontor_link(stream, id) WHERE state = 4;");
}

/// A record may be called otherwise at one remote than at others.
Result<> to_version_12(const Database& db, Random&) {
    return db.execute(
        "ALTER TABLE kontor_link ADD COLUMN key TEXT;"
        "CREATE INDEX kontor_link_key ON kontor_link(stream, key) WHERE key IS NOT NULL;");
}

/// Whether anybody waits for a record to come or go is asked with each that does.
Result<> to_version_13(const Database& db, Random&) {
    return db.execute("CREATE INDEX kontor_blocked_code ON kontor_blocked(code);");
}

using Step = Result<> (*)(const Database&, Random&);

/// kSteps[n] leads from version n to n + 1. Append only: released steps never change.
constexpr Step kSteps[] = {to_version_1,  to_version_2,  to_version_3, to_version_4, to_version_5,
                           to_version_6,  to_version_7,  to_version_8, to_version_9, to_version_10,
                           to_version_11, to_version_12, to_version_13};
static_assert(std::size(kSteps) == kSchemaVersion);

}  // namespace

Result<int> schema_version(const Database& db) {
    const auto application = db.scalar("PRAGMA application_id");
    if (!application) return tl::unexpected<Error>(application.error());
    const auto version = db.scalar("PRAGMA user_version");
    if (!version) return tl::unexpected<Error>(version.error());
    const auto objects = db.scalar("SELECT count(*) FROM sqlite_schema");
    if (!objects) return tl::unexpected<Error>(objects.error());

    if (*application == 0 && *version == 0 && *objects == 0) return 0;
    if (*application != kApplicationId || *version < 1)
        return fail(Errc::kCorrupt, db.path() + " is a database, but not a replica",
                    {{"path", db.path()}, {"reason", "not_a_replica"}});
    if (*version > kSchemaVersion)
        return fail(Errc::kTooNew,
                    db.path() + " has version " + std::to_string(*version) +
                        "; this program knows " + std::to_string(kSchemaVersion),
                    {{"path", db.path()},
                     {"version", std::to_string(*version)},
                     {"known", std::to_string(kSchemaVersion)}});
    return static_cast<int>(*version);
}

Result<> migrate(const Database& db, Random& random) {
    // A step a round; the version is read inside the transaction, for another process may be at it.
    while (true) {
        const auto seen = schema_version(db);
        if (!seen) return tl::unexpected<Error>(seen.error());
        if (*seen == kSchemaVersion) return {};

        auto transaction = Transaction::begin(db);
        if (!transaction) return pass(transaction);
        const auto version = schema_version(db);
        if (!version) return tl::unexpected<Error>(version.error());
        if (*version == kSchemaVersion) continue;

        const std::string doing = "upgrade to version " + std::to_string(*version + 1);
        if (auto done = kSteps[*version](db, random); !done) return in_context(doing, done.error());
        auto stamped = db.execute("PRAGMA application_id=" + std::to_string(kApplicationId) +
                                  "; PRAGMA user_version=" + std::to_string(*version + 1));
        if (!stamped) return in_context(doing, stamped.error());
        if (auto done = transaction->commit(); !done) return in_context(doing, done.error());
    }
}

}  // namespace kontor::replica
