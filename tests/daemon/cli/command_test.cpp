// Commands against a fake daemon: what they ask, what they print, how they exit.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/daemon/cli/fake_daemon.hpp"
#include "tests/daemon/cli/runner.hpp"

using namespace kontor::test;
using nlohmann::json;
using Words = std::vector<std::string>;

namespace {

/// Runs a command against a daemon that always gives one answer.
struct Session {
    FakeDaemon daemon;
    Runner runner;

    explicit Session(Canned canned)
        : daemon([canned = std::move(canned)](const Asked&) { return canned; }) {}
    explicit Session(FakeDaemon::Answer answer) : daemon(std::move(answer)) {}

    int run(const Words& words) { return runner.run_at(daemon, words); }
    Asked last() {
        const auto all = daemon.asked();
        REQUIRE_FALSE(all.empty());
        return all.back();
    }
    /// Of the last request that had one: on a terminal a command listens for events as it asks.
    json body() {
        const auto all = daemon.asked();
        const auto with_body = std::find_if(all.rbegin(), all.rend(),
                                            [](const Asked& asked) { return !asked.body.empty(); });
        REQUIRE(with_body != all.rend());
        return json::parse(with_body->body);
    }
};

json connection(const std::string& name) {
    return {{"name", name},
            {"plugin", "zoho"},
            {"state", "idle"},
            {"state_text", "up to date"},
            {"mapped", true},
            {"push_enabled", false},
            {"paused", nullptr},
            {"conflicts", 2},
            {"blocked", 0},
            {"to_push", 3},
            {"synced_at", "2026-05-01T08:00:00.000Z"},
            {"last_run_at", "2026-05-01T08:00:00.000Z"},
            {"error", nullptr},
            {"streams", json::array({{{"stream", "Contacts"},
                                      {"entity", "contact"},
                                      {"records", 12345},
                                      {"to_push", 3},
                                      {"pulled_at", nullptr}}})}};
}

Canned problem(int status, const std::string& code) {
    const json body{{"status", status},
                    {"code", code},
                    {"message", "It is so"},
                    {"args", {{"connection", "zoho"}}},
                    {"hint", "do that"}};
    return {.status = status, .body = body.dump(), .type = "application/problem+json"};
}

}  // namespace

TEST_CASE("without a daemon every command says what to do and exits 69", "[cli][command]") {
    Runner runner;
    CHECK(runner.run({"status", "--socket", "/nonexistent/kontor.sock"}) == 69);
    CHECK(runner.out.empty());
    CHECK(runner.err.find("/nonexistent/kontor.sock") != std::string::npos);
    CHECK(runner.err.find("systemctl --user start kontord") != std::string::npos);

    CHECK(runner.run({"status", "--json", "--socket", "/nonexistent/kontor.sock"}) == 69);
    const auto error = json::parse(runner.err);
    CHECK(error["message_type"] == "error");
    CHECK(error["code"] == "unreachable");
    CHECK(error["exit"] == 69);

    runner.env["LANG"] = "zh_CN.UTF-8";
    CHECK(runner.run({"status", "--socket", "/nonexistent/kontor.sock"}) == 69);
    CHECK(runner.err.find("未运行") != std::string::npos);
}

TEST_CASE("status shows each connection and passes the document on as JSON", "[cli][command]") {
    const json document{{"version", "1"}, {"connections", {connection("zoho")}}};
    Session session(Canned{.body = document.dump()});
    CHECK(session.run({"status"}) == 0);
    CHECK(session.last().target == "/api/v1/status");
    CHECK(session.runner.out.find("up to date") != std::string::npos);
    CHECK(session.runner.out.find("12,345") != std::string::npos);
    CHECK(session.runner.err.find("kontor push on zoho") != std::string::npos);

    CHECK(session.run({"status", "--json"}) == 0);
    CHECK(json::parse(session.runner.out) == document);
    CHECK(session.runner.err.empty());

    // When it will be asked again is told where there is trouble.
    auto waiting = document;
    waiting["connections"][0]["next_sync_at"] = "2026-05-01T09:00:00.000Z";
    Session well(Canned{.body = waiting.dump()});
    CHECK(well.run({"status"}) == 0);
    CHECK(well.runner.err.find("09:00") == std::string::npos);
    waiting["connections"][0]["error"] = {{"message", "it answers 429"}, {"hint", "wait"}};
    Session limited(Canned{.body = waiting.dump()});
    CHECK(limited.run({"status"}) == 0);
    CHECK(limited.runner.err.find("zoho: tried again at 2026-05-01T09:00:00.000Z\n") !=
          std::string::npos);

    auto counted = document;
    const auto credits_of = [&](std::int64_t limit, std::int64_t left) {
        counted["connections"][0]["credits"] = {
            {"limit", limit}, {"left", left}, {"spent", 1234}, {"requests", 1000}};
        Session other(Canned{.body = counted.dump()});
        CHECK(other.run({"status"}) == 0);
        return other.runner.err;
    };
    CHECK(credits_of(50000, 48766).find("48,766 of 50,000 API credits left, 1,234 spent") !=
          std::string::npos);
    CHECK(credits_of(0, 7).find("7 API credits left") != std::string::npos);
    CHECK(credits_of(0, -1).find("1,234 API credits spent") != std::string::npos);

    CHECK(session.run({"status", "zoho", "--json"}) == 0);
    CHECK(json::parse(session.runner.out)["name"] == "zoho");
    CHECK(session.run({"status", "other"}) == 6);
}

