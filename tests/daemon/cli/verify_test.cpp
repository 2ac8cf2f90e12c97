// kontor verify: asked for, followed, told, stopped.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "tests/daemon/cli/fake_daemon.hpp"
#include "tests/daemon/cli/runner.hpp"

using namespace kontor::test;
using nlohmann::json;

namespace {

json report(int unexplained, bool ready = true) {
    return {{"ticket", 5},
            {"state", "done"},
            {"sample", 1000},
            {"seed", 77},
            {"unexplained", unexplained},
            {"explained", 1},
            {"error", nullptr},
            {"progress", nullptr},
            {"offset", 0},
            {"streams",
             {{{"stream", "Contacts"},
               {"ready", ready},
               {"whole", false},
               {"compared", 1000},
               {"equal", 998},
               {"differ", unexplained},
               {"only_here", 0},
               {"only_there", 0},
               {"explained", {{"unsent", 1}}}}}},
            {"findings", json::array()}};
}

FakeDaemon::Answer daemon_with(json answer) {
    return [answer = std::move(answer)](const Asked& asked) -> Canned {
        if (asked.target == "/api/v1/connections")
            return {.body = R"({"connections":[{"name":"zoho"}]})"};
        if (asked.method == "POST")
            return {.status = 202, .body = R"({"ticket":5,"event_id":100,"seed":77})"};
        if (asked.method == "DELETE") return {.body = R"({"cancelled":true})"};
        auto out = answer;
        const bool explained = asked.target.find("explained=true") != std::string::npos;
        if (explained || out["unexplained"] != 0)
            out["findings"] = {{{"kind", "value"},
                                {"reason", explained ? json("unsent") : json()},
                                {"detail", nullptr},
                                {"entity", "contact"},
                                {"record", 42},
                                {"ext_id", "900"},
                                {"column", "phone"},
                                {"ours", "here"},
                                {"theirs", "there"}}};
        return {.body = out.dump()};
    };
}

}  // namespace

TEST_CASE("verify ends with 0 where nothing is unexplained, else with 7", "[cli][verify]") {
    Runner runner;
    FakeDaemon equal(daemon_with(report(0)));
    CHECK(runner.run_at(equal, {"verify"}) == 0);
    CHECK(runner.out.find("Contacts") != std::string::npos);
    CHECK(runner.err.find("1 with a reason: not sent yet") != std::string::npos);
    CHECK(runner.err.find("--sample 1000 --seed 77") != std::string::npos);
    CHECK(json::parse(equal.asked().at(1).body) == json{{"sample", 1000}});

    FakeDaemon differs(daemon_with(report(1)));
    CHECK(runner.run_at(differs, {"verify", "zoho", "contact", "--all"}) == 7);
    CHECK(runner.out.find("value differs  contact 42  900        phone  here  there") !=
          std::string::npos);
    CHECK(json::parse(differs.asked().at(0).body) == json{{"sample", 0}, {"streams", {"contact"}}});

    FakeDaemon unready(daemon_with(report(0, false)));
    CHECK(runner.run_at(unready, {"verify", "zoho"}) == 3);
}

