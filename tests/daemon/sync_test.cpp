// Workers at run time, with a scripted engine: when they sync, what they tell, how they stop.
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <filesystem>
#include <fstream>

#include "daemon/runtime/schedule.hpp"
#include "tests/daemon/daemon_fixture.hpp"
#include "tests/support/eventually.hpp"

using namespace kontor;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr const char* kConnection =
    "[sync]\nedit_delay = \"10ms\"\nretry_first = \"100ms\"\n[connection.a]\nplugin = \"fake\"\n";

struct Cycles {
    app::RunCycle script(std::function<Result<engine::CycleReport>(int)> answer) {
        return [this, answer = std::move(answer)](
                   engine::Cycle::Ports ports, const engine::ConnectionSettings& settings,
                   const engine::CycleOptions& options) -> Result<engine::CycleReport> {
            ports.observer.progress({"pull", "People", 1, 2});
            const std::lock_guard lock(mutex);
            streams = settings.streams.size();
            last = options;
            return answer(++count);
        };
    }
    std::mutex mutex;
    int count = 0;
    std::size_t streams = 0;
    engine::CycleOptions last;
    int done() {
        const std::lock_guard lock(mutex);
        return count;
    }
    bool reaches(int wanted) {
        return test::eventually([&] { return done() >= wanted; });
    }
};

bool idle(const json& status) {
    return status["connections"][0]["state"] == "idle";
}

}  // namespace

