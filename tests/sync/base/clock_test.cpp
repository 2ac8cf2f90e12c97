#include "sync/base/clock.hpp"

#include <catch2/catch.hpp>

namespace kontor {

namespace {

std::string canonical(std::string_view text) {
    const auto at = parse_instant(text);
    return at ? format_instant(*at) : "none";
}

}  // namespace

TEST_CASE("instants are read with any zone and written in UTC", "[base][clock]") {
    CHECK(canonical("2026-01-31T10:00:00Z") == "2026-01-31T10:00:00.000Z");
    CHECK(canonical("2026-01-31 10:00:00z") == "2026-01-31T10:00:00.000Z");
    CHECK(canonical("2026-01-31T10:00:00.5Z") == "2026-01-31T10:00:00.500Z");
    CHECK(canonical("2026-01-31T10:00:00.123456789Z") == "2026-01-31T10:00:00.123Z");
    CHECK(canonical("2026-01-31T02:00:00+08:00") == "2026-01-30T18:00:00.000Z");
    CHECK(canonical("2026-12-31T23:30:00-0130") == "2027-01-01T01:00:00.000Z");
    CHECK(canonical("2024-02-29T00:00:00Z") == "2024-02-29T00:00:00.000Z");
    CHECK(canonical("1969-12-31T23:59:59.999Z") == "1969-12-31T23:59:59.999Z");
    CHECK(canonical("9999-12-31T23:59:59Z") == "9999-12-31T23:59:59.000Z");
}

TEST_CASE("what is no instant is refused", "[base][clock]") {
    for (const char* text : {"",
                             "2026",
                             "2026-01-31",
                             "2026-01-31T10:00:00",
                             "2026-01-31T10:00Z",
                             "2026-02-30T10:00:00Z",
                             "2025-02-29T10:00:00Z",
                             "2026-13-01T10:00:00Z",
                             "2026-00-01T10:00:00Z",
                             "2026-01-31T24:00:00Z",
                             "2026-01-31T10:60:00Z",
                             "2026-01-31T10:00:61Z",
                             "2026-01-31T10:00:00.Z",
                             "2026-01-31T10:00:00.1234567890Z",
                             "2026-01-31T10:00:00+24:00",
                             "2026-01-31T10:00:00+08:60",
                             "2026-01-31T10:00:00+8",
                             "2026-01-31T10:00:00+08:",
                             "2026-01-31T10:00:00Zx",
                             "2026-01-31X10:00:00Z",
                             " 2026-01-31T10:00:00Z",
                             "-026-01-31T10:00:00Z",
                             "9999-12-31T23:59:59-12:00",  // the year 10000 in UTC
                             "0001-01-01T00:00:00+14:00",
                             "2026/01/31T10:00:00Z"})
        CHECK(canonical(text) == "none");
}

TEST_CASE("text order is time order", "[base][clock]") {
    const Instant start{std::chrono::milliseconds(-1)};
    std::string before = format_instant(start);
    for (const std::int64_t step : {1LL, 999LL, 60'000LL, 86'400'000LL, 31'536'000'000LL}) {
        const std::string now = format_instant(start + std::chrono::milliseconds(step));
        CHECK(before < now);
        CHECK(parse_instant(now) == start + std::chrono::milliseconds(step));
        before = now;
    }
}

TEST_CASE("the system clock's steady time does not go back", "[base][clock]") {
    const SystemClock clock;
    const auto first = clock.steady();
    CHECK(clock.steady() >= first);
    CHECK(clock.now() > Instant{});
}

}  // namespace kontor
