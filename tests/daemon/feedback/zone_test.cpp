// Wall clocks of places, over daylight saving time, and when a person is left in peace.
#include "daemon/feedback/zone.hpp"

#include <catch2/catch.hpp>

using namespace kontor;
using namespace kontor::feedback;

namespace {

Instant at(const char* text) {
    return *parse_instant(text);
}

}  // namespace

TEST_CASE("zones are those of the IANA database", "[feedback][zone]") {
    CHECK(is_zone("Asia/Shanghai"));
    CHECK(is_zone("America/New_York"));
    CHECK(is_zone("UTC"));
    for (const char* other : {"", "GMT+8", "EST", "Europe/Nowhere", "CST"})
        CHECK_FALSE(is_zone(other));
}

TEST_CASE("quiet hours follow the person's clock", "[feedback][zone]") {
    QuietHours night{.from = 20 * 60, .until = 9 * 60, .days = {}};
    QuietHours noon{.from = 12 * 60, .until = 14 * 60, .days = {}};
    QuietHours weekend{.from = 0, .until = 0, .days = {}};
    weekend.days[0] = weekend.days[6] = true;
    struct Case {
        const char* time;
        const char* zone;
        const QuietHours& quiet;
        bool silent;
    };
    const Case cases[] = {
        {"2026-05-20T00:59:59Z", "Asia/Shanghai", night, true},   // 08:59:59
        {"2026-05-20T01:00:00Z", "Asia/Shanghai", night, false},  // 09:00
        {"2026-05-20T11:59:59Z", "Asia/Shanghai", night, false},
        {"2026-05-20T12:00:00Z", "Asia/Shanghai", night, true},  // 20:00
        {"2026-05-20T04:00:00Z", "Asia/Shanghai", noon, true},
        {"2026-05-20T06:00:00Z", "Asia/Shanghai", noon, false},
        // Berlin: 09:00 is 08:00 UTC in winter, 07:00 in summer; the clock goes forward on 29
        // March.
        {"2026-03-28T07:59:00Z", "Europe/Berlin", night, true},
        {"2026-03-28T08:00:00Z", "Europe/Berlin", night, false},
        {"2026-03-29T06:59:00Z", "Europe/Berlin", night, true},
        {"2026-03-29T07:00:00Z", "Europe/Berlin", night, false},
        // and back on 25 October.
        {"2026-10-24T07:00:00Z", "Europe/Berlin", night, false},
        {"2026-10-25T07:59:00Z", "Europe/Berlin", night, true},
        {"2026-10-25T08:00:00Z", "Europe/Berlin", night, false},
        // Half past: India.
        {"2026-05-20T03:29:00Z", "Asia/Kolkata", night, true},
        {"2026-05-20T03:30:00Z", "Asia/Kolkata", night, false},
        // A Friday evening in London is a Saturday in Auckland.
        {"2026-05-22T20:00:00Z", "Europe/London", weekend, false},
        {"2026-05-22T20:00:00Z", "Pacific/Auckland", weekend, true},
        // Not a zone: UTC.
        {"2026-05-20T08:59:00Z", "Nowhere", night, true},
        {"2026-05-20T09:00:00Z", "", night, false},
    };
    for (const auto& c : cases) {
        CAPTURE(c.time, c.zone);
        CHECK(is_quiet(c.quiet, at(c.time), c.zone) == c.silent);
    }
}

TEST_CASE("a local time has its day of the week", "[feedback][zone]") {
    const auto time = local_time(at("2026-05-23T16:30:00Z"), "Asia/Shanghai");
    CHECK(time.minute == 30);
    CHECK(time.weekday == 0);  // Sunday there, still Saturday in UTC
}
