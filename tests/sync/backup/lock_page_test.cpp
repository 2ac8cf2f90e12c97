// The page in which SQLite keeps its locks lies at 1 GiB and belongs to no table. Here it lies at
// 64 KiB; a program of its own, for no file of another test may be open with it there.
#include <sqlite3.h>

#include <catch2/catch.hpp>

#include "tests/sync/backup/kept.hpp"

namespace kontor::backup {

TEST_CASE("a replica of more than a gigabyte can be put together again", "[backup][chain]") {
    sqlite3_test_control(SQLITE_TESTCTRL_PENDING_BYTE, 0x10000);
    test::Kept kept;
    kept.contacts(1, 5'000);
    const auto base = kept.extend();
    REQUIRE(base);
    REQUIRE(base->manifest.size.pages > 0x10000 / base->manifest.size.page_bytes + 1);
    kept.replica.run("UPDATE contact SET phone = '1' WHERE id = 1");
    const auto next = kept.extend();
    REQUIRE(next);
    CHECK_FALSE(next->whole);
    CHECK(kept.at_point(0, "SELECT count(*) FROM contact") == 5'000);
    CHECK(kept.at_point(1, "SELECT count(phone) FROM contact") == 1);
}

}  // namespace kontor::backup