TEST_CASE("problems of the API become exit codes, with message and hint", "[cli][command]") {
    const std::vector<std::pair<std::string, int>> codes{
        {"invalid", 2},      {"not_found", 6}, {"conflict", 5},        {"guard", 5},
        {"mismatch", 5},     {"busy", 11},     {"rate_limited", 75},   {"config", 78},
        {"corrupt", 10},     {"internal", 1},  {"unauthenticated", 4}, {"unavailable", 75},
        {"of_the_future", 1}};
    for (const auto& [code, exit] : codes) {
        INFO(code);
        Session session(problem(400, code));
        CHECK(session.run({"connection", "check", "zoho"}) == exit);
        CHECK(session.runner.err.find("It is so") != std::string::npos);
        CHECK(session.runner.err.find("do that") != std::string::npos);
        CHECK(session.runner.out.empty());
        CHECK(session.run({"connection", "check", "zoho", "--json"}) == exit);
        const auto error = json::parse(session.runner.err);
        CHECK(error["code"] == code);
        CHECK(error["exit"] == exit);
        CHECK(error["args"]["connection"] == "zoho");
    }
}

TEST_CASE("an answer that is no JSON is reported, not shown", "[cli][command]") {
    Session session(Canned{.body = "<html>"});
    CHECK(session.run({"status"}) == 1);
    CHECK(session.runner.err.find("unexpected") != std::string::npos);
    Session broken(Canned{.status = 500, .body = "oops", .type = "text/plain"});
    CHECK(broken.run({"status"}) == 1);
    CHECK(broken.runner.err.find("HTTP 500") != std::string::npos);
}

TEST_CASE("list sends filters, order and paging, encoded", "[cli][command]") {
    const json page{{"entity", "deal"},
                    {"records",
                     {{{"entity", "deal"},
                       {"id", 7},
                       {"uid", "ab"},
                       {"fields", {{"name", "新店"}, {"amount", 12.5}, {"fax", nullptr}}}}}},
                    {"next", "[7]"},
                    {"total", nullptr}};
    Session session(Canned{.body = page.dump()});
    CHECK(session.run({"list", "deal", "--where", "stage=Closed Won", "--where", "fax=", "--sort",
                       "-amount,name", "--limit", "10", "--after", "[3]"}) == 0);
    CHECK(session.last().target ==
          "/api/v1/records/deal?filter=stage%3A%3D%3AClosed%20Won&filter=fax%3Aisnull&"
          "sort=-amount%2Cname&after=%5B3%5D&limit=10&names=true");
    CHECK(session.runner.out == "id  amount  name\n 7    12.5  新店\n");
    CHECK(session.runner.err.find("--after '[7]'") != std::string::npos);

    CHECK(session.run({"list", "deal", "--fields", "name", "--format", "jsonl"}) == 0);
    CHECK(json::parse(session.runner.out)["name"] == "新店");
    CHECK(session.run({"list", "deal", "--fields", "name", "--csv", "--bom", "--limit", "5"}) == 0);
    CHECK(session.runner.out == "\xEF\xBB\xBFid,name\r\n7,新店\r\n");
    CHECK(session.run({"list", "deal", "--json"}) == 0);
    CHECK(json::parse(session.runner.out) == page);
    CHECK(session.run({"list", "deal", "--json", "--csv", "--limit", "5"}) == 2);
}

TEST_CASE("a list shows the most telling fields that fit the terminal", "[cli][command]") {
    json fields;
    for (int i = 0; i < 30; ++i) fields["a_field_" + std::to_string(i)] = "value";
    fields["last_name"] = "欧阳";
    fields["blank"] = nullptr;
    const json page{{"records", {{{"id", 7}, {"uid", "u"}, {"fields", fields}}}}, {"next", ""}};
    Session session(Canned{.body = page.dump()});
    session.runner.terminal = true;
    session.runner.typed = {""};
    CHECK(session.run({"list", "contact", "--no-color"}) == 0);
    const auto head = session.runner.out.substr(0, session.runner.out.find('\n'));
    CHECK(head.rfind("id  last_name  a_field_0", 0) == 0);
    CHECK(head.size() <= 80);
    CHECK(session.runner.err.find("more fields") != std::string::npos);
    CHECK(session.run({"list", "contact", "--no-color", "--fields", "a_field_29"}) == 0);
    CHECK(session.runner.out.rfind("id  a_field_29\n", 0) == 0);
    // What another program reads is whole.
    session.runner.terminal = false;
    CHECK(session.run({"list", "contact"}) == 0);
    CHECK(session.runner.out.find("a_field_29") != std::string::npos);
}

TEST_CASE("a whole CSV export is passed through as it streams", "[cli][command]") {
    Session session(Canned{.body = "id,name\r\n1,x\r\n", .type = "text/csv"});
    CHECK(session.run({"list", "deal", "--csv", "--bom"}) == 0);
    CHECK(session.last().target == "/api/v1/records/deal?format=csv&defuse=true&bom=true");
    CHECK(session.runner.out == "id,name\r\n1,x\r\n");
    Session missing(problem(404, "not_found"));
    CHECK(missing.run({"list", "deal", "--csv"}) == 6);
    CHECK(missing.runner.out.empty());
}

TEST_CASE("create and set send typed values", "[cli][command]") {
    const json edited{
        {"entity", "contact"}, {"ids", {42}}, {"undo", nullptr}, {"warnings", json::array()}};
    Session session(Canned{.body = edited.dump()});
    CHECK(session.run({"create", "contact", "last_name=李", "age:=3", "fax="}) == 0);
    CHECK(session.last().method == "POST");
    CHECK(json::parse(session.last().body) ==
          json{{"fields", {{"last_name", "李"}, {"age", 3}, {"fax", nullptr}}}});
    CHECK(session.runner.out == "created contact 42\n");
    CHECK(session.run({"set", "contact", "42", "fax="}) == 0);
    CHECK(session.last().method == "PATCH");
    CHECK(session.last().target == "/api/v1/records/contact/42");
    CHECK(session.run({"set", "contact", "42", "fax"}) == 2);
}

