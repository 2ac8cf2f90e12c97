// Setting up a connection: guided and by flags; secrets never in argv, in output or in errors.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/daemon/cli/fake_daemon.hpp"
#include "tests/daemon/cli/runner.hpp"

using namespace kontor::test;
using nlohmann::json;
using Words = std::vector<std::string>;

namespace {

const json kPlugins{
    {"directory", "/usr/lib/kontor"},
    {"plugins",
     {{{"name", "zoho"},
       {"spec",
        {{"options",
          {{{"name", "data_centre"},
            {"type", "text"},
            {"default", "us"},
            {"choices", {"us", "eu", "cn"}},
            {"implies", {{"cn", {{"accounts_url", "https://accounts.zoho.com.cn"}}}}},
            {"help", {{"en", "Where the data is kept"}, {"zh", "数据中心"}}}},
           {{"name", "overlap_s"}, {"type", "integer"}, {"default", 120}},
           {{"name", "sandbox"}, {"type", "boolean"}, {"default", false}}}},
         {"auth",
          {{{"kind", "oauth2"},
            {"scopes", {"ZohoCRM.modules.ALL", "ZohoCRM.users.READ"}},
            {"secrets", {"client_id", "client_secret", "refresh_token"}}}}}}}}}}};

Canned answer(const Asked& asked) {
    if (asked.target == "/api/v1/plugins") return {.body = kPlugins.dump()};
    if (asked.target.ends_with("/forecast"))
        return {.body = R"({"syncs_per_day":96,"credits_per_day":4800,"limit":50000,"fits":true})"};
    return {.status = 201,
            .body = R"({"name":"zoho","file":"/c/zoho.toml","identity":{"org_name":"Zylker"},)"
                    R"("streams":2,"mapping":{"file":"/c/zoho.mapping.toml","streams":[{},{}]}})"};
}

json sent(FakeDaemon& daemon) {
    for (const auto& asked : daemon.asked())
        if (asked.target == "/api/v1/connections") return json::parse(asked.body);
    return nullptr;
}

}  // namespace

TEST_CASE("connect asks for what is missing and tells the next step", "[cli][connect]") {
    FakeDaemon daemon(answer);
    Runner runner;
    // Without the client's id nothing can be tried: an empty line is asked about again.
    runner.typed = {"cn", "", "1000.CLIENT", "S3CRET", "1000.code"};
    CHECK(runner.run_at(daemon, {"connect", "zoho"}) == 0);
    CHECK(sent(daemon) == json{{"name", "zoho"},
                               {"plugin", "zoho"},
                               {"options", {{"data_centre", "cn"}}},
                               {"values", {{"client_id", "1000.CLIENT"}}},
                               {"secrets", {{"client_secret", {{"value", "S3CRET"}}}}},
                               {"code", "1000.code"}});
    CHECK(runner.err.find("https://api-console.zoho.com.cn") != std::string::npos);
    CHECK(runner.err.find("ZohoCRM.modules.ALL,ZohoCRM.users.READ") != std::string::npos);
    CHECK(runner.err.find("Zylker") != std::string::npos);
    CHECK(runner.err.find("4,800 of 50,000 API credits a day") != std::string::npos);
    CHECK(runner.err.find("kontor sync zoho") != std::string::npos);
    CHECK((runner.out + runner.err).find("S3CRET") == std::string::npos);
}

