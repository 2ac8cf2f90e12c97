// Jobs over days and years of virtual time: nothing is lost, nothing runs twice.
#include "daemon/jobs/scheduler.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "tests/daemon/jobs/world.hpp"

namespace kontor::jobs {
namespace {

using namespace std::chrono_literals;
using test::World;
using Texts = std::vector<std::string>;

Error offline() {
    return Error{Errc::kUnavailable, "offline", {}, {}};
}

}  // namespace

TEST_CASE("a whole year across both changes of the clocks", "[jobs]") {
    World world("2026-01-01T00:00");
    world.configure(R"(
[jobs]
time_zone = "Europe/Berlin"
[job.nightly]
command = ["true"]
when = "daily 02:30"
[job.hourly]
command = ["true"]
when = "hourly"
[job.often]
command = ["true"]
when = "every 6h"
jitter = "10m"
)");
    world.live_until("2027-01-01T00:00");
    const auto nightly = world.begun("nightly");
    CHECK(nightly.size() == 365);
    std::set<std::string> days;
    for (const auto& time : nightly) days.insert(time.substr(0, 10));
    CHECK(days.size() == 365);
    // Winter, the morning on which 02:30 is not there, summer, and the night that has it twice.
    for (const char* time : {"2026-01-01T01:30", "2026-03-29T01:00", "2026-03-30T00:30",
                             "2026-10-25T00:30", "2026-10-26T01:30"})
        CHECK(std::ranges::count(nightly, time) == 1);
    CHECK(world.begun("hourly").size() == 365 * 24);
    const auto often = world.begun("often").size();
    CHECK(often >= 365 * 4 * 360 / 370);
    CHECK(often < 365 * 4);
    CHECK(world.most_at_once == 1);
    CHECK(world.alerts.empty());
}

TEST_CASE("a laptop that slept for three days catches up once", "[jobs]") {
    World world;
    world.configure(R"(
[job.nightly]
command = ["true"]
when = "daily 02:30 UTC"
alert_after = "36h"
[job.mornings]
command = ["true"]
when = "daily 09:00 UTC"
catch_up = false
)");
    world.live_until("2026-05-02T12:00");
    CHECK(world.begun("nightly") == Texts{"2026-05-02T02:30"});
    world.sleep_until("2026-05-05T17:00");
    world.live_until("2026-05-06T12:00");
    CHECK(world.begun("nightly") ==
          Texts{"2026-05-02T02:30", "2026-05-05T17:00", "2026-05-06T02:30"});
    CHECK(world.runs[3].cause == "catch_up");
    CHECK(world.runs[3].missed == 2);
    CHECK(world.begun("mornings") ==
          Texts{"2026-05-01T09:00", "2026-05-02T09:00", "2026-05-06T09:00"});
    // It had its chance first: nobody is told that it has not worked for long.
    CHECK(world.alerts.empty());
}

TEST_CASE("a run missed while kontord was down is caught up, also after kill -9", "[jobs]") {
    World world;
    world.configure("[job.nightly]\ncommand=['true']\nwhen='daily 02:30 UTC'");
    world.live_until("2026-05-01T10:00");
    world.sleep_until("2026-05-02T08:00");
    world.restart();
    world.live_until("2026-05-02T09:00");
    CHECK(world.begun("nightly") == Texts{"2026-05-02T08:00"});
    world.restart();
    world.live_until("2026-05-02T20:00");
    CHECK(world.runs.size() == 1);

    world.takes["nightly"] = 1h;
    world.live_until("2026-05-03T02:40");
    world.restart();  // in mid-run
    CHECK(world.replica().one("SELECT result FROM kontor_job_run ORDER BY id DESC LIMIT 1") ==
          "interrupted");
    world.live_until("2026-05-03T12:00");
    CHECK(world.runs.size() == 3);
    CHECK(world.runs.back().cause == "retry");
    CHECK(world.runs.back().attempt == 2);
    CHECK(world.scheduler().view("nightly")->state.failures == 0);

    // One that is told to stop is done again after the start.
    world.live_until("2026-05-04T02:40");
    world.shut_down();
    world.restart();
    world.live_until("2026-05-04T02:41");
    CHECK(world.runs.size() == 5);
    CHECK(world.replica().one("SELECT group_concat(result) FROM kontor_job_run") ==
          "ok,interrupted,ok,cancelled");
}

TEST_CASE("a job that overruns its next time does not overlap itself", "[jobs]") {
    World world;
    world.configure("[job.slow]\ncommand=['true']\nwhen='*/15 * * * * UTC'");
    world.takes["slow"] = 40min;
    world.live_until("2026-05-01T10:05");
    CHECK(world.begun("slow") == Texts{"2026-05-01T08:15", "2026-05-01T09:00", "2026-05-01T09:45"});
    CHECK(world.most_at_once == 1);
    REQUIRE_FALSE(world.scheduler().ask("slow", "uid:1000"));
    CHECK(world.scheduler().ask("slow", "").error().code == Errc::kBusy);
}

TEST_CASE("backups take turns, other jobs do not wait for them", "[jobs]") {
    World world;
    world.configure(R"(
[job.near]
run = "backup run near"
when = "daily 09:00 UTC"
[job.far]
run = "backup run far"
when = "daily 09:00 UTC"
[job.other]
command = ["true"]
when = "daily 09:00 UTC"
)");
    world.takes["far"] = 30min;
    world.live_until("2026-05-01T09:10");
    CHECK(world.scheduler().view("near")->waits == "others");
    world.live_until("2026-05-01T10:00");
    CHECK(world.begun("far") == Texts{"2026-05-01T09:00"});
    CHECK(world.begun("near") == Texts{"2026-05-01T09:30"});
    CHECK(world.begun("other") == Texts{"2026-05-01T09:00"});
}

TEST_CASE("what fails is tried again with growing pauses, then somebody is told, once", "[jobs]") {
    World world;
    world.configure(R"(
[job.nightly]
command = ["true"]
when = "daily 02:00 UTC"
retries = 3
retry_first = "10m"
retry_max = "1h"
)");
    world.fails["nightly"] = offline();
    world.live_until("2026-05-02T12:00");
    REQUIRE(world.runs.size() == 4);
    for (std::size_t i = 0; i < 4; ++i)
        CHECK(world.runs[i].attempt == static_cast<std::int64_t>(i) + 1);
    CHECK(world.alerts == Texts{"nightly failed"});
    world.live_until("2026-05-04T12:00");
    CHECK(world.runs.size() == 12);
    CHECK(world.alerts.size() == 1);
    CHECK(world.scheduler().view("nightly")->state.failures == 12);
    world.fails["nightly"].reset();
    world.live_until("2026-05-05T12:00");
    CHECK(world.alerts == Texts{"nightly failed", "nightly recovered"});
    CHECK(world.replica().one("SELECT count(*)||group_concat(DISTINCT code||':'||error) FROM"
                              " kontor_job_run WHERE result='failed'") == "12unavailable:offline");
}

TEST_CASE("what only a person can mend is not tried again, but told at once", "[jobs]") {
    World world;
    world.configure("[job.nightly]\ncommand=['true']\nwhen='daily 09:00 UTC'");
    world.fails["nightly"] = Error{Errc::kUnauthenticated, "wrong passphrase", {}, {}};
    world.live_until("2026-05-01T09:01");
    CHECK(world.runs.size() == 1);
    CHECK(world.alerts == Texts{"nightly failed"});
    // Who asks for a run sees how it ends; no second alert, and no retries of their own.
    world.fails["nightly"] = offline();
    REQUIRE(world.scheduler().ask("nightly", "uid:1000"));
    world.live_until("2026-05-01T20:00");
    CHECK(world.runs.size() == 2);
    CHECK(world.runs[1].cause == "person");
    CHECK(world.alerts.size() == 1);
}

TEST_CASE("a job that has not worked for too long is told of, even if it cannot begin", "[jobs]") {
    World world;
    world.configure(R"(
[job.nightly]
command = ["true"]
when = "daily 02:00 UTC"
only_if = ["mains"]
alert_after = "3d"
)");
    world.machine.mains = false;
    world.live_until("2026-05-04T07:00");
    CHECK(world.runs.empty());
    CHECK(world.scheduler().view("nightly")->waits == "mains");
    CHECK(world.alerts.empty());
    world.live_until("2026-05-08T08:10");
    CHECK(world.alerts == Texts{"nightly overdue"});
    world.machine.mains = true;
    world.live_until("2026-05-08T08:20");
    CHECK(world.runs.size() == 1);
    CHECK(world.alerts == Texts{"nightly overdue", "nightly recovered"});
    // Whoever asks for it does not wait for the mains.
    world.machine.mains = false;
    REQUIRE(world.scheduler().ask("nightly", "uid:1000"));
    world.live_until("2026-05-08T08:30");
    CHECK(world.runs.size() == 2);
}

TEST_CASE("each condition is waited for", "[jobs]") {
    World world;
    world.configure(
        "[job.x]\ncommand=['true']\nwhen='daily 09:00 UTC'\nonly_if=['mains','unmetered','idle']");
    world.machine = {};
    world.machine.free = false;
    world.live_until("2026-05-01T09:10");
    CHECK(world.scheduler().view("x")->waits == "unmetered");
    world.machine.free = true;
    world.machine.quiet = false;
    world.live_until("2026-05-01T09:20");
    CHECK(world.scheduler().view("x")->waits == "idle");
    CHECK(world.runs.empty());
    world.machine.quiet = true;
    world.live_until("2026-05-01T09:22");
    CHECK(world.begun("x") == Texts{"2026-05-01T09:20"});
}

TEST_CASE("an alert that cannot be delivered is tried again, also after a restart", "[jobs]") {
    World world;
    world.configure("[job.x]\ncommand=['true']\nwhen='daily 09:00 UTC'\nretries=0");
    world.fails["x"] = offline();
    world.alerts_fail = true;
    world.live_until("2026-05-01T12:00");
    CHECK(world.alerts.empty());
    CHECK(world.scheduler().view("x")->state.alert_tries > 2);
    world.restart();
    world.alerts_fail = false;
    world.live_until("2026-05-01T14:00");
    CHECK(world.alerts == Texts{"x failed"});
    // One that nobody has heard of is not taken back either.
    world.alerts_fail = true;
    world.fails["x"].reset();
    world.live_until("2026-05-02T12:00");
    world.alerts_fail = false;
    world.live_until("2026-05-02T14:00");
    CHECK(world.alerts == Texts{"x failed", "x recovered"});
}

TEST_CASE("a paused job lets its times pass and is not caught up", "[jobs]") {
    World world;
    world.configure(
        "[job.x]\ncommand=['true']\nwhen=['daily 09:00 UTC', 'on deal.stage']\nalert_after='1d'");
    REQUIRE(world.scheduler().pause("x", "uid:1000"));
    world.live_until("2026-05-03T12:00");
    world.replica().run(
        "INSERT INTO deal(name,stage) VALUES('A','New');"
        "UPDATE deal SET stage='Won'");
    world.restart();
    CHECK(world.scheduler().view("x")->state.paused_by == "uid:1000");
    REQUIRE(world.scheduler().ask("x", "uid:1000"));
    world.live_until("2026-05-03T13:00");
    CHECK(world.runs.size() == 1);
    CHECK(world.alerts.empty());
    REQUIRE(world.scheduler().resume("x"));
    world.live_until("2026-05-04T10:00");
    CHECK(world.begun("x") == Texts{"2026-05-03T12:00", "2026-05-04T09:00"});
    CHECK(world.scheduler().pause("y", "").error().code == Errc::kNotFound);
}

TEST_CASE("a clock that was wrong keeps no job waiting", "[jobs]") {
    World world;
    world.configure("[job.x]\ncommand=['true']\nwhen='daily 09:00 UTC'");
    world.live_until("2026-05-01T10:00");
    world.sleep_until("2027-01-01T00:00");
    world.live_until("2027-01-01T00:10");
    CHECK(world.runs.size() == 2);
    world.sleep_until("2026-05-01T11:00");
    world.live_until("2026-05-02T10:00");
    CHECK(world.runs.size() == 3);
    CHECK(world.runs[2].at == "2026-05-02T09:00");
}

TEST_CASE("clocks that jump, between runs and during one, lose and repeat nothing", "[jobs]") {
    World world;
    world.configure(R"(
[jobs]
alert_after = "3d"
[job.nightly]
command = ["true"]
when = "daily 02:30 UTC"
retry_first = "1h"
retry_max = "1h"
[job.drill]
command = ["true"]
when = "weekly sun 04:00 UTC"
[job.often]
command = ["true"]
when = "every 6h"
)");
    world.takes["nightly"] = 1h;
    const auto nightly = [&] { return world.begun("nightly"); };
    world.live_until("2026-05-02T02:45");
    CHECK(nightly() == Texts{"2026-05-02T02:30"});

    SECTION("a month forward in mid-run, and back after it") {
        world.sleep_until("2026-06-02T02:50");
        world.live_until("2026-06-02T02:55");
        CHECK_FALSE(world.scheduler().view("nightly")->running);
        // The times up to there passed while it ran: let go, as any that a run overlaps.
        CHECK(nightly().size() == 1);
        world.sleep_until("2026-05-02T03:00");
        world.live_until("2026-05-04T12:00");
        CHECK(nightly() == Texts{"2026-05-02T02:30", "2026-05-03T02:30", "2026-05-04T02:30"});
        CHECK(world.begun("often").size() >= 10);
    }
    SECTION("a day back in mid-run") {
        world.sleep_until("2026-05-01T02:45");
        world.live_until("2026-05-03T12:00");
        // It is still at work when its time comes again.
        CHECK(nightly() == Texts{"2026-05-02T02:30", "2026-05-03T02:30"});
        CHECK(world.replica().one(
                  "SELECT count(*) FROM kontor_job_run WHERE ended_at<started_at") == "0");
    }
    SECTION("a day back between runs, and a failure whose retry lay ahead") {
        world.fails["nightly"] = offline();
        world.live_until("2026-05-02T03:40");
        CHECK(world.scheduler().view("nightly")->state.retry);
        world.sleep_until("2026-05-01T03:40");
        world.fails.clear();
        world.live_until("2026-05-03T12:00");
        CHECK(nightly().back() == "2026-05-03T02:30");
        CHECK(world.scheduler().view("nightly")->state.failures == 0);
    }
    SECTION("years forward, and a restart there") {
        world.live_until("2026-05-02T05:00");
        world.sleep_until("2031-01-01T00:00");
        world.restart();
        world.live_until("2031-01-01T02:00");
        CHECK(nightly().size() == 2);
        world.sleep_until("2026-05-02T06:00");
        world.restart();
        world.live_until("2026-05-06T12:00");
        CHECK(nightly().size() == 6);
    }
    CHECK(world.most_at_once == 1);
    CHECK(world.alerts == Texts{});
}

TEST_CASE("a weekly job is not late in the middle of its week", "[jobs]") {
    World world;
    world.configure(R"(
[jobs]
alert_after = "3d"
[job.drill]
command = ["true"]
when = "weekly sun 04:00 UTC"
only_if = ["mains"]
[job.won]
command = ["true"]
when = "on deal.stage"
)");
    world.live_until("2026-05-23T12:00");
    CHECK(world.begun("drill").size() == 3);
    CHECK(world.alerts.empty());
    // But a day after the one that it missed, and an event that does not come is no failure.
    world.machine.mains = false;
    world.live_until("2026-05-25T03:00");
    CHECK(world.alerts.empty());
    world.live_until("2026-05-25T05:00");
    CHECK(world.alerts == Texts{"drill overdue"});
}

TEST_CASE("a changed schedule counts from now; a job that went and comes back knows its past",
          "[jobs]") {
    World world;
    world.configure("[job.x]\ncommand=['true']\nwhen='daily 09:00 UTC'");
    world.live_until("2026-05-01T10:00");
    world.configure("[job.x]\ncommand=['true']\nwhen='daily 11:00 UTC'");
    world.live_until("2026-05-01T12:00");
    CHECK(world.begun("x") == Texts{"2026-05-01T09:00", "2026-05-01T11:00"});
    world.configure("[job.y]\ncommand=['true']\nwhen='daily 11:00 UTC'");
    world.live_until("2026-05-01T13:00");
    CHECK(world.scheduler().views().size() == 1);
    world.configure("[job.x]\ncommand=['true']\nwhen='daily 11:00 UTC'");
    CHECK(world.scheduler().view("x")->state.succeeded > test::at("2026-05-01T11:00"));
}

TEST_CASE("an event runs a job once for all that happened, and none is lost", "[jobs]") {
    World world;
    world.replica().run("INSERT INTO deal(name,stage) VALUES('A','New'),('B','New'),('C','New')");
    world.configure(R"(
[job.won]
command = ["true"]
when = "on deal.stage = Won"
[job.nonsense]
command = ["true"]
when = "on deal.colour"
)");
    world.live_until("2026-05-01T09:00");
    CHECK(world.runs.empty());
    world.takes["won"] = 10min;
    world.replica().run(
        "UPDATE deal SET stage='Won' WHERE name IN('A','B');"
        "UPDATE deal SET stage='Lost' WHERE name='C'");
    world.live_until("2026-05-01T09:05");
    REQUIRE(world.runs.size() == 1);
    CHECK(world.runs[0].cause == "event");
    CHECK(world.runs[0].records == "deal:1 deal:2");
    // While it runs another is won, and kontord is killed before it could answer to that.
    world.replica().run("UPDATE deal SET stage='Won' WHERE name='C'");
    world.live_until("2026-05-01T09:06");
    CHECK(world.runs.size() == 1);
    world.restart();
    world.live_until("2026-05-01T10:00");
    REQUIRE(world.runs.size() >= 2);
    CHECK(std::ranges::any_of(world.runs, [](const auto& r) { return r.records == "deal:3"; }));
    CHECK(world.scheduler().view("nonsense")->trouble == "there is no deal.colour");
}

TEST_CASE("old runs go, the newest stay", "[jobs]") {
    World world;
    world.configure("[job.x]\ncommand=['true']\nwhen='every 1m'");
    world.live_until("2026-05-01T20:00");
    CHECK(world.runs.size() > 600);
    CHECK(world.replica().one("SELECT count(*) FROM kontor_job_run") == "500");
}

}  // namespace kontor::jobs
