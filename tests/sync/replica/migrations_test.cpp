#include <catch2/catch.hpp>

#include "sync/replica/migrations.hpp"
#include "sync/replica/standard_entities.hpp"
#include "tests/sync/replica/support.hpp"

namespace kontor::replica {

using test::Replica;
using test::TempDir;

namespace {

Database open_new(const std::string& path) {
    auto db = Database::open(path, {.access = Access::kLocal, .create = true});
    REQUIRE(db);
    return std::move(*db);
}

}  // namespace

TEST_CASE("a new replica has an identity, a first epoch and the standard entities", "[replica]") {
    Replica replica;
    CHECK(replica.one("PRAGMA user_version") == std::to_string(kSchemaVersion));
    CHECK(replica.one("PRAGMA application_id") == std::to_string(kApplicationId));
    CHECK(replica.one("SELECT length(value) FROM kontor_meta WHERE key='replica_id'") == "32");
    CHECK(replica.one("SELECT value FROM kontor_meta WHERE key='epoch'") == "1");
    CHECK(replica.one("SELECT value FROM kontor_meta WHERE key='absorbed_seq'") == "0");
    CHECK(replica.one("SELECT count(*) FROM kontor_entity WHERE builtin=1") ==
          std::to_string(standard_entities().size()));
    CHECK(replica.one("SELECT count(*) FROM contact") == "0");
    CHECK(replica.one("PRAGMA integrity_check") == "ok");
}

TEST_CASE("migrating again changes nothing", "[replica]") {
    Replica replica;
    const std::string before = replica.one("SELECT count(*),max(id) FROM kontor_field");
    const std::string id = replica.one("SELECT value FROM kontor_meta WHERE key='replica_id'");
    SeededRandom random(2);
    REQUIRE(migrate(replica.db(), random));
    CHECK(replica.one("SELECT count(*),max(id) FROM kontor_field") == before);
    CHECK(replica.one("SELECT value FROM kontor_meta WHERE key='replica_id'") == id);
}

TEST_CASE("a replica of a newer version is refused and left as it is", "[replica]") {
    Replica replica;
    replica.run("PRAGMA user_version=99");
    SeededRandom random(2);
    const auto done = migrate(replica.db(), random);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Errc::kTooNew);
    CHECK(done.error().args.at("version") == "99");
    CHECK(done.error().args.at("known") == std::to_string(kSchemaVersion));
    CHECK(done.error().args.at("path") == replica.path());
    CHECK(replica.one("PRAGMA user_version") == "99");
}

TEST_CASE("another program's database is not a replica", "[replica]") {
    TempDir dir;
    SeededRandom random(2);
    const Database db = open_new(dir.path("other.db"));
    REQUIRE(db.execute("CREATE TABLE t(a)"));
    const auto done = migrate(db, random);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Errc::kCorrupt);
    CHECK(*db.scalar("SELECT count(*) FROM sqlite_schema") == 1);
}

TEST_CASE("a migration that fails leaves an empty file", "[replica]") {
    TempDir dir;
    SeededRandom random(2);
    const Database db = open_new(dir.path("full.db"));
    REQUIRE(db.execute("PRAGMA max_page_count=20"));
    const auto done = migrate(db, random);
    REQUIRE_FALSE(done);
    CHECK(done.error().code == Errc::kFull);
    CHECK(*db.scalar("SELECT count(*) FROM sqlite_schema") == 0);
    REQUIRE(db.execute("PRAGMA max_page_count=100000"));
    CHECK(migrate(db, random));
}

}  // namespace kontor::replica
