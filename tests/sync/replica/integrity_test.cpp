#include "sync/replica/integrity.hpp"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/sync/replica/support.hpp"

namespace kontor::replica {

using test::Replica;

namespace {

std::vector<std::string> problems(const Replica& replica) {
    const auto found = check_integrity(replica.db(), IntegrityDepth::kFull);
    REQUIRE(found);
    std::vector<std::string> out;
    for (const auto& p : *found) out.push_back(std::string(to_string(p.kind)) + " " + p.detail);
    return out;
}

}  // namespace

TEST_CASE("a sound replica has no problems", "[replica][integrity]") {
    Replica replica;
    replica.run("INSERT INTO contact(phone) VALUES('138')");
    CHECK(problems(replica).empty());
    CHECK(check_integrity(replica.db(), IntegrityDepth::kQuick)->empty());
}

TEST_CASE("what other programs broke is named", "[replica][integrity]") {
    Replica replica;
    replica.run(
        "DROP TRIGGER kontor_contact_after_update; ALTER TABLE contact ADD COLUMN mine;"
        "DROP TABLE note; DROP INDEX kontor_deal_uid");
    CHECK(problems(replica) == std::vector<std::string>{"column contact.mine",
                                                        "trigger kontor_contact_after_update",
                                                        "index kontor_deal_uid", "table note"});
}

TEST_CASE("damage in the file is found", "[replica][integrity]") {
    Replica replica;
    for (int i = 0; i < 200; ++i)
        replica.run("INSERT INTO contact(phone,description) VALUES('138',printf('%2000d',1))");
    replica.run("PRAGMA wal_checkpoint(TRUNCATE)");
    {
        std::fstream file(replica.path(), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-40 * 4096, std::ios::end);
        const std::string noise(20 * 4096, '\x5a');
        file.write(noise.data(), static_cast<std::streamsize>(noise.size()));
    }
    const auto again = Database::open(replica.path(), {.access = Access::kReadOnly});
    REQUIRE(again);
    const auto found = check_integrity(*again, IntegrityDepth::kQuick);
    CHECK((!found || !found->empty()));
    if (!found) CHECK(found.error().code == Errc::kCorrupt);
}

TEST_CASE("a row that is missing from an index is found by reading all", "[replica][integrity]") {
    Replica replica;
    replica.run("INSERT INTO contact(phone) VALUES('138')");
    const std::string index = "name='kontor_contact_uid'";
    const auto root = replica.one("SELECT rootpage FROM sqlite_schema WHERE " + index);
    const auto sql = replica.one("SELECT sql FROM sqlite_schema WHERE " + index);
    // Written while SQLite did not know of the index.
    replica.while_closed([&] {
        CHECK(replica.sqlite3("PRAGMA writable_schema=ON; DELETE FROM sqlite_schema WHERE " + index)
                  .empty());
        CHECK(replica.sqlite3("INSERT INTO contact(phone) VALUES('139')").empty());
        CHECK(replica
                  .sqlite3("PRAGMA writable_schema=ON; INSERT INTO sqlite_schema VALUES('index',"
                           "'kontor_contact_uid','contact'," +
                           root + ",'" + sql + "')")
                  .empty());
    });
    const auto quick = check_integrity(replica.db(), IntegrityDepth::kQuick);
    REQUIRE(quick);
    CHECK(quick->empty());
    CHECK(problems(replica) ==
          std::vector<std::string>{"database row 2 missing from index kontor_contact_uid",
                                   "database wrong # of entries in index kontor_contact_uid"});
}

}  // namespace kontor::replica
