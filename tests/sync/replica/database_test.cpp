#include "sync/replica/database.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "sync/replica/write_turn.hpp"
#include "tests/sync/replica/support.hpp"

namespace kontor::replica {

using test::Replica;
using test::TempDir;

TEST_CASE("values pass through statements unchanged", "[replica][database]") {
    auto db = Database::open(":memory:", {.access = Access::kLocal, .create = true});
    REQUIRE(db);
    auto echo = db->prepare("SELECT ?1");
    REQUIRE(echo);
    for (const Value& value :
         {Value::null(), Value(""), Value("王"), Value(INT64_MIN), Value(0.1)}) {
        echo->reset();
        echo->bind(1, value);
        REQUIRE(*echo->step());
        CHECK(value == echo->value(0));
    }
    CHECK_THROWS_AS(echo->bind(2, "x"), std::logic_error);
}

TEST_CASE("failures have the code of their cause", "[replica][database]") {
    TempDir dir;
    CHECK(Database::open(dir.path("none.db"), {}).error().code == Errc::kNotFound);
    std::ofstream(dir.path("text.db")) << std::string(5000, 'x');
    CHECK(Database::open(dir.path("text.db"), {}).error().code == Errc::kCorrupt);

    Replica replica;
    CHECK(replica.db().prepare("SELECT \"text\"").error().code == Errc::kStorage);
    CHECK(replica.db().execute("INSERT INTO kontor_meta VALUES('epoch',1)").error().code ==
          Errc::kInvalid);
    const Database reader = replica.open(Access::kReadOnly);
    CHECK(reader.execute("DELETE FROM contact").error().code == Errc::kReadOnly);
    const auto hasty = Database::open(
        replica.path(), {.access = Access::kLocal, .busy_timeout = std::chrono::milliseconds(1)});
    REQUIRE(hasty);
    const auto held = Transaction::begin(replica.db());
    REQUIRE(held);
    CHECK(Transaction::begin(*hasty).error().code == Errc::kBusy);
}

TEST_CASE("a transaction that is not committed is rolled back", "[replica][database]") {
    Replica replica;
    {
        auto transaction = Transaction::begin(replica.db());
        REQUIRE(transaction);
        replica.run("INSERT INTO contact(id) VALUES(1)");
    }
    CHECK(replica.one("SELECT count(*) FROM contact") == "0");
    auto transaction = Transaction::begin(replica.db());
    REQUIRE(transaction);
    replica.run("INSERT INTO contact(id) VALUES(1)");
    REQUIRE(transaction->commit());
    CHECK(replica.one("SELECT count(*) FROM contact") == "1");
}

TEST_CASE("what is no longer at its path is not written", "[replica][database]") {
    const TempDir dir;
    const auto path = dir.path("replica.db");
    const auto db = Database::open(path, {.create = true});
    REQUIRE(db);
    REQUIRE(db->execute("CREATE TABLE t(x)"));
    REQUIRE(Transaction::begin(*db));
    SECTION("moved") {
        std::filesystem::rename(path, dir.path("elsewhere.db"));
    }
    SECTION("deleted") {
        std::filesystem::remove(path);
    }
    SECTION("replaced") {
        std::filesystem::copy_file(path, dir.path("copy.db"));
        std::filesystem::rename(dir.path("copy.db"), path);
    }
    const auto refused = Transaction::begin(*db);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::kCorrupt);
    CHECK(refused.error().args.at("reason") == "replica_moved");
}

TEST_CASE("a snapshot sees one moment", "[replica][database]") {
    Replica replica;
    const Database reader = replica.open(Access::kReadOnly);
    {
        const auto snapshot = Snapshot::begin(reader);
        REQUIRE(snapshot);
        CHECK(*reader.scalar("SELECT count(*) FROM contact") == 0);
        replica.run("INSERT INTO contact(id) VALUES(1)");
        CHECK(*reader.scalar("SELECT count(*) FROM contact") == 0);
    }
    CHECK(*reader.scalar("SELECT count(*) FROM contact") == 1);
}

TEST_CASE("a statement's end leaves nothing to the next of its text", "[replica][database]") {
    Replica replica;
    constexpr const char* kText = "SELECT ?1 UNION ALL SELECT 2";
    sqlite3_stmt* raw = nullptr;
    {
        auto first = replica.db().prepare(kText);
        REQUIRE(first);
        raw = first->raw();
        first->bind(1, "x");
        REQUIRE(*first->step());
        // While it is in use, another caller gets one of its own.
        auto second = replica.db().prepare(kText);
        REQUIRE(second);
        CHECK(second->raw() != raw);
        REQUIRE(*second->step());
        CHECK(second->is_null(0));
        CHECK(first->text(0) == "x");
    }
    auto again = replica.db().prepare(kText);
    REQUIRE(again);
    REQUIRE(*again->step());
    CHECK(again->is_null(0));
    // A statement that was left in the midst of its rows holds no read transaction.
    again = replica.db().prepare("SELECT 1");
    REQUIRE(replica.db().execute("BEGIN IMMEDIATE; COMMIT"));
    CHECK(replica.db().scalar("PRAGMA wal_checkpoint(TRUNCATE)") == 0);
}

TEST_CASE("the log is emptied when nobody is in the way", "[replica][database]") {
    TempDir dir;
    const auto path = dir.path("replica.db");
    const auto log_bytes = [&] { return std::filesystem::file_size(path + "-wal"); };
    WriteTurn turn;
    const OpenOptions options{.access = Access::kLocal,
                              .create = true,
                              .busy_timeout = std::chrono::milliseconds{50},
                              .turn = &turn};
    auto db = Database::open(path, options);
    auto reader = Database::open(path, options);
    REQUIRE(db);
    REQUIRE(reader);
    REQUIRE(db->execute("CREATE TABLE t(a); INSERT INTO t VALUES(1)"));
    REQUIRE(log_bytes() > 0);
    constexpr std::chrono::milliseconds kPatience{1};
    {
        auto reads = Snapshot::begin(*reader);
        REQUIRE(reads);
        REQUIRE(reader->scalar("SELECT a FROM t") == 1);
        CHECK(db->empty_log(kPatience) == false);
        CHECK(log_bytes() > 0);
    }
    {
        auto writes = Transaction::begin(*reader);
        REQUIRE(writes);
        CHECK(db->empty_log(kPatience) == false);  // the turn does not come
    }
    CHECK(db->empty_log(kPatience) == true);
    CHECK(log_bytes() == 0);
    CHECK(Transaction::begin(*reader));  // the turn was given back
}

TEST_CASE("statements outlive a change of the schema", "[replica][database]") {
    Replica replica;
    for (const int columns : {3, 4}) {
        auto all = replica.db().prepare("SELECT * FROM kontor_chain JOIN kontor_meta");
        REQUIRE(all);
        if (columns == 4) replica.run("ALTER TABLE kontor_meta ADD COLUMN note");
        REQUIRE(all->step());
        CHECK(all->columns() == columns + 1);
    }
}

TEST_CASE("more statements than are kept", "[replica][database]") {
    Replica replica;
    for (int round = 0; round < 2; ++round)
        for (int i = 0; i < 200; ++i)
            CHECK(replica.db().scalar("SELECT " + std::to_string(i)) == i);
}

}  // namespace kontor::replica
