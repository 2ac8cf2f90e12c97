#include "plugins/zoho/cursor.hpp"

#include <catch2/catch.hpp>

#include "connectors/sdk/error.hpp"

using kontor::zoho::Cursor;

TEST_CASE("a cursor survives being stored", "[zoho][cursor]") {
    Cursor bulk;
    bulk.phase = Cursor::Phase::kBulk;
    bulk.start_ms = 1'700'000'000'000;
    bulk.job = "55";
    bulk.page = 3;
    bulk.row = 4000;
    bulk.fields = "f";
    bulk.count = 700'000;
    const auto again = Cursor::decode(bulk.encode());
    REQUIRE(again);
    CHECK(again->encode() == bulk.encode());
    CHECK(again->count == 700'000);
    Cursor changes;
    changes.phase = Cursor::Phase::kChanges;
    changes.modified_ms = changes.deleted_ms = 1'700'000'000'000;
    CHECK(Cursor::decode(changes.encode())->deleted_ms == 1'700'000'000'000);
    CHECK_FALSE(Cursor::decode(""));
    for (const char* bad : {"x", "{}", R"({"v":2,"phase":"scan"})", R"({"v":1,"phase":"scan"})",
                            R"({"v":1,"phase":"moon","start":"2026-01-01T00:00:00.000Z"})",
                            R"({"v":1,"phase":"changes","modified":"2026-01-01T00:00:00.000Z"})"})
        CHECK_THROWS_AS(Cursor::decode(bad), kontor::sdk::Error);
}
