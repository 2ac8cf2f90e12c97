// Verifying through the API: it takes its turn, tells how far it is, can be stopped, and leaves the
// schedule of syncs alone.
#include <catch2/catch.hpp>

#include "tests/daemon/daemon_fixture.hpp"

using namespace kontor;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string kPath = "/api/v1/connections/a/verify";

struct World {
    test::Daemon daemon{"[connection.a]\nplugin = \"fake\"\n"};

    explicit World(app::RunVerify verify) {
        daemon.dir.write("a.mapping.toml", test::kMapping);
        daemon.run_verify = std::move(verify);
        REQUIRE(daemon.start());
        REQUIRE(daemon.until("/api/v1/connections/a",
                             [](const json& j) { return j["state"] == "idle"; }));
    }
    json ask(const json& body) {
        const auto answer = daemon.send("POST", kPath, body);
        REQUIRE(answer.status == 202);
        return json::parse(answer.body);
    }
    json done(const json& ticket, const std::string& more = "") {
        const auto target = kPath + "?ticket=" + ticket["ticket"].dump() + more;
        REQUIRE(daemon.until(target, [](const json& j) { return j["state"] == "done"; }));
        return daemon.json(target);
    }
};

}  // namespace

TEST_CASE("a verification tells what it found, with and without a reason", "[daemon][verify]") {
    // Seen by the worker's thread, checked by this one: assertions are for one thread.
    std::atomic<std::int64_t> sample{-1};
    std::atomic<std::size_t> mapped{0};
    std::atomic<bool> of_contact{false}, could_write{true};
    World w([&](engine::Verifier::Ports ports, const engine::ConnectionSettings& settings,
                const engine::VerifyOptions& options) -> Result<engine::VerifyReport> {
        sample = options.sample;
        mapped = settings.mapping.streams.size();
        of_contact = options.streams == std::vector<std::string>{"contact"};
        could_write = ports.db.execute("DELETE FROM contact").has_value();
        engine::VerifyFinding found;
        found.stream = "People";
        found.entity = "contact";
        found.record = 7;
        found.column = "last_name";
        found.ours = Value("a");
        found.theirs = Value("b");
        ports.finding(found);
        found.reason = engine::VerifyReason::kUnsent;
        ports.finding(found);
        ports.finding(found);
        engine::VerifyReport report;
        auto& counts = report.streams.emplace_back();
        counts.stream = "People";
        counts.differ = 1;
        counts.explained[engine::VerifyReason::kUnsent] = 2;
        return report;
    });
    const auto before = w.daemon.json("/api/v1/connections/a");
    const auto ticket = w.ask({{"sample", 20}, {"streams", {"contact"}}});
    auto report = w.done(ticket);
    CHECK(sample == 20);
    CHECK(mapped == 1);
    CHECK(of_contact);
    CHECK_FALSE(could_write);
    CHECK(report["unexplained"] == 1);
    CHECK(report["explained"] == 2);
    CHECK(report["seed"] == ticket["seed"]);
    CHECK(report["error"].is_null());
    CHECK(report["streams"][0]["explained"]["unsent"] == 2);
    REQUIRE(report["findings"].size() == 1);
    CHECK(report["findings"][0]["reason"].is_null());
    CHECK(report["findings"][0]["theirs"] == "b");
    report = w.done(ticket, "&explained=true&offset=1");
    REQUIRE(report["findings"].size() == 1);
    CHECK(report["findings"][0]["reason"] == "unsent");
    // No sync was caused or put off by it.
    const auto after = w.daemon.json("/api/v1/connections/a");
    CHECK(after["state"] == "idle");
    CHECK(after["last_run_at"] == before["last_run_at"]);
    CHECK(w.daemon.get(kPath + "?ticket=99").status == 404);
    CHECK(w.daemon.send("POST", kPath, {{"sample", -1}}).status == 400);
}

TEST_CASE("a field that is hidden since the last description does not fail a verification",
          "[daemon][verify]") {
    std::atomic<int> times{0};
    World w([&](engine::Verifier::Ports ports, const engine::ConnectionSettings&,
                const engine::VerifyOptions&) -> Result<engine::VerifyReport> {
        ports.finding({});  // of the attempt that fails nothing is told
        if (++times == 1)
            return fail(Errc::kInvalid, "People has no field Phone any more",
                        {{"unknown_field", "Phone"}});
        engine::VerifyReport report;
        report.streams.emplace_back().not_shown = 3;
        report.streams.back().not_shown_fields = {{"Phone", 3}};
        return report;
    });
    const auto report = w.done(w.ask({{"sample", 20}}));
    CHECK(times == 2);
    CHECK(report["error"].is_null());
    CHECK(report["findings"].size() == 1);
    CHECK(report["streams"][0]["not_shown_fields"] == json{{"Phone", 3}});
}

TEST_CASE("a verification under way is seen, and stops when told to", "[daemon][verify]") {
    World w([](engine::Verifier::Ports ports, const engine::ConnectionSettings&,
               const engine::VerifyOptions&) -> Result<engine::VerifyReport> {
        ports.observer.progress({"verify", "People", 3, 10});
        while (!ports.cancelled) std::this_thread::sleep_for(5ms);
        return fail(Errc::kCancelled, "stopped");
    });
    const auto ticket = w.ask(json::object());
    const auto target = kPath + "?ticket=" + ticket["ticket"].dump();
    REQUIRE(w.daemon.until(
        target, [](const json& j) { return j["state"] == "running" && !j["progress"].is_null(); }));
    CHECK(w.daemon.json("/api/v1/connections/a")["state"] == "verifying");
    const auto second = w.ask(json::object());
    CHECK(w.daemon.send("POST", kPath, json::object()).status == 503);
    CHECK(json::parse(w.daemon.send("DELETE", kPath + "?ticket=" + second["ticket"].dump(), nullptr)
                          .body)["cancelled"] == true);
    CHECK(json::parse(w.daemon.send("DELETE", target, nullptr).body)["cancelled"] == true);
    CHECK(w.done(ticket)["error"]["code"] == "cancelled");
    CHECK(json::parse(w.daemon.send("DELETE", target, nullptr).body)["cancelled"] == false);
}