TEST_CASE("delete asks where it can, and tells what was not deleted", "[cli][command]") {
    Session session([](const Asked& asked) {
        return asked.target.ends_with("/2") ? problem(404, "not_found") : Canned{.body = "{}"};
    });
    // Where nobody can be asked, nothing is deleted unasked.
    CHECK(session.run({"delete", "contact", "1", "2", "3", "--json"}) == 2);
    CHECK(session.run({"delete", "contact", "1", "--no-input"}) == 2);
    CHECK(session.daemon.asked().empty());
    CHECK(session.run({"delete", "contact", "1", "2", "3", "--json", "--force"}) == 3);
    const auto told = json::parse(session.runner.out);
    CHECK(told["deleted"] == json{"1", "3"});
    CHECK(told["failed"][0]["id"] == "2");
    CHECK(session.daemon.asked().size() == 3);

    session.runner.typed = {"n"};
    CHECK(session.run({"delete", "contact", "1"}) == 0);
    CHECK(session.runner.err.find("Nothing was deleted.") != std::string::npos);
    CHECK(session.daemon.asked().size() == 3);
    session.runner.typed = {"y"};
    CHECK(session.run({"delete", "contact", "1"}) == 0);
    CHECK(session.daemon.asked().size() == 4);
}

TEST_CASE("doctor names what waits for a person", "[cli][command]") {
    const json document{{"connections", {connection("zoho")}}};
    Session session([&](const Asked& asked) {
        return Canned{.body = asked.target.ends_with("/doctor") ? R"({"ok":true,"checks":[]})"
                                                                : document.dump()};
    });
    CHECK(session.run({"doctor"}) == 0);
    CHECK(session.runner.err.find("0 blocked (kontor blocked), 2 in conflict") !=
          std::string::npos);
    CHECK(session.run({"doctor", "--json"}) == 0);
    CHECK(session.runner.err.empty());
}

TEST_CASE("sql reads unless told to write", "[cli][command]") {
    const json result{{"columns", {"stage", "n"}},
                      {"rows", json::parse(R"([["Won",3],["Lost",12]])")},
                      {"truncated", true},
                      {"changes", 0}};
    Session session(Canned{.body = result.dump()});
    CHECK(session.run({"sql", "SELECT 1"}) == 0);
    CHECK(json::parse(session.last().body) == json{{"query", "SELECT 1"}, {"read_only", true}});
    CHECK(session.runner.out == "stage   n\nWon     3\nLost   12\n");
    CHECK(session.runner.err.find("LIMIT") != std::string::npos);
    session.runner.typed = {"DELETE", "FROM x"};
    CHECK(session.run({"sql", "-", "--write"}) == 0);
    CHECK(json::parse(session.last().body) ==
          json{{"query", "DELETE\nFROM x\n"}, {"read_only", false}});
}

TEST_CASE("columns of one name are told apart", "[cli][command]") {
    const json result{{"columns", {"id", "id", "id"}},
                      {"rows", json::parse("[[1,2,3]]")},
                      {"truncated", false},
                      {"changes", 0}};
    Session session(Canned{.body = result.dump()});
    CHECK(session.run({"sql", "SELECT 1", "--format", "jsonl"}) == 0);
    CHECK(json::parse(session.runner.out) == json{{"id", 1}, {"id:1", 2}, {"id:2", 3}});
    session.runner.out.clear();
    CHECK(session.run({"sql", "SELECT 1"}) == 0);
    CHECK(session.runner.out == "id  id:1  id:2\n 1     2     3\n");
    CHECK(session.run({"sql", "SELECT 1", "--limit", "0"}) == 2);
}

TEST_CASE("conflicts are listed field by field and decided by side", "[cli][command]") {
    const json conflict{{"id", 7},
                        {"connection", "zoho"},
                        {"entity", "contact"},
                        {"record", 42},
                        {"name", "李伟"},
                        {"kind", "edit"},
                        {"ours_by", "import"},
                        {"ours_at", "2026-05-01T07:00:00.000Z"},
                        {"theirs_by", "4108"},
                        {"theirs_by_name", "李婷"},
                        {"theirs_version", "2026-05-01T15:30:00+08:00"},
                        {"opened_at", "2026-05-01T08:00:00.000Z"},
                        {"fields",
                         {{{"column", "phone"}, {"base", "1"}, {"ours", "2"}, {"theirs", "3"}},
                          {{"column", "account_id"},
                           {"base", "acc-1"},
                           {"ours", "acc-2"},
                           {"theirs", "acc-3"},
                           {"records",
                            {{"ours", {{"entity", "account"}, {"id", 2}, {"name", "Acme"}}},
                             {"theirs", {{"entity", "account"}, {"id", 3}, {"name", ""}}}}}}}}};
    Session session([&](const Asked& asked) {
        const bool one = asked.target.find("/conflicts/") != std::string::npos;
        return Canned{.body = one ? conflict.dump() : json{{"conflicts", {conflict}}}.dump()};
    });
    CHECK(session.run({"conflicts"}) == 0);
    CHECK(session.runner.out.find("contact 42 (李伟)") != std::string::npos);
    CHECK(session.runner.err.find("--offset") == std::string::npos);
    for (const char* shown :
         {"BEFORE", "phone", "acc-1", "OURS BY", "import", "THEIRS BY", "李婷",
          "2026-05-01T07:00:00.000Z", "2026-05-01T07:30:00.000Z", "2026-05-01T08:00:00.000Z"})
        CHECK(session.runner.out.find(shown) != std::string::npos);
    // What finds no room is left out; the three sides and who stay on the smallest terminal.
    session.runner.terminal = true;
    CHECK(session.run({"conflicts"}) == 0);
    for (const char* shown : {"phone", "acc-1", "import", "李婷"})
        CHECK(session.runner.out.find(shown) != std::string::npos);
    CHECK(session.runner.out.find("2026-05") == std::string::npos);
    session.runner.terminal = false;
    // References say what they lead to; an id of the remote stands where nothing is here.
    CHECK(session.run({"conflicts", "7"}) == 0);
    for (const char* shown : {"acc-1", "account:2 (Acme)", "account:3"})
        CHECK(session.runner.out.find(shown) != std::string::npos);
    for (const char* hidden : {"acc-2", "acc-3", "()"})
        CHECK(session.runner.out.find(hidden) == std::string::npos);
    CHECK(session.run({"resolve", "7", "--theirs"}) == 0);
    CHECK(session.last().target == "/api/v1/conflicts/7");
    CHECK(json::parse(session.last().body) == json{{"choose", "theirs"}});
    CHECK(session.run({"resolve", "7"}) == 2);
    CHECK(session.run({"resolve", "7", "--ours", "--theirs"}) == 2);
}

