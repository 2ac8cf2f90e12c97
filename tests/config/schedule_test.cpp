// Times at which jobs run, in several zones, around the hours that clocks skip and repeat. The
// zones' rules are those of the system's tzdata.
#include "config/schedule.hpp"

#include <catch2/catch.hpp>
#include <vector>

namespace kontor::config {
namespace {

/// The next times after `from`, as text without seconds.
std::vector<std::string> next(const std::string& text, const std::string& from, int count) {
    const auto schedule = Schedule::parse(text);
    REQUIRE(schedule);
    auto at = *parse_instant(from);
    std::vector<std::string> out;
    for (int i = 0; i < count; ++i) {
        const auto following = schedule->in_zone("UTC").next_after(at);
        REQUIRE(following);
        REQUIRE(*following > at);
        at = *following;
        out.push_back(format_instant(at).substr(0, 16));
    }
    return out;
}

using Times = std::vector<std::string>;

}  // namespace

TEST_CASE("calendar words and cron lines name the same times", "[config][schedule]") {
    const std::string from = "2026-05-01T08:00:00Z";  // a Friday
    CHECK(next("daily 02:30", from, 2) == Times{"2026-05-02T02:30", "2026-05-03T02:30"});
    CHECK(next("30 2 * * *", from, 2) == next("daily 02:30", from, 2));
    CHECK(next("weekdays 18:00", from, 2) == Times{"2026-05-01T18:00", "2026-05-04T18:00"});
    CHECK(next("0 18 * * 1-5", from, 9) == next("weekdays 18:00", from, 9));
    CHECK(next("weekends 10:00", from, 3) ==
          Times{"2026-05-02T10:00", "2026-05-03T10:00", "2026-05-09T10:00"});
    CHECK(next("mon,thursday 09:00", from, 2) == Times{"2026-05-04T09:00", "2026-05-07T09:00"});
    CHECK(next("weekly mon,thu 09:00", from, 2) == Times{"2026-05-04T09:00", "2026-05-07T09:00"});
    CHECK(next("monthly 1 03:00", from, 2) == Times{"2026-06-01T03:00", "2026-07-01T03:00"});
    CHECK(next("monthly 31 03:00", from, 2) == Times{"2026-05-31T03:00", "2026-07-31T03:00"});
    CHECK(next("monthly last 18:00", "2028-01-31T18:00:00Z", 2) ==
          Times{"2028-02-29T18:00", "2028-03-31T18:00"});
    CHECK(next("hourly", from, 2) == Times{"2026-05-01T09:00", "2026-05-01T10:00"});
    CHECK(next("every 90m", from, 2) == Times{"2026-05-01T09:30", "2026-05-01T11:00"});
    CHECK(next("*/20 8-9 * * *", from, 6) == Times{"2026-05-01T08:20", "2026-05-01T08:40",
                                                   "2026-05-01T09:00", "2026-05-01T09:20",
                                                   "2026-05-01T09:40", "2026-05-02T08:00"});
    // Sunday by both of its numbers; a name; either of two kinds of day.
    CHECK(next("0 0 * * 7", from, 1) == Times{"2026-05-03T00:00"});
    CHECK(next("0 0 * * sun", from, 1) == Times{"2026-05-03T00:00"});
    CHECK(next("0 0 13 * fri", from, 3) ==
          Times{"2026-05-08T00:00", "2026-05-13T00:00", "2026-05-15T00:00"});
    CHECK(next("0 0 29 feb *", from, 1) == Times{"2028-02-29T00:00"});
}

TEST_CASE("a time that the clock skips runs when the gap is over, once", "[config][schedule]") {
    struct Case {
        const char* schedule;
        const char* from;
        Times expected;
    };
    const Case cases[] = {
        // 29 March 2026, 02:00 becomes 03:00: 01:00 UTC.
        {"daily 02:30 Europe/Berlin",
         "2026-03-28T00:00:00Z",
         {"2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"}},
        {"0,30 2 * * * Europe/Berlin",
         "2026-03-28T12:00:00Z",
         {"2026-03-29T01:00", "2026-03-30T00:00", "2026-03-30T00:30"}},
        // 8 March 2026, 02:00 becomes 03:00: 07:00 UTC.
        {"daily 02:30 America/New_York",
         "2026-03-07T12:00:00Z",
         {"2026-03-08T07:00", "2026-03-09T06:30"}},
        // 4 October 2026, half an hour: 02:00 becomes 02:30, 15:30 UTC the day before.
        {"daily 02:15 Australia/Lord_Howe",
         "2026-10-02T16:00:00Z",
         {"2026-10-03T15:30", "2026-10-04T15:15"}},
        // The day begins at 01:00: 24:00 of the day before is skipped. 6 September 2026.
        {"daily 00:00 America/Santiago",
         "2026-09-05T12:00:00Z",
         {"2026-09-06T04:00", "2026-09-07T03:00"}},
        // No summer time.
        {"daily 02:30 Asia/Shanghai",
         "2026-03-28T00:00:00Z",
         {"2026-03-28T18:30", "2026-03-29T18:30"}},
    };
    for (const auto& c : cases) {
        INFO(c.schedule);
        CHECK(next(c.schedule, c.from, static_cast<int>(c.expected.size())) == c.expected);
    }
}

TEST_CASE("a time that the clock repeats runs once; what runs by the hour runs in both",
          "[config][schedule]") {
    // 25 October 2026, 03:00 becomes 02:00: 01:00 UTC.
    CHECK(next("daily 02:30 Europe/Berlin", "2026-10-24T12:00:00Z", 2) ==
          Times{"2026-10-25T00:30", "2026-10-26T01:30"});
    // Also when one begins to look between the two.
    CHECK(next("daily 02:30 Europe/Berlin", "2026-10-25T00:45:00Z", 1) ==
          Times{"2026-10-26T01:30"});
    CHECK(next("hourly Europe/Berlin", "2026-10-24T23:00:00Z", 4) ==
          Times{"2026-10-25T00:00", "2026-10-25T01:00", "2026-10-25T02:00", "2026-10-25T03:00"});
    CHECK(next("*/30 * * * * America/New_York", "2026-11-01T05:00:00Z", 4) ==
          Times{"2026-11-01T05:30", "2026-11-01T06:00", "2026-11-01T06:30", "2026-11-01T07:00"});
}

TEST_CASE("a schedule that is none says what is wrong", "[config][schedule]") {
    for (const char* text :
         {"", "sometimes", "daily", "daily 25:00", "daily 2:3", "daily 02:30 Mars/Base",
          "60 * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "* * * *", "every 5s", "every",
          "daily 02:30 UTC now", "monthly 03:00", "monthly 32 03:00", "weekly 09:00", "mon,, 09:00",
          "1,,2 * * * *"}) {
        INFO(text);
        const auto parsed = Schedule::parse(text);
        REQUIRE_FALSE(parsed);
        CHECK(parsed.error().code == Errc::kConfig);
    }
    CHECK_FALSE(
        Schedule::parse("0 0 31 feb * UTC")->next_after(*parse_instant("2026-05-01T00:00:00Z")));
}

}  // namespace kontor::config
