// Syncs: started, followed by events, summed up.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/daemon/cli/fake_daemon.hpp"
#include "tests/daemon/cli/runner.hpp"

using namespace kontor::test;
using nlohmann::json;
using Words = std::vector<std::string>;

namespace {

std::string event(int id, const std::string& type, const json& data) {
    return "id: " + std::to_string(id) + "\nevent: " + type + "\ndata: " + data.dump() + "\n\n";
}

json finished(const json& error) {
    return {{"ticket", 5},
            {"connection", "zoho"},
            {"run", 12},
            {"result", error.is_null() ? "ok" : "failed"},
            {"error", error},
            {"streams",
             {{{"stream", "Contacts"},
               {"seen", 9},
               {"created_here", 4},
               {"updated_there", 1},
               {"index_wait_ms", 1234}}}}};
}

json planned(int record, const char* op, const json& values) {
    return {{"side", "there"},
            {"op", op},
            {"entity", "contact"},
            {"record", record},
            {"stream", "Contacts"},
            {"ext_id", "900"},
            {"fields", {"phone", "title"}},
            {"values", values},
            {"code", nullptr},
            {"reason", nullptr},
            {"conflict", nullptr}};
}

/// What a dry run found: an update of two values, what is held up, and many more.
json plan(const std::string& target) {
    json changes = json::array(
        {planned(42, "update",
                 {{{"column", "phone"}, {"old", "+86 10 1"}, {"new", "+86 10 2"}},
                  {{"column", "title"}, {"old", nullptr}, {"new", "采购总监"}}}),
         planned(43, "blocked", {{{"column", "title"}, {"old", nullptr}, {"new", "Boss"}}}),
         planned(44, "conflict", {{{"column", "phone"}, {"old", "1"}, {"new", "2"}}})});
    changes[1].update(
        {{"code", "KONTOR_CHOICE"}, {"reason", "'Boss' is not on the field's list at the remote"}});
    changes[2].update({{"side", "here"}, {"code", "edit"}, {"reason", "manual"}, {"conflict", 7}});
    while (changes.size() < 300) changes.push_back(planned(100, "delete", json::array()));
    const auto offset = target.find("offset=0") != std::string::npos ? 0 : 300;
    return {{"total", 4000},
            {"kept", 300},
            {"held_up", 2},
            {"guard",
             {{"code", "guard"},
              {"detail", "would delete 297 and change 1 records at zoho: confirm it first"}}},
            {"changes", offset == 0 ? changes : json::array()}};
}

/// A daemon with one connection, whose event stream is what the test says.
FakeDaemon::Answer daemon_with(std::string events, bool stay_open = false) {
    return [events = std::move(events), stay_open](const Asked& asked) -> Canned {
        if (asked.target == "/api/v1/connections")
            return {.body = R"({"connections":[{"name":"zoho"}]})"};
        if (asked.target.ends_with("/sync"))
            return {.status = 202, .body = R"({"ticket":5,"event_id":100})"};
        if (asked.target.starts_with("/api/v1/events"))
            return {.body = events, .type = "text/event-stream", .stay_open = stay_open};
        if (asked.target.find("/plan?") != std::string::npos)
            return {.body = plan(asked.target).dump()};
        return {.body = R"({"name":"zoho","state":"idle","last_run_result":"ok","error":null})"};
    };
}

const std::string kProgress = ": hi\n\n" + event(101, "sync.progress",
                                                 {{"ticket", 5},
                                                  {"connection", "zoho"},
                                                  {"stage", "pull"},
                                                  {"stream", "Contacts"},
                                                  {"done", 50},
                                                  {"total", 100}});

}  // namespace