TEST_CASE("a question about a deletion says which side has deleted the record", "[cli][command]") {
    json conflict{{"id", 8},
                  {"connection", "zoho"},
                  {"entity", "contact"},
                  {"record", 42},
                  {"kind", "delete"},
                  {"deleted", "ours"},
                  {"opened_at", "2026-05-01T08:00:00.000Z"},
                  {"fields", {{{"column", "phone"}, {"base", "1"}, {"theirs", "3"}}}}};
    Session session([&](const Asked& asked) {
        const bool one = asked.target.find("/conflicts/") != std::string::npos;
        return Canned{.body = one ? conflict.dump() : json{{"conflicts", {conflict}}}.dump()};
    });
    const auto shown = [&](const char* text) {
        return session.runner.out.find(text) != std::string::npos;
    };
    for (const Words& words : {Words{"conflicts"}, Words{"conflicts", "8"}}) {
        CHECK(session.run(words) == 0);
        CHECK(shown("(deleted)"));
        CHECK(shown("phone"));
    }
    CHECK(shown("has been deleted here"));
    conflict["deleted"] = "theirs";
    conflict["fields"] = json::array();
    CHECK(session.run({"conflicts"}) == 0);
    CHECK(shown("(deleted)"));
    CHECK(session.run({"conflicts", "8"}) == 0);
    CHECK(shown("has been deleted there"));
    CHECK_FALSE(shown("(deleted)"));

    conflict.update({{"state", "decided"},
                     {"chosen", "ours"},
                     {"fields", {{{"column", "phone"}, {"base", "1"}, {"ours", "3"}}}}});
    CHECK(session.run({"conflicts", "--decided"}) == 0);
    CHECK(shown("(deleted)"));
    CHECK(session.run({"conflicts", "8"}) == 0);
    CHECK(shown("taken: phone 3; not taken: (deleted)"));
}

TEST_CASE("long lists are told page by page, and where the next one begins", "[cli][command]") {
    Session session([](const Asked& asked) {
        if (asked.target.find("/history") != std::string::npos)
            return Canned{.body =
                              R"({"entries":[{"seq":346,"op":"created"}],"names":{},"next":346})"};
        const bool blocked = asked.target.find("/blocked") != std::string::npos;
        const json one{{"id", 7}, {"link", 7}, {"entity", "contact"}, {"record", 42}};
        return Canned{.body =
                          json{{blocked ? "blocked" : "conflicts", {one}}, {"next", 30}}.dump()};
    });
    CHECK(session.run({"conflicts", "--field", "phone", "--limit", "10", "--offset", "20"}) == 0);
    CHECK(session.last().target ==
          "/api/v1/conflicts?decided=false&limit=10&offset=20&field=phone");
    CHECK(session.runner.err.find("--offset 30") != std::string::npos);
    CHECK(session.run({"blocked", "--offset", "20"}) == 0);
    CHECK(session.last().target == "/api/v1/blocked?offset=20");
    CHECK(session.runner.err.find("--offset 30") != std::string::npos);
    CHECK(session.run({"history", "contact", "42", "--limit", "1", "--before", "347"}) == 0);
    CHECK(session.last().target == "/api/v1/records/contact/42/history?limit=1&before=347");
    CHECK(session.runner.err.find("--before 346") != std::string::npos);
}

TEST_CASE("what is blocked fits a narrow terminal, and its reason is told whole when asked for",
          "[cli][command]") {
    const std::string message = "the given data is invalid: " + std::string(90, 'x') + " end";
    const json one{{"link", 31},
                   {"entity", "contact"},
                   {"record", 1234567},
                   {"connection", "zoho-europe"},
                   {"op", "update"},
                   {"column", "mailing_postcode"},
                   {"code", "INVALID_DATA"},
                   {"message", message},
                   {"attempts", 12},
                   {"since", "2026-05-01T08:00:00.000Z"}};
    Session session(Canned{.body = json{{"blocked", {one}}, {"next", nullptr}}.dump()});
    session.runner.terminal = true;
    CHECK(session.run({"blocked"}) == 0);
    std::istringstream lines(session.runner.out);
    for (std::string line; std::getline(lines, line);) {
        INFO(line);
        CHECK(line.size() < 100);  // of which some colour the titles
    }
    CHECK(session.runner.out.find("INVALID_DATA") != std::string::npos);
    CHECK(session.runner.out.find("08:00:00") == std::string::npos);
    CHECK(session.run({"blocked", "31"}) == 0);
    CHECK(session.runner.out.find(message) != std::string::npos);
}

