// A replica of every released schema version opens, keeps its content and captures edits.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "sync/replica/chain.hpp"
#include "sync/replica/history.hpp"
#include "sync/replica/integrity.hpp"
#include "sync/replica/migrations.hpp"
#include "sync/replica/tombstones.hpp"
#include "tests/sync/replica/support.hpp"

namespace kontor::replica {

namespace {

Database open_fixture(const test::TempDir& dir, int version) {
    const std::string name = "replica-v" + std::to_string(version) + ".sql";
    std::ifstream file(std::string(KONTOR_FIXTURES) + "/" + name);
    std::stringstream sql;
    sql << file.rdbuf();
    REQUIRE(sql.str().size() > 1000);
    auto db = Database::open(dir.path("old.db"), {.access = Access::kLocal, .create = true});
    REQUIRE(db);
    test::Replica::run_on(*db, sql.str());
    return std::move(*db);
}

}  // namespace

TEST_CASE("replicas of all released versions open", "[replica][versions]") {
    const int version = GENERATE(range(1, kSchemaVersion + 1));
    CAPTURE(version);
    test::TempDir dir;
    const Database db = open_fixture(dir, version);
    REQUIRE(*db.scalar("PRAGMA user_version") == version);
    SeededRandom random(1);
    REQUIRE(migrate(db, random));
    CHECK(*db.scalar("PRAGMA user_version") == kSchemaVersion);

    const auto catalogue = Catalogue::load(db);
    REQUIRE(catalogue);
    REQUIRE(catalogue->entity("contact") != nullptr);
    REQUIRE(catalogue->entity("visit") != nullptr);
    CHECK(catalogue->entity("visit")->label.zh == "拜访");
    REQUIRE(catalogue->entity("survey_response") != nullptr);
    CHECK(catalogue->entity("survey_response")->field("follow_up") != nullptr);
    CHECK(*db.scalar("SELECT count(*) FROM sqlite_schema WHERE name IN"
                     "('survey_invitation_key','survey_response_invitation',"
                     "'survey_response_submission','survey_submission_survey',"
                     "'kontor_tombstone_uid','kontor_link_deleted_there','kontor_link_key')") == 7);
    REQUIRE(catalogue->entity("survey_submission") != nullptr);
    CHECK(*db.scalar("SELECT count(*) FROM kontor_job_run WHERE job='nightly' AND result='ok'") ==
          (version >= 6 ? 1 : 0));
    const auto now = record_at_seq(db, *catalogue->entity("visit"), 1, INT64_MAX);
    const auto before = record_at_seq(db, *catalogue->entity("visit"), 1,
                                      *db.scalar("SELECT max(seq)-1 FROM kontor_history"));
    REQUIRE(now);
    REQUIRE(before);
    CHECK((**now).values.at("place") == Value("北京"));
    CHECK((**before).values.at("place") == Value("上海"));
    const auto deleted = tombstone_values(db, *catalogue->entity("contact"), 42);
    REQUIRE(deleted);
    REQUIRE(*deleted);
    CHECK((**deleted).at("last_name") == Value("王"));
    const auto chain = verify_history(db);
    REQUIRE(chain);
    CHECK_FALSE(chain->first_bad);
    CHECK(chain->sealed > 0);
    CHECK(chain->unsealed == 1);

    test::Replica::run_on(db, "UPDATE contact SET phone='140' WHERE id=41");
    CHECK(*db.scalar("SELECT count(*) FROM kontor_history WHERE old=x'3133'") == 1);
    CHECK(check_integrity(db, IntegrityDepth::kFull)->empty());
}

}  // namespace kontor::replica