TEST_CASE("a connection syncs at the start and when asked, and tells of it", "[daemon][sync]") {
    test::Daemon daemon(kConnection);
    daemon.dir.write("a.mapping.toml", test::kMapping);
    Cycles cycles;
    daemon.run_cycle = cycles.script([](int) {
        engine::CycleReport report;
        report.plan.add({.side = engine::PlannedChange::Side::kHere,
                         .stream = "People",
                         .entity = "contact",
                         .record = 7,
                         .ext_id = "x",
                         .op = "update",
                         .fields = {"email_opt_out"},
                         .values = {{.column = "email_opt_out",
                                     .remote_field = "",
                                     .old = Value(),
                                     .now = Value(std::int64_t{1})}}});
        report.plan.add({.side = engine::PlannedChange::Side::kThere,
                         .entity = "contact",
                         .record = 8,
                         .op = "blocked",
                         .code = "KONTOR_LENGTH",
                         .reason = "is longer than 3 characters"});
        report.plan.count_only(5);
        report.guard = Error{Errc::kGuard, "would delete 1", {{"deletes", "1"}}, {}};
        return report;
    });
    REQUIRE(daemon.start());
    REQUIRE(daemon.until("/api/v1/status", idle));
    CHECK(cycles.done() == 1);
    CHECK(cycles.streams == 1);

    const auto asked = daemon.send("POST", "/api/v1/connections/a/sync", {{"dry_run", true}});
    REQUIRE(asked.status == 202);
    const auto ticket = json::parse(asked.body);
    test::RawConnection events(daemon.socket());
    events.send("GET /api/v1/events?since=" + ticket["event_id"].dump() +
                " HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto text = events.read_until("event: sync.finished");
    CHECK(text.find("text/event-stream") != std::string::npos);
    CHECK(text.find("event: sync.started") != std::string::npos);
    CHECK(text.find("\"ticket\":" + ticket["ticket"].dump()) != std::string::npos);
    CHECK(cycles.last.dry_run);
    const auto plan = daemon.json("/api/v1/connections/a/plan");
    CHECK(plan["total"] == 7);
    CHECK(plan["kept"] == 2);
    CHECK(plan["changes"][0]["record"] == 7);
    CHECK(plan["changes"][0]["values"] == json::array({{{"column", "email_opt_out"},
                                                        {"remote_field", nullptr},
                                                        {"old", nullptr},
                                                        {"new", true}}}));
    CHECK(plan["changes"][0]["reason"].is_null());
    CHECK(plan["changes"][1]["code"] == "KONTOR_LENGTH");
    CHECK(plan["changes"][1]["reason"] == "is longer than 3 characters");
    CHECK(plan["guard"]["code"] == "guard");
}

TEST_CASE("an edit by plain SQL causes a sync", "[daemon][sync]") {
    test::Daemon daemon(kConnection);
    daemon.dir.write("a.mapping.toml", test::kMapping);
    Cycles cycles;
    daemon.run_cycle = cycles.script([](int) { return engine::CycleReport{}; });
    REQUIRE(daemon.start());
    REQUIRE(daemon.until("/api/v1/status", idle));
    {
        replica::OpenOptions options;
        auto db = replica::Database::open(daemon.dir.path("state/replica.db"), options);
        REQUIRE(db);
        REQUIRE(db->execute("INSERT INTO contact(last_name) VALUES('SQL')"));
    }
    CHECK(cycles.reaches(2));
}

TEST_CASE("a field that is gone at the remote makes the next sync come at once, with new metadata",
          "[daemon][sync]") {
    test::Daemon daemon("[connection.a]\nplugin = \"fake\"\n");
    daemon.dir.write("a.mapping.toml", test::kMapping);
    Cycles cycles;
    daemon.run_cycle = cycles.script([](int n) {
        engine::CycleReport report;
        if (n == 1)
            report.problem =
                Error{Errc::kInvalid, "People has no field x", {{"unknown_field", "x"}}};
        return report;
    });
    REQUIRE(daemon.start());
    CHECK(cycles.reaches(2));
    CHECK(daemon.remotes.described == 2);
}

TEST_CASE("what waits when its connection is taken down ends, and is told so", "[daemon][sync]") {
    test::Daemon daemon(kConnection);
    daemon.dir.write("a.mapping.toml", test::kMapping);
    std::atomic<bool> busy{false};
    daemon.run_cycle = [&](engine::Cycle::Ports ports, const engine::ConnectionSettings&,
                           const engine::CycleOptions&) -> Result<engine::CycleReport> {
        busy = true;
        while (!ports.cancelled) std::this_thread::sleep_for(5ms);
        return fail(Errc::kCancelled, "stopped");
    };
    REQUIRE(daemon.start());
    while (!busy) std::this_thread::sleep_for(5ms);
    const auto asked = daemon.send("POST", "/api/v1/connections/a/sync", json::object());
    REQUIRE(asked.status == 202);
    const auto ticket = json::parse(asked.body);
    const auto verify = daemon.send("POST", "/api/v1/connections/a/verify", json::object());
    REQUIRE(verify.status == 202);
    test::RawConnection events(daemon.socket());
    events.send("GET /api/v1/events?since=" + ticket["event_id"].dump() +
                " HTTP/1.1\r\nHost: x\r\n\r\n");
    daemon.dir.write("kontor.toml",
                     "[daemon]\nstate_dir = \"state\"\nsocket = \"run/s\"\n[sync]\n"
                     "interval = \"2h\"\n[connection.a]\nplugin = \"fake\"\n");
    REQUIRE(daemon.send("POST", "/api/v1/reload", nullptr).status == 200);
    const auto text = events.read_until("event: config.reloaded");
    const auto told = [&](const std::string& event, const json& number) {
        const auto at = text.find("\"ticket\":" + number.dump());
        return at != std::string::npos && text.find("event: " + event) != std::string::npos &&
               text.find("connection a was taken down") != std::string::npos;
    };
    CHECK(told("sync.finished", ticket["ticket"]));
    CHECK(told("verify.finished", json::parse(verify.body)["ticket"]));
}

TEST_CASE("who asks for what waits already is told its ticket", "[daemon][sync]") {
    test::Daemon daemon(kConnection);
    daemon.dir.write("a.mapping.toml", test::kMapping);
    std::atomic<bool> go{false};
    Cycles cycles;
    const auto counted = cycles.script([](int) { return engine::CycleReport{}; });
    daemon.run_cycle = [&](engine::Cycle::Ports ports, const engine::ConnectionSettings& settings,
                           const engine::CycleOptions& options) {
        const auto out = counted(ports, settings, options);
        while (!go && !ports.cancelled) std::this_thread::sleep_for(5ms);
        return out;
    };
    REQUIRE(daemon.start());
    REQUIRE(cycles.reaches(1));  // under way: what is asked for now is another one
    const auto ask = [&](const json& options) {
        const auto asked = daemon.send("POST", "/api/v1/connections/a/sync", options);
        REQUIRE(asked.status == 202);
        return json::parse(asked.body)["ticket"].get<std::int64_t>();
    };
    const auto first = ask(json::object());
    const auto dry = ask({{"dry_run", true}});
    CHECK(dry != first);
    for (int i = 0; i < 40; ++i) CHECK(ask(json::object()) == first);
    CHECK(ask({{"dry_run", true}}) == dry);
    go = true;
    REQUIRE(cycles.reaches(3));
    REQUIRE(daemon.until("/api/v1/status", idle));
    CHECK(cycles.done() == 3);
}

TEST_CASE("failures back off and the network's return tries again", "[daemon][sync]") {
    test::Daemon daemon(
        "[sync]\nretry_first = \"1h\"\nretry_max = \"2h\"\n"
        "[connection.a]\nplugin = \"fake\"\n");
    daemon.dir.write("a.mapping.toml", test::kMapping);
    Cycles cycles;
    daemon.run_cycle = cycles.script([](int n) -> Result<engine::CycleReport> {
        if (n == 1) return fail(Errc::kUnavailable, "connection reset");
        return engine::CycleReport{};
    });
    REQUIRE(daemon.start());
    REQUIRE(daemon.until("/api/v1/status",
                         [](const json& j) { return j["connections"][0]["state"] == "offline"; }));
    daemon.network.come_back();
    CHECK(daemon.until("/api/v1/status", idle));
}

TEST_CASE("a remote that answers 503 is not called offline", "[daemon][sync]") {
    test::Daemon daemon(
        "[sync]\nretry_first = \"1h\"\nretry_max = \"2h\"\n[connection.a]\nplugin = \"fake\"\n");
    daemon.dir.write("a.mapping.toml", test::kMapping);
    Cycles cycles;
    daemon.run_cycle = cycles.script([](int n) -> Result<engine::CycleReport> {
        if (n == 1)
            return fail(Errc::kUnavailable, "Contacts: HTTP 503",
                        {{"reason", "net_status"}, {"status", "503"}});
        if (n == 2)
            return fail(Errc::kUnavailable, "the database system is starting up (57P03)",
                        {{"reason", "net_said"}});
        return engine::CycleReport{};
    });
    REQUIRE(daemon.start());
    const auto state_text = [](const char* wanted) {
        return [wanted](const json& j) {
            return j["connections"][0]["state"] == "unavailable" &&
                   j["connections"][0]["state_text"] == wanted;
        };
    };
    REQUIRE(daemon.until("/api/v1/status",
                         state_text("waiting – the remote is not available for now (503)")));
    auto told = daemon.json("/api/v1/status")["connections"][0];
    CHECK(told["error"]["message"] ==
          "The remote can be reached but is not available for now: it answers 503.");
    // It is tried again just so. What says it in other ways than by the status is not called
    // offline either.
    daemon.network.come_back();
    REQUIRE(daemon.until("/api/v1/status",
                         state_text("waiting – the remote is not available for now")));
    told = daemon.json("/api/v1/status")["connections"][0];
    CHECK(told["error"]["message"] ==
          "The remote can be reached, but cannot be used for now: the database system is starting "
          "up (57P03)");
    daemon.network.come_back();
    CHECK(daemon.until("/api/v1/status", idle));
}

TEST_CASE("a connection that lacks its mapping or a secret keeps no other from a reload",
          "[daemon][sync]") {
    test::Daemon daemon(kConnection);
    daemon.dir.write("a.mapping.toml", test::kMapping);
    Cycles cycles;
    daemon.run_cycle = cycles.script([](int) { return engine::CycleReport{}; });
    REQUIRE(daemon.start());
    REQUIRE(daemon.until("/api/v1/status", idle));
    const auto reloaded = [&] {
        return json::parse(daemon.send("POST", "/api/v1/reload", json::object()).body);
    };
    CHECK(reloaded()["unusable"].empty());
    daemon.dir.write("conf.d/b.toml",
                     "[connection.b]\nplugin = \"fake\"\n[connection.b.secrets]\n"
                     "token = \"file:/nowhere/token\"\n");
    daemon.dir.write("conf.d/c.toml", "[connection.c]\nplugin = \"fake\"\n");
    daemon.dir.write("conf.d/c.mapping.toml", test::kMapping);
    const auto told = reloaded();
    CHECK(told["started"] == json{"b", "c"});
    REQUIRE(told["unusable"].size() == 2);
    CHECK(told["unusable"][0]["check"] == "secret");
    CHECK(told["unusable"][0]["subject"] == "b.token");
    CHECK(told["unusable"][1]["check"] == "mapping");
    CHECK(told["unusable"][1]["text"].get<std::string>().find("b.mapping.toml: cannot be opened") !=
          std::string::npos);
    CHECK_FALSE(told["unusable"][1]["fix"].get<std::string>().empty());
    CHECK(
        daemon.until("/api/v1/connections/c", [](const json& j) { return j["state"] == "idle"; }));
    CHECK(
        daemon.until("/api/v1/connections/b", [](const json& j) { return j["state"] == "error"; }));
}

TEST_CASE("nothing is synced with a replica that was seen to be damaged", "[daemon][sync]") {
    test::Daemon daemon(kConnection);
    daemon.dir.write("a.mapping.toml", test::kMapping);
    std::string path = "/elsewhere/search.db";
    Cycles cycles;
    daemon.run_cycle = cycles.script([&](int n) -> Result<engine::CycleReport> {
        if (n <= 2) return fail(Errc::kCorrupt, "step: malformed", {{"path", path}});
        return engine::CycleReport{};
    });
    REQUIRE(daemon.start());
    REQUIRE(cycles.reaches(1));
    REQUIRE(daemon.until("/api/v1/status",
                         [](const json& j) { return !j["connections"][0]["error"].is_null(); }));
    // Another file's damage is no reason.
    const auto told = daemon.json("/api/v1/status");
    CHECK(told["replica"]["damage"].is_null());
    path = told["replica"]["path"];
    CHECK(daemon.send("POST", "/api/v1/connections/a/sync", json::object()).status == 202);
    const auto damaged = [](const json& j) {
        return j["connections"][0]["state"] == "damaged" && !j["replica"]["damage"].is_null();
    };
    REQUIRE(daemon.until("/api/v1/status", damaged));
    CHECK(daemon.log.text().find("replica.damaged") != std::string::npos);
    CHECK(daemon.send("POST", "/api/v1/connections/a/sync", json::object()).status == 202);
    REQUIRE(daemon.until("/api/v1/connections/a", [](const json& j) {
        return j["error"]["args"].value("reason", "") == "replica_damaged";
    }));
    CHECK(cycles.done() == 2);
    // A restart is no cure.
    daemon.stop();
    REQUIRE(daemon.start());
    CHECK(daemon.send("POST", "/api/v1/connections/a/sync", json::object()).status == 202);
    REQUIRE(daemon.until("/api/v1/status", damaged));
    CHECK(cycles.done() == 2);
    // An examination finds it sound: it was repaired.
    const auto examined = daemon.json("/api/v1/doctor");
    for (const auto& check : examined["checks"])
        if (check["check"] == "integrity") CHECK(check["ok"] == true);
    CHECK(daemon.json("/api/v1/status")["replica"]["damage"].is_null());
    CHECK(daemon.send("POST", "/api/v1/connections/a/sync", json::object()).status == 202);
    CHECK(daemon.until("/api/v1/status", idle));
    CHECK(cycles.done() == 3);
}

TEST_CASE("that the network's return is not told is logged, and all else works", "[daemon][sync]") {
    test::Daemon daemon;
    daemon.network.deaf = true;
    REQUIRE(daemon.start());
    CHECK(daemon.get("/healthz").status == 200);
    CHECK(daemon.log.text().find("network.not_watched reason=\"Operation not permitted\"") !=
          std::string::npos);
}

TEST_CASE("what happens while a sync is under way is not forgotten by its end", "[daemon][sync]") {
    test::Daemon daemon(
        "[sync]\ninterval = \"1h\"\nedit_delay = \"10ms\"\nretry_first = \"1h\"\n"
        "retry_max = \"2h\"\n[connection.a]\nplugin = \"fake\"\n");
    daemon.dir.write("a.mapping.toml", test::kMapping);
    std::atomic<bool> go{false}, fails{false};
    std::atomic<int> count{0};
    daemon.run_cycle = [&](engine::Cycle::Ports ports, const engine::ConnectionSettings& settings,
                           const engine::CycleOptions& options) -> Result<engine::CycleReport> {
        auto done = engine::Cycle(ports, settings).run(options);
        if (++count > 1) return done;
        while (!go && !ports.cancelled) std::this_thread::sleep_for(5ms);
        if (fails) return fail(Errc::kUnavailable, "connection reset");
        return done;
    };
    REQUIRE(daemon.start());
    REQUIRE(test::eventually([&] { return count == 1; }));
    SECTION("an edit") {
        REQUIRE(daemon.send("POST", "/api/v1/records/contact", {{"fields", {{"last_name", "Ada"}}}})
                    .status == 201);
        std::this_thread::sleep_for(2500ms);  // until it has been noticed in every way
    }
    SECTION("the network is back") {
        fails = true;
        daemon.network.come_back();
        REQUIRE(daemon.get("/api/v1/status").status == 200);
    }
    go = true;
    CHECK(test::eventually([&] { return count == 2; }));
    CHECK(daemon.until("/api/v1/status", idle));
}

TEST_CASE("a mapping that is changed while its sync begins is read once more", "[daemon][sync]") {
    test::Daemon daemon("[sync]\ninterval = \"1h\"\n[connection.a]\nplugin = \"fake\"\n");
    daemon.dir.write("a.mapping.toml", test::kMapping);
    int asked = 0;
    std::vector<std::string> taken;
    daemon.run_cycle = [&](engine::Cycle::Ports ports, const engine::ConnectionSettings& settings,
                           const engine::CycleOptions&) -> Result<engine::CycleReport> {
        if (++asked == 1) {
            REQUIRE(ports.check_mapping());
            daemon.dir.write("a.mapping.toml", test::kMapping + std::string("# another\n"));
        }
        if (auto same = ports.check_mapping(); !same) return pass(same);
        taken.push_back(settings.name);
        return engine::CycleReport{};
    };
    REQUIRE(daemon.start());
    REQUIRE(daemon.until("/api/v1/status", idle));
    daemon.stop();
    CHECK(asked == 2);
    CHECK(taken.size() == 1);
}

TEST_CASE("a folder in the place of a mapping is told as that", "[daemon][sync]") {
    test::Daemon daemon("[connection.a]\nplugin = \"fake\"\n");
    std::filesystem::create_directory(daemon.dir.path("a.mapping.toml"));
    REQUIRE(daemon.start());
    CHECK(daemon.until("/api/v1/connections/a", [](const json& j) {
        return j["state"] == "error" &&
               j["error"]["message"].get<std::string>().find("regular file") != std::string::npos;
    }));
}

TEST_CASE("what became due while the machine slept is done when the network is back",
          "[daemon][sync]") {
    test::Daemon daemon("[sync]\ninterval = \"1h\"\n[connection.a]\nplugin = \"fake\"\n");
    daemon.dir.write("a.mapping.toml", test::kMapping);
    Cycles cycles;
    daemon.run_cycle = cycles.script([](int) { return engine::CycleReport{}; });
    REQUIRE(daemon.start());
    REQUIRE(cycles.reaches(1));
    REQUIRE(daemon.until("/api/v1/status", idle));
    // Not due yet: nothing is done before its time.
    daemon.clock.slept = std::chrono::minutes(20);
    daemon.network.come_back();
    REQUIRE(daemon.send("POST", "/api/v1/reload", nullptr).status == 200);
    CHECK(cycles.done() == 1);
    daemon.clock.slept = std::chrono::hours(3);
    daemon.network.come_back();
    CHECK(cycles.reaches(2));
}

TEST_CASE("metadata are read once, and again because of an unknown field", "[daemon][sync]") {
    test::Daemon daemon("[sync]\ninterval = \"1h\"\n[connection.a]\nplugin = \"fake\"\n");
    daemon.dir.write("a.mapping.toml", test::kMapping);
    Cycles cycles;
    daemon.run_cycle = cycles.script([](int n) -> Result<engine::CycleReport> {
        if (n == 2 || n == 5 || n == 6)
            return fail(Errc::kInvalid, "no field X", {{"unknown_field", "People.X"}});
        return engine::CycleReport{};
    });
    REQUIRE(daemon.start());
    REQUIRE(cycles.reaches(1));
    REQUIRE(daemon.until("/api/v1/status", idle));
    CHECK(daemon.remotes.described == 1);
    const auto sync = [&] {
        REQUIRE(daemon.send("POST", "/api/v1/connections/a/sync", json::object()).status == 202);
    };
    // The second finds one: metadata are read and the sync is repeated, long before the interval.
    sync();
    REQUIRE(cycles.reaches(3));
    REQUIRE(daemon.until("/api/v1/status", idle));
    CHECK(daemon.remotes.described == 2);
    sync();
    REQUIRE(cycles.reaches(4));
    CHECK(daemon.remotes.described == 2);
    // Where that does not help it is not tried on and on.
    sync();
    REQUIRE(cycles.reaches(6));
    REQUIRE(
        daemon.until("/api/v1/connections/a", [](const json& j) { return j["state"] == "error"; }));
    sync();
    REQUIRE(cycles.reaches(7));
    CHECK(cycles.done() == 7);
    CHECK(daemon.remotes.described == 3);

    // Nor at a start: what was read lies on disk.
    daemon.stop();
    REQUIRE(daemon.start());
    REQUIRE(cycles.reaches(8));
    CHECK(daemon.remotes.described == 3);

    // But daily.
    REQUIRE(daemon.until("/api/v1/status", idle));
    daemon.clock.slept = 23h;
    daemon.network.come_back();
    REQUIRE(cycles.reaches(9));
    REQUIRE(daemon.until("/api/v1/status", idle));
    CHECK(daemon.remotes.described == 3);
    daemon.clock.slept = 25h;
    daemon.network.come_back();
    REQUIRE(cycles.reaches(10));
    CHECK(daemon.remotes.described == 4);
}

TEST_CASE("metadata are read again where a mapping names a field that they lack",
          "[daemon][sync]") {
    test::Daemon daemon(kConnection);
    daemon.dir.write("a.mapping.toml", test::kMapping);
    Cycles cycles;
    daemon.run_cycle = cycles.script([](int) { return engine::CycleReport{}; });
    REQUIRE(daemon.start());
    REQUIRE(cycles.reaches(1));
    const auto sync = [&](int n) {
        REQUIRE(daemon.until("/api/v1/status", idle));
        REQUIRE(daemon.send("POST", "/api/v1/connections/a/sync", json::object()).status == 202);
        REQUIRE(cycles.reaches(n));
    };
    CHECK(daemon.remotes.described == 1);
    daemon.dir.write("a.mapping.toml", std::string(test::kMapping) + "# in other words\n");
    sync(2);
    CHECK(daemon.remotes.described == 1);
    std::string more = test::kMapping;
    more.replace(more.find(" }]"), 3, " }, { remote = \"Made_Today\", column = \"title\" }]");
    daemon.dir.write("a.mapping.toml", more);
    sync(3);
    CHECK(daemon.remotes.described == 2);
    sync(4);  // once: it may be hidden from us
    CHECK(daemon.remotes.described == 2);
}

TEST_CASE("a forecast is of ordinary syncs", "[daemon][sync]") {
    test::Daemon daemon("[sync]\ninterval = \"1h\"\n[connection.a]\nplugin = \"fake\"\n");
    daemon.dir.write("a.mapping.toml", test::kMapping);
    Cycles cycles;
    std::atomic<std::int64_t>& spent = daemon.remotes.spent;
    daemon.run_cycle = cycles.script([&](int n) {
        spent += n == 1 ? 5'000 : 3;  // the first load
        return engine::CycleReport{};
    });
    REQUIRE(daemon.start());
    REQUIRE(daemon.until("/api/v1/status", idle));
    const auto forecast = [&] { return daemon.json("/api/v1/connections/a/forecast"); };
    CHECK(forecast()["measured"] == false);
    CHECK(forecast()["credits_per_sync"] == 1);  // one stream, no feed of deletions
    CHECK(forecast()["credits_per_day"] == 24);
    for (int n = 2; n <= 4; ++n) {
        REQUIRE(daemon.send("POST", "/api/v1/connections/a/sync", json::object()).status == 202);
        REQUIRE(cycles.reaches(n));
        REQUIRE(daemon.until("/api/v1/status", idle));
    }
    CHECK(forecast()["measured"] == true);
    CHECK(forecast()["credits_per_sync"] == 3);
    CHECK(forecast()["credits_per_day"] == 72);
    CHECK(forecast()["fits"] == true);
}

TEST_CASE("an edit is sent from what is kept for edits, and status says whose limit it is",
          "[daemon][sync]") {
    test::Daemon daemon(kConnection);
    daemon.dir.write("a.mapping.toml", test::kMapping);
    Cycles cycles;
    daemon.run_cycle = cycles.script([&](int) {
        engine::CycleReport report;
        report.problem =
            Error{Errc::kRateLimited,
                  "used up",
                  {{"reason", "budget_reserve"}, {"limit", "100"}, {"for_writes", "20"}},
                  5h};
        return report;
    });
    REQUIRE(daemon.start());
    REQUIRE(daemon.until("/api/v1/connections/a",
                         [](const json& j) { return j["state"] == "budget"; }));
    const auto error = daemon.json("/api/v1/connections/a")["error"];
    CHECK(error["message"].get<std::string>().find("100 API credits") != std::string::npos);
    CHECK(error["hint"].get<std::string>().find("[connection.a.limits]") != std::string::npos);
    const auto before = cycles.done();
    REQUIRE(daemon.send("POST", "/api/v1/records/contact", {{"fields", {{"last_name", "Li"}}}})
                .status == 201);
    CHECK(cycles.reaches(before + 1));
}

TEST_CASE("a missing mapping is said, not guessed", "[daemon][sync]") {
    test::Daemon daemon(kConnection);
    REQUIRE(daemon.start());
    REQUIRE(daemon.until("/api/v1/connections/a", [](const json& j) {
        return j["state"] == "error" && j["error"]["code"] == "config";
    }));
    const auto proposal =
        daemon.send("POST", "/api/v1/connections/a/propose-mapping", {{"write", true}});
    INFO(proposal.body);
    REQUIRE(proposal.status == 200);
    CHECK(std::filesystem::exists(daemon.dir.path("a.mapping.toml")));
    REQUIRE(daemon.send("POST", "/api/v1/connections/a/sync", json::object()).status == 202);
    CHECK(daemon.until("/api/v1/status", idle));
}

TEST_CASE("a connection that cannot be opened is not told to lack its mapping", "[daemon][sync]") {
    test::Daemon daemon(kConnection);
    const auto file = daemon.dir.write("a.mapping.toml", test::kMapping);
    daemon.remotes.on_open = []() -> Result<> { return fail(Errc::kConfig, "no connector"); };
    REQUIRE(daemon.start());
    const auto failed = [](const json& j) { return j["state"] == "error"; };
    REQUIRE(daemon.until("/api/v1/connections/a", failed));
    CHECK(daemon.json("/api/v1/connections/a")["mapped"] == true);

    std::filesystem::remove(file);
    daemon.network.come_back();
    CHECK(
        daemon.until("/api/v1/connections/a", [](const json& j) { return j["mapped"] == false; }));
}

TEST_CASE("sending is not switched on before there was a sync", "[daemon][sync]") {
    test::Daemon daemon(kConnection);
    daemon.dir.write("a.mapping.toml", test::kMapping);
    Cycles cycles;  // of a scripted engine, which keeps nothing
    daemon.run_cycle = cycles.script([](int) { return engine::CycleReport{}; });
    REQUIRE(daemon.start());
    REQUIRE(daemon.until("/api/v1/status", idle));
    for (const auto& [path, wish] :
         std::map<std::string, json>{{"push", {{"enabled", true}}}, {"resume", json::object()}}) {
        const auto answer = daemon.send("POST", "/api/v1/connections/a/" + path, wish);
        CHECK(answer.status == 409);
        const auto told = json::parse(answer.body);
        CHECK(told["message"] == "a has not been synced yet.");
        CHECK(told["hint"] == "First: kontor sync a");
    }
    CHECK(daemon.send("POST", "/api/v1/connections/a/push", {{"enabled", false}}).status == 200);
    CHECK(daemon.send("POST", "/api/v1/connections/b/push", {{"enabled", true}}).status == 404);
}

TEST_CASE("a guided set-up writes configuration and secrets, or nothing", "[daemon][setup]") {
    test::Daemon daemon;
    daemon.remotes.on_check = []() -> Result<remote::Identity> {
        return fail(Errc::kUnauthenticated, "refused");
    };
    Cycles cycles;
    daemon.run_cycle = cycles.script([](int) { return engine::CycleReport{}; });
    REQUIRE(daemon.start());
    const json wish = {{"name", "b"},
                       {"plugin", "fake"},
                       {"options", {{"data_centre", "cn"}}},
                       {"secrets", {{"token", {{"value", "s3cr3t-value"}}}}}};
    auto made = daemon.send("POST", "/api/v1/connections", wish);
    CHECK(made.status == 424);
    CHECK_FALSE(std::filesystem::exists(daemon.dir.path("secrets/b.token")));
    CHECK_FALSE(std::filesystem::exists(daemon.dir.path("conf.d/b.toml")));

    daemon.remotes.on_check = nullptr;
    made = daemon.send("POST", "/api/v1/connections", wish);
    INFO(made.body);
    REQUIRE(made.status == 201);
    CHECK(made.body.find("s3cr3t-value") == std::string::npos);
    const std::string text = test::content_of(daemon.dir.path("conf.d/b.toml"));
    CHECK(text.find("s3cr3t-value") == std::string::npos);
    CHECK(text.find("file:") != std::string::npos);
    // Its mapping is to be looked at: nothing is done before it is asked for, whatever happens.
    const auto state = [](const char* wanted) {
        return [wanted](const json& j) { return j["state"] == wanted; };
    };
    REQUIRE(daemon.until("/api/v1/connections/b", state("new")));
    CHECK(daemon.json("/api/v1/connections/b")["mapped"] == true);
    CHECK(daemon.json("/api/v1/connections/b")["state_text"].get<std::string>().find(
              "kontor sync b") != std::string::npos);
    daemon.network.come_back();
    daemon.stop();
    REQUIRE(daemon.start());
    REQUIRE(daemon.until("/api/v1/connections/b", state("new")));
    REQUIRE(daemon.send("POST", "/api/v1/connections/b/sync", {{"dry_run", true}}).status == 202);
    REQUIRE(cycles.reaches(1));
    CHECK(daemon.until("/api/v1/connections/b", state("new")));
    std::this_thread::sleep_for(100ms);
    CHECK(cycles.done() == 1);
    REQUIRE(daemon.send("POST", "/api/v1/connections/b/sync", json::object()).status == 202);
    CHECK(daemon.until("/api/v1/connections/b", state("idle")));
    CHECK(cycles.done() == 2);
    CHECK(daemon.log.text().find("s3cr3t-value") == std::string::npos);
    CHECK(daemon.send("POST", "/api/v1/connections", wish).status == 409);
    // From now on it syncs at each start.
    daemon.stop();
    REQUIRE(daemon.start());
    CHECK(cycles.reaches(3));
}

TEST_CASE("a reload starts and stops connections; a wrong file changes nothing", "[daemon]") {
    test::Daemon daemon(kConnection);
    daemon.dir.write("a.mapping.toml", test::kMapping);
    REQUIRE(daemon.start());
    daemon.dir.write("conf.d/z.toml", "[connection.z]\nplugin = \"fake\"\n");
    auto reloaded = daemon.send("POST", "/api/v1/reload", nullptr);
    REQUIRE(reloaded.status == 200);
    CHECK(json::parse(reloaded.body)["started"] == json::array({"z"}));
    daemon.dir.write("conf.d/z.toml", "[connection.z]\nplugn = \"fake\"\n");
    reloaded = daemon.send("POST", "/api/v1/reload", nullptr);
    CHECK(reloaded.status == 422);
    CHECK(daemon.json("/api/v1/connections")["connections"].size() == 2);
    // Nor does a folder that cannot be entered; a link to itself keeps out even root.
    const auto conf_d = daemon.dir.path("conf.d");
    std::filesystem::rename(conf_d, daemon.dir.path("away"));
    std::filesystem::create_symlink(conf_d, conf_d);
    CHECK(daemon.send("POST", "/api/v1/reload", nullptr).status == 422);
    CHECK(daemon.json("/api/v1/connections")["connections"].size() == 2);
    std::filesystem::remove(conf_d);
    std::filesystem::rename(daemon.dir.path("away"), conf_d);
    std::filesystem::remove(daemon.dir.path("conf.d/z.toml"));
    reloaded = daemon.send("POST", "/api/v1/reload", nullptr);
    CHECK(json::parse(reloaded.body)["stopped"] == json::array({"z"}));
}

TEST_CASE("a reload opens anew what has got another secret, and nothing else", "[daemon]") {
    test::Daemon daemon(kConnection);
    daemon.dir.write("a.mapping.toml", test::kMapping);
    const auto secret = daemon.dir.path("secret");
    const auto write = [&](const char* text) {
        daemon.dir.write("secret", text);
        std::filesystem::permissions(
            secret, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    };
    write("s3cr3t-1");
    daemon.dir.write("conf.d/a.toml", "[connection.a.secrets]\nproxy = \"file:" + secret + "\"\n");
    Cycles cycles;
    daemon.run_cycle = cycles.script([](int) { return engine::CycleReport{}; });
    REQUIRE(daemon.start());
    REQUIRE(cycles.reaches(1));
    REQUIRE(daemon.until("/api/v1/connections", idle));
    const auto changed = [&] {
        const auto reloaded = daemon.send("POST", "/api/v1/reload", nullptr);
        REQUIRE(reloaded.status == 200);
        return json::parse(reloaded.body)["changed"];
    };
    CHECK(changed() == json::array());
    // One that cannot be read now is kept as it was.
    std::filesystem::remove(secret);
    CHECK(changed() == json::array());
    write("s3cr3t-1\n");  // the line break does not count
    CHECK(changed() == json::array());
    CHECK(daemon.remotes.opened == 1);
    write("s3cr3t-2");
    CHECK(changed() == json::array({"a"}));
    REQUIRE(daemon.send("POST", "/api/v1/connections/a/sync", json::object()).status == 202);
    REQUIRE(cycles.reaches(2));
    CHECK(daemon.remotes.opened == 2);
    REQUIRE(daemon.until("/api/v1/connections", idle));
    CHECK(changed() == json::array());
    // What failed is tried again at once.
    daemon.remotes.on_open = []() -> Result<> { return fail(Errc::kUnauthenticated, "revoked"); };
    write("s3cr3t-3");
    CHECK(changed() == json::array({"a"}));
    REQUIRE(daemon.send("POST", "/api/v1/connections/a/sync", json::object()).status == 202);
    REQUIRE(daemon.until("/api/v1/connections/a",
                         [](const json& status) { return status["state"] == "sign_in"; }));
    daemon.remotes.on_open = {};
    write("s3cr3t-4");
    CHECK(changed() == json::array({"a"}));
    CHECK(cycles.reaches(3));
    CHECK(daemon.log.text().find("s3cr3t") == std::string::npos);
}

TEST_CASE("schedules: jitter, back-off and what the remote said", "[daemon][schedule]") {
    app::ScheduleInput input;
    input.interval = 100s;
    for (const std::uint64_t random : {0ULL, ~0ULL, 12'345'678'901'234ULL}) {
        input.random = random;
        const auto delay = app::next_sync_in(input);
        CHECK(delay >= 90s);
        CHECK(delay <= 110s);
    }
    input.error = Error{Errc::kUnavailable, "", {}, std::nullopt};
    input.failures = 1;
    CHECK(app::next_sync_in(input) <= input.sync.retry_max);
    input.error->retry_after = 2h;
    CHECK(app::next_sync_in(input) == 2h);
    input.error = Error{Errc::kUnauthenticated, "", {}, std::nullopt};
    CHECK(app::next_sync_in(input) >= 90s);
}