TEST_CASE("a sync is followed to its end and summed up", "[cli][sync]") {
    // Somebody else's sync ends first; it is not ours.
    const auto other = event(102, "sync.finished", {{"ticket", 4}, {"connection", "zoho"}});
    FakeDaemon daemon(
        daemon_with(kProgress + other + event(103, "sync.finished", finished(nullptr)), true));
    Runner runner;
    CHECK(runner.run_at(daemon, {"sync", "zoho", "--sweep"}) == 0);
    CHECK(runner.out == "zoho: 4 changed here, 1 changed there, 0 conflicts, 0 refused\n");
    CHECK(runner.err.find("fetching changes Contacts 50/100 (50 %)") != std::string::npos);
    CHECK(runner.err.find("other writers waiting for up to 1,234 ms") != std::string::npos);
    const auto asked = daemon.asked();
    CHECK(asked[0].target == "/api/v1/connections/zoho/sync");
    CHECK(json::parse(asked[0].body) ==
          json{{"dry_run", false}, {"sweep", true}, {"confirm_mass", false}});
    CHECK(asked[2].target == "/api/v1/events?since=100");
    // What the daemon had begun by itself was told, but is not our result.
    CHECK(runner.err.find("zoho: 0 changed here") != std::string::npos);
}

TEST_CASE("a dry run that could not look at everything shows what it found, and says so",
          "[cli][sync]") {
    auto result = finished({{"code", "unavailable"},
                            {"message", "zoho cannot be reached"},
                            {"detail", "connection reset"},
                            {"args", json::object()}});
    result["result"] = "partial";
    FakeDaemon daemon(daemon_with(event(103, "sync.finished", result), true));
    Runner runner;
    CHECK(runner.run_at(daemon, {"sync", "zoho", "--dry-run", "--limit", "1"}) == 75);
    CHECK(runner.out.find("采购总监") != std::string::npos);
    CHECK(runner.out.find("changed here") == std::string::npos);
    CHECK(runner.err.find("not everything could be looked at") != std::string::npos);
    CHECK(runner.err.find("connection reset") != std::string::npos);
    // One that found out nothing shows nothing.
    result["result"] = "failed";
    FakeDaemon away(daemon_with(event(103, "sync.finished", result), true));
    CHECK(runner.run_at(away, {"sync", "zoho", "--dry-run"}) == 75);
    CHECK(runner.out.find("采购总监") == std::string::npos);
}

TEST_CASE("without a terminal the beginning and the end of a stage are told", "[cli][sync]") {
    std::string stream = ": hi\n\n";
    for (const int done : {50, 70, 100})
        stream += event(100 + done, "sync.progress",
                        {{"ticket", 5},
                         {"connection", "zoho"},
                         {"stage", "pull"},
                         {"stream", "Contacts"},
                         {"done", done},
                         {"total", 100}});
    stream += event(201, "sync.progress",
                    {{"ticket", 5},
                     {"connection", "zoho"},
                     {"stage", "index"},
                     {"stream", "Contacts"},
                     {"done", 0},
                     {"total", 0}});
    FakeDaemon daemon(daemon_with(stream + event(202, "sync.finished", finished(nullptr)), true));
    Runner runner;
    CHECK(runner.run_at(daemon, {"sync", "zoho"}) == 0);
    // What is not counted has no number.
    CHECK(runner.err.find("indexing Contacts\n") != std::string::npos);
    CHECK(runner.err.find("Contacts 50/100 (50 %)\n") != std::string::npos);
    CHECK(runner.err.find("70/100") == std::string::npos);
    CHECK(runner.err.find("Contacts 100/100 (100 %)\n") != std::string::npos);
}

TEST_CASE("a sync that was under way is shown before ours has its turn", "[cli][sync]") {
    const auto theirs = event(101, "sync.progress",
                              {{"ticket", 4},
                               {"connection", "zoho"},
                               {"stage", "load"},
                               {"stream", "Contacts"},
                               {"done", 700},
                               {"total", 1000}});
    const auto later = event(102, "sync.progress",
                             {{"ticket", 6},
                              {"connection", "zoho"},
                              {"stage", "sweep"},
                              {"stream", "Contacts"},
                              {"done", 1},
                              {"total", 2}});
    const auto answers =
        daemon_with(theirs + later + event(103, "sync.finished", finished(nullptr)), true);
    FakeDaemon daemon([&](const Asked& asked) -> Canned {
        if (asked.target == "/api/v1/connections/zoho")
            return {.body = R"({"name":"zoho","state":"syncing","progress":{"stage":"load",)"
                            R"("stream":"Accounts","done":40,"total":200}})"};
        return answers(asked);
    });
    Runner runner;
    CHECK(runner.run_at(daemon, {"sync", "zoho"}) == 0);
    CHECK(runner.err.find("first load Accounts 40/200 (20 %)") != std::string::npos);
    CHECK(runner.err.find("first load Contacts 700/1,000 (70 %)") != std::string::npos);
    CHECK(runner.err.find("comparing records") == std::string::npos);
}

