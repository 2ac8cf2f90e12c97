// Signing in again: new secrets are tried before the old ones go.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/daemon/daemon_fixture.hpp"

using namespace kontor;
using nlohmann::json;

namespace {

std::string secret_in(const test::Daemon& daemon, const std::string& text) {
    auto path = daemon.dir.write("secret", text);
    ::chmod(path.c_str(), 0600);
    return path;
}

}  // namespace

TEST_CASE("a secret that does not work is put back", "[daemon][sign_in]") {
    test::Daemon daemon;
    const auto path = secret_in(daemon, "old");
    daemon.dir.write(
        "kontor.toml",
        "[daemon]\nstate_dir = \"state\"\nsocket = \"run/s\"\n[connection.a]\nplugin = "
        "\"fake\"\n[connection.a.secrets]\ntoken = \"file:" +
            path + "\"\n");
    daemon.dir.write("a.mapping.toml", test::kMapping);
    std::atomic<bool> good{false};
    daemon.remotes.on_check = [&]() -> Result<remote::Identity> {
        if (!good) return fail(Errc::kUnauthenticated, "token revoked");
        remote::Identity who;
        who.org_name = "Example";
        return who;
    };
    REQUIRE(daemon.start());
    const std::string target = "/api/v1/connections/a/sign-in";
    const json body{{"secrets", {{"token", {{"value", "new"}}}}}};
    const auto refused = daemon.send("POST", target, body);
    CHECK(refused.status == 424);
    CHECK(json::parse(refused.body)["hint"].get<std::string>().find("sign-in a") !=
          std::string::npos);
    CHECK(test::content_of(path) == "old");

    good = true;
    const int opened = daemon.remotes.opened;
    const auto done = daemon.send("POST", target, body);
    INFO(done.body);
    REQUIRE(done.status == 200);
    CHECK(json::parse(done.body)["identity"]["org_name"] == "Example");
    CHECK(test::content_of(path).find("new") == 0);
    // The connection that is open has the old secret: it is opened anew, not only tried.
    CHECK(daemon.until("/api/v1/status",
                       [&](const json&) { return daemon.remotes.opened >= opened + 2; }));
}

TEST_CASE("only secrets of the connection can be replaced, and none is repeated",
          "[daemon][sign_in]") {
    test::Daemon daemon("[connection.a]\nplugin = \"fake\"\n");
    daemon.dir.write("a.mapping.toml", test::kMapping);
    REQUIRE(daemon.start());
    const std::string target = "/api/v1/connections/a/sign-in";
    for (const auto& body :
         {json{{"secrets", {{"other", {{"value", "S3CRET"}}}}}},
          json{{"secrets", {{"other", "S3CRET"}}}}, json{{"code", {"S3CRET"}}}}) {
        const auto answer = daemon.send("POST", target, body);
        INFO(answer.body);
        CHECK(answer.status == 400);
        CHECK(answer.body.find("S3CRET") == std::string::npos);
    }
    CHECK(daemon.send("POST", "/api/v1/connections/none/sign-in", json::object()).status == 404);
    CHECK(daemon.send("POST", "/api/v1/consent-url", {{"connection", "a"}}).status == 400);
    CHECK(daemon.log.text().find("S3CRET") == std::string::npos);
}
