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

}  // namespace kontor::replica