TEST_CASE("reload names what of a connection cannot be used, and what to do", "[cli][command]") {
    Session session(Canned{
        .body = json{{"files", json::array()},
                     {"restart_needed", json::array()},
                     {"unusable",
                      {{{"check", "mapping"}, {"text", "No mapping of b"}, {"fix", "Write it"}}}}}
                    .dump()});
    CHECK(session.run({"reload"}) == 0);
    CHECK(session.runner.err.find("No mapping of b") != std::string::npos);
    CHECK(session.runner.err.find("Write it") != std::string::npos);
}

TEST_CASE("blocked records are retried all or one", "[cli][command]") {
    Session session(Canned{.body = R"({"retried": 2})"});
    CHECK(session.run({"blocked", "--retry"}) == 0);
    CHECK(session.last().body == "{}");
    CHECK(session.run({"blocked", "--retry", "31"}) == 0);
    CHECK(json::parse(session.last().body) == json{{"link", 31}});
    CHECK(session.run({"blocked", "--retry", "x"}) == 2);
}

TEST_CASE("a decision is made for all that comes only when it is asked for", "[cli][command]") {
    const json rule{{"connection", "zoho"},
                    {"entity", "contact"},
                    {"group", "phone"},
                    {"take", "theirs"},
                    {"instead", "newest"},
                    {"by", "uid:0"},
                    {"at", "2026-05-01T08:00:00.000Z"}};
    const json done{{"dry_run", false},
                    {"run", 31},
                    {"decided", 2},
                    {"left", 0},
                    {"failed", 0},
                    {"groups", json::array()},
                    {"conflicts", json::array()},
                    {"failures", json::array()},
                    {"standing", rule}};
    Session session([&](const Asked& asked) {
        if (asked.target.ends_with("/rules")) return Canned{.body = json{{"rules", {rule}}}.dump()};
        if (asked.target.ends_with("/forget"))
            return Canned{.body = json{{"forgotten", rule}}.dump()};
        return Canned{.body = done.dump()};
    });
    CHECK(session.run({"resolve", "7", "--theirs", "--always", "--dry-run"}) == 0);
    CHECK(session.last().target == "/api/v1/conflicts/7/always");
    CHECK(session.body() == json{{"choose", "theirs"}, {"dry_run", true}});
    CHECK(session.run({"resolve", "7", "--theirs", "--always", "--yes"}) == 0);
    CHECK(session.body() == json{{"choose", "theirs"}, {"dry_run", false}});
    CHECK(session.runner.err.find("kontor conflicts forget zoho contact phone") !=
          std::string::npos);
    // Nobody can be asked here.
    CHECK(session.run({"resolve", "7", "--theirs", "--always"}) == 2);
    CHECK(session.body()["dry_run"] == true);
    CHECK(session.run({"resolve", "--all", "--theirs", "--always"}) == 2);
    CHECK(session.run({"resolve", "7", "--same", "--always"}) == 2);

    CHECK(session.run({"conflicts", "rules"}) == 0);
    CHECK(session.last().target == "/api/v1/conflicts/rules");
    CHECK(session.runner.out.find("newest") != std::string::npos);
    CHECK(session.run({"conflicts", "forget", "zoho", "contact", "phone"}) == 0);
    CHECK(session.body() ==
          json{{"connection", "zoho"}, {"entity", "contact"}, {"group", "phone"}});
}

TEST_CASE("many conflicts are shown, asked about and decided", "[cli][command]") {
    const Canned answer{.body = R"({"dry_run":true,"run":31,"decided":2,"left":1,"failed":0,
        "groups":[{"connection":"zoho","entity":"contact","group":"phone","count":2}],
        "conflicts":[],"failures":[]})"};
    Session session(answer);
    CHECK(session.run({"resolve", "--all", "--take", "theirs", "--entity", "contact", "--field",
                       "phone", "--older-than", "2h", "--dry-run"}) == 0);
    CHECK(session.last().target == "/api/v1/conflicts/resolve");
    CHECK(session.body() == json{{"choose", "theirs"},
                                 {"entity", "contact"},
                                 {"field", "phone"},
                                 {"older_than_s", 7200},
                                 {"dry_run", true}});
    CHECK(session.runner.out.find("phone") != std::string::npos);
    CHECK(session.runner.err.find("1 about whole records") != std::string::npos);

    CHECK(session.run({"resolve", "--all", "--take", "ours", "--yes"}) == 0);
    CHECK(session.body() == json{{"choose", "ours"}, {"dry_run", false}});
    CHECK(session.runner.err.find("kontor undo run:31") != std::string::npos);

    // Nobody can be asked here.
    CHECK(session.run({"resolve", "--all", "--take", "ours"}) == 2);
    CHECK(session.body()["dry_run"] == true);
    CHECK(session.run({"resolve", "--all"}) == 2);
    CHECK(session.run({"resolve", "--take", "ours"}) == 2);
    CHECK(session.run({"resolve", "7", "--all", "--ours"}) == 2);
    CHECK(session.run({"resolve", "7", "--ours", "--field", "phone"}) == 2);
    CHECK(session.run({"resolve", "--all", "--take", "ours", "--rule", "email"}) == 2);
    CHECK(session.run({"resolve", "--all", "--ours", "--older-than", "soon"}) == 2);
}

TEST_CASE("no conflict to decide is an answer too, also as JSON", "[cli][command]") {
    const Canned answer{.body = R"({"dry_run":true,"run":null,"decided":0,"left":0,"failed":0,
        "groups":[],"conflicts":[],"failures":[]})"};
    Session session(answer);
    CHECK(session.run({"resolve", "--all", "--ours", "--json"}) == 0);
    CHECK(json::parse(session.runner.out)["decided"] == 0);
    CHECK(session.daemon.asked().size() == 1);  // none is decided without being asked about
}