TEST_CASE("an address that cannot be used is asked for again, before any secret",
          "[cli][connect]") {
    auto plugins = kPlugins;
    auto& spec = plugins["plugins"][0]["spec"];
    spec["options"][0]["choices"].push_back("custom");
    spec["options"].push_back(
        {{"name", "accounts_url"}, {"type", "url"}, {"needed_if", {{"data_centre", "custom"}}}});
    spec["hosts"] = {"{accounts_url}"};
    FakeDaemon daemon([&](const Asked& asked) -> Canned {
        if (asked.target == "/api/v1/plugins") return {.body = plugins.dump()};
        return answer(asked);
    });
    Runner runner;
    runner.typed = {"custom",
                    "accounts.zoho.example",
                    "http://accounts.zoho.example",
                    "https://accounts.zoho.example",
                    "1000.CLIENT",
                    "S3CRET",
                    "1000.code"};
    CHECK(runner.run_at(daemon, {"connect", "zoho"}) == 0);
    CHECK(sent(daemon)["options"]["accounts_url"] == "https://accounts.zoho.example");
    CHECK(runner.err.find("accounts_url must be an address such as") != std::string::npos);
    CHECK(runner.err.find("only https is allowed") != std::string::npos);
    runner.typed.clear();
    for (const char* wrong : {"ftp://a.example", "https://user:S3CRET@a.example"}) {
        CHECK(runner.run_at(daemon,
                            {"connect", "zoho", "--no-input", "--option", "data_centre=custom",
                             "--option", std::string("accounts_url=") + wrong}) == 2);
        CHECK(runner.err.find("accounts_url must be an address") != std::string::npos);
        CHECK(runner.err.find("S3CRET") == std::string::npos);
    }
}

TEST_CASE("where nobody can be asked, either grant will do, and that is said", "[cli][connect]") {
    FakeDaemon daemon([](const Asked& asked) -> Canned {
        if (asked.target == "/api/v1/plugins") return {.body = kPlugins.dump()};
        return {.body = R"({"name":"zoho","plugin":"zoho","options":{},"identity":{}})"};
    });
    Runner runner;
    CHECK(runner.run_at(daemon, {"connection", "sign-in", "zoho"}) == 2);
    CHECK(runner.err.find("--secret-file code= or --secret-file refresh_token= is needed") !=
          std::string::npos);
}

TEST_CASE("who answers is told by what the remote tells of itself", "[cli][connect]") {
    const auto said = [](const char* language, const json& identity, const Words& words) {
        FakeDaemon daemon([&identity](const Asked& asked) {
            if (asked.target == "/api/v1/plugins") return Canned{.body = kPlugins.dump()};
            if (asked.target.ends_with("/forecast")) return Canned{.body = "{}"};
            return Canned{.body = json{{"name", "crm"}, {"identity", identity}}.dump()};
        });
        Runner runner;
        runner.env["LANG"] = language;
        CHECK(runner.run_at(daemon, words) == 0);
        return runner.err;
    };
    const Words check = {"connection", "check", "crm"};
    const Words connect = {"connect",
                           "zoho",
                           "--name",
                           "crm",
                           "--no-input",
                           "--value",
                           "client_id=1000",
                           "--secret",
                           "client_secret=file:/x",
                           "--secret",
                           "refresh_token=file:/y"};
    const auto has = [](const std::string& text, const char* part) {
        return text.find(part) != std::string::npos;
    };
    for (const auto& words : {check, connect}) {
        CHECK(has(said("C.UTF-8", {{"org_name", "Zylker"}, {"org_id", "7"}}, words),
                  "crm answers as Zylker."));
        CHECK(
            has(said("C.UTF-8", {{"org_name", ""}, {"org_id", "7"}}, words), "crm answers as 7."));
        CHECK(has(said("C.UTF-8", {{"user_name", "Ada"}}, words), "crm answers as Ada."));
        CHECK(has(said("C.UTF-8", {{"org_name", ""}, {"org_id", ""}}, words),
                  "crm answers and takes these credentials."));
        CHECK(has(said("zh_CN.UTF-8", {{"org_id", "7"}}, words), "crm 连接成功：7。"));
        CHECK(has(said("zh_CN.UTF-8", json::object(), words), "crm 连接成功，凭据有效。"));
    }
}