TEST_CASE("what the remote does not show is said not to have been compared", "[cli][verify]") {
    auto hidden = report(0);
    hidden["streams"][0]["not_shown"] = 1'003;
    hidden["streams"][0]["not_shown_fields"] = {{"Phone", 1'000}, {"Title", 3}};
    Runner runner;
    FakeDaemon daemon(daemon_with(hidden));
    CHECK(runner.run_at(daemon, {"verify", "zoho"}) == 0);
    for (const char* said :
         {"zoho Contacts: 1,003 values were not compared", "Phone (1,000), Title (3)"})
        CHECK(runner.err.find(said) != std::string::npos);
}

TEST_CASE("differences with a reason are listed on request, also as JSON", "[cli][verify]") {
    FakeDaemon daemon(daemon_with(report(0)));
    Runner runner;
    CHECK(runner.run_at(daemon, {"verify", "zoho", "--explained"}) == 0);
    CHECK(runner.out.find("not sent yet") != std::string::npos);
    CHECK(runner.run_at(daemon, {"verify", "zoho", "--explained", "--json"}) == 0);
    const auto line = json::parse(runner.out.substr(0, runner.out.find('\n')));
    CHECK(line["message_type"] == "difference");
    CHECK(line["reason"] == "unsent");
    CHECK(line["connection"] == "zoho");
    CHECK(runner.out.find("\"message_type\":\"summary\"") != std::string::npos);
}

TEST_CASE("a failed verification has its own exit code, and --all takes no sample",
          "[cli][verify]") {
    auto failed = report(0);
    failed["error"] = {{"code", "unavailable"}, {"message", "away"}, {"detail", "away"}};
    FakeDaemon daemon(daemon_with(failed));
    Runner runner;
    CHECK(runner.run_at(daemon, {"verify", "zoho"}) == 75);
    CHECK(runner.run_at(daemon, {"verify", "zoho", "--all", "--sample", "3"}) == 2);
}

TEST_CASE("a connection that cannot be compared keeps none of the others from it",
          "[cli][verify]") {
    const auto daemon_where = [](int unexplained, const std::set<std::string>& failing) {
        return [=, one = daemon_with(report(unexplained))](const Asked& asked) -> Canned {
            if (asked.target == "/api/v1/connections")
                return {.body = R"({"connections":[{"name":"aa"},{"name":"bb"},{"name":"cc"}]})"};
            const auto name = asked.target.substr(std::string("/api/v1/connections/").size(), 2);
            if (asked.method != "GET" || !failing.contains(name)) return one(asked);
            auto failed = report(0);
            failed["error"] = {{"code", "unavailable"}, {"message", "away"}, {"detail", "away"}};
            return {.body = failed.dump()};
        };
    };
    Runner runner;
    FakeDaemon some(daemon_where(0, {"aa"}));
    CHECK(runner.run_at(some, {"verify"}) == 3);
    CHECK(runner.err.find("aa: Not reachable at the moment: away") != std::string::npos);
    CHECK(runner.err.find("bb: no differences") != std::string::npos);
    CHECK(runner.err.find("cc: no differences") != std::string::npos);
    CHECK(runner.run_at(some, {"verify", "--json"}) == 3);
    const auto first = json::parse(runner.out.substr(0, runner.out.find('\n')));
    CHECK(first["connection"] == "aa");
    CHECK(first["error"]["code"] == "unavailable");

    FakeDaemon differ(daemon_where(1, {"aa"}));
    CHECK(runner.run_at(differ, {"verify"}) == 7);
    FakeDaemon all(daemon_where(0, {"aa", "bb", "cc"}));
    CHECK(runner.run_at(all, {"verify"}) == 75);
}

TEST_CASE("what cannot be sampled is said to have been compared whole", "[cli][verify]") {
    auto whole = report(0);
    whole["streams"][0]["whole"] = true;
    FakeDaemon daemon(daemon_with(whole));
    Runner runner;
    CHECK(runner.run_at(daemon, {"verify", "zoho"}) == 0);
    CHECK(runner.err.find("zoho Contacts cannot be read by id") != std::string::npos);
    CHECK(runner.err.find("--seed") == std::string::npos);
}

TEST_CASE("Ctrl-C stops a verification, also in the daemon", "[cli][verify]") {
    auto running = report(0);
    running["state"] = "running";
    FakeDaemon daemon(daemon_with(running));
    Runner runner;
    std::thread presses([&] {
        while (daemon.asked().size() < 2) std::this_thread::yield();
        runner.cancel.request();
    });
    const int code = runner.run_at(daemon, {"verify", "zoho"});
    presses.join();
    CHECK(code == 130);
    const auto asked = daemon.asked();
    CHECK(asked.back().method == "DELETE");
    CHECK(asked.back().target == "/api/v1/connections/zoho/verify?ticket=5");
}