TEST_CASE("who is who is decided for many by what they are alike", "[cli][command]") {
    const Canned answer{.body = R"({"dry_run":true,"run":31,"decided":1200,"left":3,"failed":0,
        "groups":[{"connection":"zoho","entity":"contact","group":"","rule":"name+company",
        "count":1200}],"conflicts":[],"failures":[]})"};
    Session session(answer);
    CHECK(session.run({"resolve", "--all", "--take", "same", "--rule", "name+company", "--entity",
                       "contact", "--dry-run"}) == 0);
    CHECK(session.body() == json{{"choose", "same"},
                                 {"rule", "name+company"},
                                 {"entity", "contact"},
                                 {"dry_run", true}});
    CHECK(session.runner.out.find("name+company") != std::string::npos);
    CHECK(session.runner.err.find("1,200 would be decided: the same record") != std::string::npos);
    CHECK(session.runner.err.find("3 may be more than one record") != std::string::npos);

    CHECK(session.run({"resolve", "--all", "--apart", "--yes"}) == 0);
    CHECK(session.body() == json{{"choose", "apart"}, {"dry_run", false}});
    CHECK(session.runner.err.find("The next sync acts on it") != std::string::npos);

    CHECK(session.run({"resolve", "--all", "--take", "same", "--field", "phone"}) == 2);
    CHECK(session.run({"conflicts", "--kind", "match", "--rule", "email"}) == 0);
    CHECK(session.last().target.ends_with("&kind=match&rule=email"));
}

TEST_CASE("undo names its target and tells what stayed", "[cli][command]") {
    Session session(Canned{.body = R"({"undone":1,"deleted":0,"skipped":0,"changes":[]})"});
    const auto sent = [&] { return json::parse(session.last().body); };
    CHECK(session.run({"undo", "run:12"}) == 0);
    CHECK(sent() == json{{"run", 12}, {"preview", false}});
    CHECK(session.run({"undo", "change:345", "--preview"}) == 0);
    CHECK(sent() == json{{"change", 345}, {"preview", true}});
    CHECK(session.run({"undo", "contact:42"}) == 0);
    CHECK(sent()["record"] == json{{"entity", "contact"}, {"id", 42}});
    CHECK(session.run({"undo", "--since", "2026-05-01T08:00:00Z"}) == 0);
    CHECK(sent()["since"] == "2026-05-01T08:00:00.000Z");
    CHECK(session.run({"undo", "--since", "2026-05-01T08:00:00Z", "--local", "--yes"}) == 0);
    CHECK(session.body()["local"] == true);
    CHECK(session.run({"undo", "--since", "2h", "--dry-run"}) == 0);
    CHECK(session.body()["since"].get<std::string>().starts_with("20"));
    CHECK(session.body()["preview"] == true);
    CHECK(session.run({"undo", "contact:42:phone"}) == 0);
    CHECK(session.body()["record"] == json{{"entity", "contact"}, {"id", 42}, {"field", "phone"}});
    CHECK(session.run({"undo", "contact:42", "--local"}) == 2);
    CHECK(session.run({"undo"}) == 2);
    CHECK(session.run({"undo", "run:12", "--since", "x"}) == 2);
    const auto asked = session.daemon.asked().size();
    CHECK(session.run({"undo", "--since", "xyz"}) == 2);
    CHECK(session.daemon.asked().size() == asked);
    for (const char* part : {"'xyz'", "2026-05-01T08:00:00Z", "2h"})
        CHECK(session.runner.err.find(part) != std::string::npos);
    CHECK(session.run({"undo", "run:-1"}) == 2);
    Session partly(Canned{.body = R"({"undone":1,"deleted":0,"skipped":1,"changes":[]})"});
    CHECK(partly.run({"undo", "run:12"}) == 3);
    CHECK(partly.runner.err.find("decided") == std::string::npos);
    Session decided(
        Canned{.body = R"({"undone":1,"deleted":0,"skipped":0,"decisions":2,"changes":[]})"});
    CHECK(decided.run({"undo", "--since", "2h", "--dry-run"}) == 0);
    CHECK(decided.runner.err.find("2 conflicts were decided since then") != std::string::npos);
}

TEST_CASE("an undo of much, or one that deletes, has to be agreed to", "[cli][command]") {
    const auto body = GENERATE(R"({"undone":2,"deleted":0,"skipped":0,"changes":[
        {"step":"set","entity":"contact","record":7,"field":"phone","now":"1","then":"2"}]})",
                               R"({"undone":1,"deleted":1,"skipped":0,"changes":[
        {"step":"delete","entity":"contact","record":7,"field":null,"now":null,"then":null}]})");
    Session session(Canned{.body = body});
    // Nobody can be asked: what would be done is shown, and not done.
    CHECK(session.run({"undo", "run:12"}) == 2);
    CHECK(session.body()["preview"] == true);
    CHECK(session.runner.out.find("contact 7") != std::string::npos);
    CHECK(session.runner.err.find("--force is needed") != std::string::npos);
    CHECK(session.run({"undo", "run:12", "--json"}) == 2);
    CHECK(session.body()["preview"] == true);
    CHECK(session.runner.out.empty());
    for (const char* flag : {"--force", "--yes"}) {
        CHECK(session.run({"undo", "run:12", flag}) == 0);
        CHECK(session.body() == json{{"run", 12}, {"preview", false}});
    }
    CHECK(session.run({"undo", "run:12", "--force", "--json"}) == 0);
    CHECK(json::parse(session.runner.out) == json::parse(body));

    session.runner.terminal = true;
    session.runner.typed = {"n"};
    CHECK(session.run({"undo", "run:12"}) == 0);
    CHECK(session.body()["preview"] == true);
    CHECK(session.runner.err.find("Nothing was undone.") != std::string::npos);
    const bool deletes = json::parse(body)["deleted"] == 1;
    CHECK((session.runner.err.find("deleted here and, where pushing is on, at the remote") !=
           std::string::npos) == deletes);
    session.runner.typed = {"y"};
    CHECK(session.run({"undo", "run:12"}) == 0);
    CHECK(session.body()["preview"] == false);
}