TEST_CASE("syncs of two connections are told apart, though their tickets are equal",
          "[cli][sync]") {
    auto mine = finished(nullptr);
    auto other = finished({{"code", "unavailable"}, {"message", "m"}, {"detail", "offline"}});
    other["connection"] = "other";
    const auto answers =
        daemon_with(event(101, "sync.finished", mine) + event(102, "sync.finished", other), true);
    FakeDaemon daemon([&](const Asked& asked) -> Canned {
        if (asked.target == "/api/v1/connections")
            return {.body = R"({"connections":[{"name":"other"},{"name":"zoho"}]})"};
        return answers(asked);
    });
    Runner runner;
    CHECK(runner.run_at(daemon, {"sync", "--json"}) == 3);
    const auto summary = json::parse(runner.out);
    REQUIRE(summary["results"].size() == 2);
    CHECK(summary["results"][0]["connection"] == "zoho");
    CHECK(summary["results"][1]["connection"] == "other");
}

TEST_CASE("with --json a sync prints status lines and one summary", "[cli][sync]") {
    FakeDaemon daemon(
        daemon_with(kProgress + event(102, "sync.finished", finished(nullptr)), true));
    Runner runner;
    CHECK(runner.run_at(daemon, {"sync", "--json"}) == 0);
    const auto at = runner.out.find('\n');
    const auto status = json::parse(runner.out.substr(0, at));
    CHECK(status["message_type"] == "status");
    CHECK(status["done"] == 50);
    const auto summary = json::parse(runner.out.substr(at + 1));
    CHECK(summary["message_type"] == "summary");
    CHECK(summary["results"][0]["run"] == 12);
    CHECK(runner.err.empty());
}

TEST_CASE("a failed sync exits by the kind of failure", "[cli][sync]") {
    const json error{{"code", "unauthenticated"}, {"message", "m"}, {"detail", "token revoked"}};
    FakeDaemon daemon(daemon_with(event(102, "sync.finished", finished(error)), true));
    Runner runner;
    CHECK(runner.run_at(daemon, {"sync", "zoho"}) == 4);
    CHECK(runner.err.find("token revoked") != std::string::npos);
    CHECK(runner.err.find("Sign in") != std::string::npos);
}