TEST_CASE("connect works from a script, without a terminal", "[cli][connect]") {
    FakeDaemon daemon(answer);
    const auto file = daemon.folder() + "/token";
    std::ofstream(file) << "1000.refresh\n";
    const auto ca = daemon.folder() + "/ca.pem";
    std::ofstream(ca) << "x\n";
    Runner runner;
    CHECK(runner.run_at(
              daemon, {"connect", "zoho", "--name", "sales", "--option", "data_centre=eu",
                       "--option", "overlap_s=60", "--option", "sandbox=true", "--value",
                       "client_id=1000.X", "--secret", "client_secret=file:/etc/kontor/secret",
                       "--secret-file", "refresh_token=" + file, "--ca-file", ca, "--json"}) == 0);
    CHECK(sent(daemon) ==
          json{{"name", "sales"},
               {"plugin", "zoho"},
               {"options", {{"data_centre", "eu"}, {"overlap_s", 60}, {"sandbox", true}}},
               {"values", {{"client_id", "1000.X"}}},
               {"secrets",
                {{"client_secret", {{"reference", "file:/etc/kontor/secret"}}},
                 {"refresh_token", {{"value", "1000.refresh"}}}}},
               {"ca_file", ca}});
    const auto told = json::parse(runner.out);
    CHECK(told["identity"]["org_name"] == "Zylker");
    CHECK(told["forecast"]["limit"] == 50000);
}

TEST_CASE("a name that no connection can have is told before anything else", "[cli][connect]") {
    FakeDaemon daemon(answer);
    for (const auto* language : {"C.UTF-8", "zh_CN.UTF-8"}) {
        Runner runner;
        runner.env["LANG"] = language;
        CHECK(runner.run_at(daemon, {"connect", "zoho", "--no-input", "--name", "bad name!"}) == 2);
        CHECK(runner.err.find("bad name!") != std::string::npos);
        CHECK(runner.err.find("client_id") == std::string::npos);
    }
    CHECK(daemon.asked().empty());
}

TEST_CASE("a secret on the command line is refused and not repeated", "[cli][connect]") {
    FakeDaemon daemon(answer);
    Runner runner;
    CHECK(runner.run_at(daemon, {"connect", "zoho", "--secret", "client_secret=S3CRETVALUE"}) == 2);
    CHECK(runner.err.find("S3CRETVALUE") == std::string::npos);
    CHECK(runner.err.find("--secret-file client_secret=FILE") != std::string::npos);
    CHECK(runner.run_at(daemon, {"connect", "zoho", "--secret", "S3CRETVALUE", "--json"}) == 2);
    CHECK(runner.err.find("S3CRETVALUE") == std::string::npos);
    CHECK(daemon.asked().empty());
    // What else is a secret only the connector says.
    CHECK(runner.run_at(daemon, {"connect", "zoho", "--value", "client_secret=S3CRETVALUE"}) == 2);
    CHECK(runner.err.find("--secret-file client_secret=FILE") != std::string::npos);
    CHECK(runner.err.find("S3CRETVALUE") == std::string::npos);
}

TEST_CASE("an unknown connector is named with what was meant", "[cli][connect]") {
    FakeDaemon daemon(answer);
    Runner runner;
    CHECK(runner.run_at(daemon, {"connect", "zohoo"}) == 6);
    CHECK(runner.err.find("did you mean zoho?") != std::string::npos);
}

TEST_CASE("a secret's file that cannot be read fails before anything is sent", "[cli][connect]") {
    FakeDaemon daemon(answer);
    Runner runner;
    CHECK(runner.run_at(daemon, {"connect", "zoho", "--secret-file", "client_secret=/none"}) == 1);
    CHECK(runner.err.find("/none") != std::string::npos);
    CHECK(daemon.asked().empty());
}

TEST_CASE("a connector that cannot be used is told as that, not as one without options",
          "[cli][connect]") {
    FakeDaemon daemon([](const Asked&) {
        return Canned{.body = json{{"plugins",
                                    {{{"name", "zoho"},
                                      {"path", "/p/zoho.so"},
                                      {"error",
                                       {{"code", "connector"},
                                        {"message", "The connector of zoho was ended."},
                                        {"detail", "ended"},
                                        {"hint", "Ask whoever made it."}}}}}}}
                                  .dump()};
    });
    Runner runner;
    CHECK(runner.run_at(daemon, {"connect", "zoho", "--no-input", "--option", "data_centre=cn"}) ==
          75);
    CHECK(runner.err.find("The connector of zoho was ended.") != std::string::npos);
    CHECK(runner.err.find("Ask whoever made it.") != std::string::npos);
    CHECK(runner.err.find("no option") == std::string::npos);
    CHECK(daemon.asked().size() == 1);
}