TEST_CASE("a search for nothing is a mistake of whoever typed it", "[cli][command]") {
    for (const auto* text : {"", "  "}) {
        Session session(Canned{.body = R"({"hits":[],"complete":true})"});
        CHECK(session.run({"search", text}) == 2);
        CHECK(session.daemon.asked().empty());
    }
}

TEST_CASE("undo says what stays, why, and what to type instead", "[cli][command]") {
    json stays = json::array();
    const auto stay = [&](const char* entity, int record, const char* reason, json connection) {
        stays.push_back({{"step", "skipped"},
                         {"entity", entity},
                         {"record", record},
                         {"field", nullptr},
                         {"reason", reason},
                         {"connection", std::move(connection)}});
    };
    for (int record = 1; record <= 12; ++record) stay("contact", record, "from_remote", nullptr);
    stay("deal", 3, "from_remote", nullptr);
    stay("user", 2, "only_read_records", "zoho");
    const json answer{{"undone", 0}, {"deleted", 0}, {"skipped", 14}, {"changes", stays}};
    Session session(Canned{.body = answer.dump()});
    CHECK(session.run({"undo", "run:1"}) == 3);
    CHECK(session.runner.out.find("stays: came from the remote") != std::string::npos);
    CHECK(session.runner.out.find("stays: only read from zoho") != std::string::npos);
    CHECK(session.runner.err.find("kontor delete contact 1 2 3 4 5 6 7 8 9 10 …\n") !=
          std::string::npos);
    CHECK(session.runner.err.find("kontor delete deal 3\n") != std::string::npos);
    CHECK(session.runner.err.find("kontor delete user") == std::string::npos);
}

TEST_CASE("undo names what references lead to, and keeps uids to itself", "[cli][command]") {
    const json account{{"entity", "account"}, {"id", 3}, {"name", "Acme"}};
    const json record{{"step", "insert"}, {"entity", "contact"}, {"record", 7},
                      {"field", nullptr}, {"now", nullptr},      {"then", "f0cbbe18"}};
    const json field{{"step", "set"},
                     {"entity", "contact"},
                     {"record", 7},
                     {"field", "account_id"},
                     {"now", nullptr},
                     {"then", 3},
                     {"records", {{"then", account}}}};
    const json answer{{"undone", 2}, {"deleted", 0}, {"skipped", 0}, {"changes", {record, field}}};
    Session session(Canned{.body = answer.dump()});
    CHECK(session.run({"undo", "contact:7", "--force"}) == 0);
    CHECK(session.runner.out.find("account:3 (Acme)") != std::string::npos);
    CHECK(session.runner.out.find("f0cbbe18") == std::string::npos);

    const json deleted{{"seq", 9}, {"op", "deleted"}, {"field", nullptr}, {"old", "f0cbbe18"}};
    Session past(Canned{
        .body = json{{"entries", {deleted}}, {"names", json::object()}, {"next", nullptr}}.dump()});
    CHECK(past.run({"history", "contact", "7"}) == 0);
    CHECK(past.runner.out.find("f0cbbe18") == std::string::npos);
}

TEST_CASE("of a first load the undo tells how many records it brought", "[cli][command]") {
    const json load{{"step", "skipped"},  {"entity", "contact"}, {"record", 1},
                    {"field", nullptr},   {"change", 1},         {"reason", "loaded"},
                    {"last_record", 9000}};
    const json answer{
        {"undone", 0}, {"deleted", 0}, {"skipped", 0}, {"loaded", 9000}, {"changes", {load}}};
    Session session(Canned{.body = answer.dump()});
    CHECK(session.run({"undo", "run:1", "--preview"}) == 0);
    CHECK(session.runner.out.find("contact 1–9000") != std::string::npos);
    CHECK(session.runner.err ==
          "0 values would be restored; 0 stay as they are.\n"
          "9,000 records came with a first load, which an undo does not take back.\n");
    CHECK(session.run({"undo", "run:1", "--force"}) == 3);
}

TEST_CASE("doctor exits 1 when there is something to cure", "[cli][command]") {
    const json bad{{"ok", false},
                   {"checks",
                    {{{"check", "disk"}, {"subject", ""}, {"ok", true}},
                     {{"check", "clock"},
                      {"subject", "zoho"},
                      {"ok", false},
                      {"text", "off by 90 s"},
                      {"fix", "timedatectl"}}}}};
    Session session(Canned{.body = bad.dump()});
    CHECK(session.run({"doctor"}) == 1);
    CHECK(session.runner.out.find("✗ clock zoho") != std::string::npos);
    CHECK(session.runner.out.find("cure: timedatectl") != std::string::npos);
}