TEST_CASE("a dry run lists old and new values, and what is held up", "[cli][sync]") {
    FakeDaemon daemon(daemon_with(event(102, "sync.finished", finished(nullptr)), true));
    Runner runner;
    CHECK(runner.run_at(daemon, {"sync", "zoho", "--dry-run", "--stream", "Contacts"}) == 0);
    CHECK(json::parse(daemon.asked()[0].body)["streams"] == json{"Contacts"});
    const auto has = [&](const std::string& text, const std::string& part) {
        INFO(text);
        CHECK(text.find(part) != std::string::npos);
    };
    has(runner.out, "there  update    contact 42   900        phone         +86 10 1   +86 10 2");
    has(runner.out, "there  update    contact 42   900        title                    采购总监");
    has(runner.out,
        "there  not sent  contact 43   900        title                    Boss       "
        "KONTOR_CHOICE: 'Boss' is not on the field's list at the remote");
    has(runner.out,
        "here   asks you  contact 44   900        phone         1          2          "
        "both changed it: kontor conflicts 7");
    has(runner.out, "there  delete    contact 100  900");
    has(runner.err,
        "The first 200 of 4,000 are listed. All of them: kontor sync zoho --dry-run "
        "--limit 300\n");
    has(runner.err, "kontord keeps the first 300 of 4,000.");
    has(runner.err, "3,998 changes would be made.");
    has(runner.err, "2 records are held up");
    has(runner.err, "would delete 297 and change 1 records at zoho");
    has(runner.err, "kontor sync zoho --confirm-mass");

    CHECK(runner.run_at(daemon, {"sync", "zoho", "--dry-run", "--limit", "2"}) == 0);
    has(runner.err, "The first 2 of 4,000 are listed.");
    CHECK(runner.out.find("contact 44") == std::string::npos);
    CHECK(runner.run_at(daemon, {"sync", "zoho", "--watch", "--dry-run"}) == 2);
    has(runner.err, "goes without --dry-run");
    CHECK(runner.run_at(daemon, {"sync", "zoho", "--limit", "2"}) == 2);
    has(runner.err, "--limit goes with --dry-run");

    CHECK(runner.run_at(daemon, {"sync", "zoho", "--dry-run", "--lang", "zh"}) == 0);
    has(runner.out, "“Boss”不在远端该字段的选项中");
    has(runner.err, "同步将不发送任何内容");

    CHECK(runner.run_at(daemon, {"sync", "zoho", "--dry-run", "--json"}) == 0);
    CHECK(std::count(runner.out.begin(), runner.out.end(), '\n') == 301);  // all, and the summary
    const auto line = json::parse(runner.out.substr(0, runner.out.find('\n')));
    CHECK(line["message_type"] == "change");
    CHECK(line["side"] == "there");
    CHECK(line["values"][0]["new"] == "+86 10 2");
}

TEST_CASE("an end that was missed is found by asking", "[cli][sync]") {
    FakeDaemon gap(daemon_with("event: gap\ndata: {\"since\":100}\n\n", true));
    Runner runner;
    CHECK(runner.run_at(gap, {"sync", "zoho"}) == 0);
    FakeDaemon cut(daemon_with(kProgress));  // the stream ends early
    CHECK(runner.run_at(cut, {"sync", "zoho"}) == 0);
}

TEST_CASE("Ctrl-C ends a sync at once, with 130, and leaves it to the daemon", "[cli][sync]") {
    FakeDaemon daemon(daemon_with(kProgress, true));
    Runner runner;
    std::thread presses([&] {
        while (daemon.asked().size() < 2) std::this_thread::yield();
        runner.cancel.request();
    });
    const int code = runner.run_at(daemon, {"sync", "zoho"});
    presses.join();
    CHECK(code == 130);
    CHECK(runner.err.find("goes on in kontord") != std::string::npos);
}

TEST_CASE("events are shown one a line until enough", "[cli][sync]") {
    FakeDaemon daemon(daemon_with(kProgress + event(102, "replica.changed", json::object()), true));
    Runner runner;
    CHECK(runner.run_at(daemon, {"events", "--limit", "2", "--json"}) == 0);
    const auto first = json::parse(runner.out.substr(0, runner.out.find('\n')));
    CHECK(first["id"] == "101");
    CHECK(first["type"] == "sync.progress");
    CHECK(first["data"]["stream"] == "Contacts");
}

TEST_CASE("a failure in an event is told in the person's language", "[cli][sync]") {
    const json error{{"code", "unavailable"},
                     {"message", "The remote can be reached."},
                     {"detail", "HTTP 503"},
                     {"args", {{"reason", "net_status"}, {"status", "503"}}}};
    FakeDaemon daemon(
        daemon_with(event(102, "sync.finished", {{"connection", "zoho"}, {"error", error}}), true));
    Runner runner;
    CHECK(runner.run_at(daemon, {"events", "--limit", "1", "--lang", "zh"}) == 0);
    CHECK(runner.out ==
          "102  sync.finished connection=zoho error=可以连接远端，但其暂时不可用：答复 503。\n");
}