TEST_CASE("colours appear on a terminal alone, and NO_COLOR takes them away", "[cli][command]") {
    const json document{{"connections", {connection("zoho")}}};
    Session session(Canned{.body = document.dump()});
    CHECK(session.run({"status"}) == 0);
    CHECK(session.runner.out.find('\x1b') == std::string::npos);
    session.runner.terminal = true;
    CHECK(session.run({"status"}) == 0);
    CHECK(session.runner.out.find('\x1b') != std::string::npos);
    CHECK(session.run({"status", "--no-color"}) == 0);
    CHECK(session.runner.out.find('\x1b') == std::string::npos);
    session.runner.env["NO_COLOR"] = "1";
    CHECK(session.run({"status"}) == 0);
    CHECK(session.runner.out.find('\x1b') == std::string::npos);
}

TEST_CASE("init writes what is missing and keeps what is there", "[cli][command]") {
    const FakeDaemon folder([](const Asked&) { return Canned{}; });  // for its folder
    const auto file = folder.folder() + "/etc/kontor.toml";
    Runner runner;
    runner.env["KONTOR_STATE_DIR"] = folder.folder() + "/state";
    CHECK(runner.run({"init", "--config", file, "--json"}) == 0);
    CHECK(json::parse(runner.out)["config"] == file);
    CHECK(std::filesystem::exists(folder.folder() + "/state"));
    namespace fs = std::filesystem;
    CHECK((fs::status(file).permissions() & fs::perms::others_all) == fs::perms::none);
    CHECK(runner.run({"config", "check", file}) == 0);

    std::ofstream(file, std::ios::app) << "\n[syncc]\n";
    CHECK(runner.run({"init", "--config", file}) == 0);
    CHECK(runner.run({"config", "check", file, "--json"}) == 78);
    const auto checked = json::parse(runner.out);
    CHECK(checked["ok"] == false);
    CHECK(checked["problems"][0]["nearest"] == "sync");
    CHECK(runner.run({"config", "check", folder.folder() + "/none.toml"}) == 78);
}

TEST_CASE("init says what keeps it from making its folders", "[cli][command]") {
    namespace fs = std::filesystem;
    const FakeDaemon folder([](const Asked&) { return Canned{}; });  // for its folder
    // Nobody may look into it, not even root.
    const fs::path home = folder.folder() + "/home";
    fs::create_symlink(home, home);
    Runner runner;
    runner.env["KONTOR_STATE_DIR"] = (home / "state").string();
    CHECK(runner.run({"init", "--config", (home / "etc/kontor.toml").string()}) == 1);
    CHECK(runner.err.find("cannot be written: Too many levels of symbolic links") !=
          std::string::npos);
    runner.env["LANG"] = "zh_CN.UTF-8";
    CHECK(runner.run({"init", "--config", (home / "etc/kontor.toml").string()}) == 1);
    CHECK(runner.err.find("无法写入") != std::string::npos);
}

TEST_CASE("a socket whose path is too long is told as that", "[cli][command]") {
    Runner runner;
    const std::string path = "/" + std::string(107, 's');
    CHECK(runner.run({"status", "--socket", path}) == 78);
    CHECK(runner.err.find("longer than 107 bytes") != std::string::npos);
    CHECK(runner.err.find("host name") == std::string::npos);
    CHECK(runner.run({"status", "--socket", path.substr(1)}) == 69);
}

TEST_CASE("a file of authorities without certificates is a mistake of the configuration",
          "[cli][command]") {
    const FakeDaemon folder([](const Asked&) { return Canned{}; });  // for its folder
    const auto file = folder.folder() + "/kontor.toml";
    const auto authorities = folder.folder() + "/company.pem";
    std::ofstream(file) << "[connection.a]\nplugin = \"none\"\nca_file = \"company.pem\"\n";
    Runner runner;
    const auto told = [&] {
        CHECK(runner.run({"config", "check", file, "--json"}) == 78);
        const auto checked = json::parse(runner.out);
        for (const auto& problem : checked["problems"])
            if (problem["key"] == "connection.a.ca_file") return problem["reason"];
        return json();
    };
    CHECK(told() == "no certificates can be read from " + authorities);
    std::ofstream(authorities) << "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n";
    CHECK(told() == "no certificates can be read from " + authorities);
    std::ofstream(file) << "[connection.a]\nplugin = \"none\"\n";
    CHECK(told().is_null());
}

TEST_CASE("config show tells the source of each setting", "[cli][command]") {
    Runner runner;
    runner.env["KONTOR_LOG_LEVEL"] = "debug";
    runner.env["XDG_CONFIG_HOME"] = "/nonexistent";
    CHECK(runner.run({"config", "show", "--json"}) == 0);
    const auto shown = json::parse(runner.out);
    REQUIRE(shown["settings"].size() == 1);
    CHECK(shown["settings"][0] ==
          json{{"key", "daemon.log_level"}, {"value", "debug"}, {"source", "KONTOR_LOG_LEVEL"}});
    CHECK(runner.run({"config", "show", "--effective"}) == 0);
    CHECK(runner.out.find("sync.interval") != std::string::npos);
}

TEST_CASE("no command and a group alone are usage errors with help", "[cli][command]") {
    Runner runner;
    CHECK(runner.run({}) == 2);
    CHECK(runner.out.empty());
    CHECK(runner.err.find("Commands:") != std::string::npos);
    CHECK(runner.run({"config"}) == 2);
    CHECK(runner.run({"config", "--json"}) == 2);
    CHECK(json::parse(runner.err)["code"] == "usage");
    CHECK(json::parse(runner.err)["hint"] == "kontor config --help");
    CHECK(runner.run({"--json"}) == 2);
    CHECK(json::parse(runner.err)["hint"] == "kontor --help");
    CHECK(runner.run({"--help"}) == 0);
    CHECK(runner.run({"help", "sync"}) == 0);
    CHECK(runner.out.find("kontor sync zoho --dry-run") != std::string::npos);
    CHECK(runner.run({"--version"}) == 0);
    CHECK(runner.out.starts_with("kontor "));
}
