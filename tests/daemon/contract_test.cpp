// Every answer of a running daemon is what docs/openapi.json says, and every path that it documents
// is there. valijson judges.
#include <catch2/catch.hpp>
#include <fstream>
#include <regex>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "tests/daemon/daemon_fixture.hpp"

using namespace kontor;
using nlohmann::json;

namespace {

class Contract {
public:
    Contract() {
        std::ifstream in(KONTOR_OPENAPI_JSON);
        document_ = json::parse(in);
    }

    void check(const std::string& method, const std::string& path, const test::Answer& answer) {
        INFO(method << " " << path << " " << answer.status << " " << answer.body);
        REQUIRE(document_["paths"].contains(path));
        // Nor does any text keep a placeholder of the catalogue.
        static const std::regex placeholder(R"(\{[a-z_]+(:[^{}"]*)?\})");
        CHECK_FALSE(std::regex_search(answer.body, placeholder));
        const auto& operation = document_["paths"][path][method];
        REQUIRE(operation.is_object());
        const auto& responses = operation["responses"];
        const auto status = std::to_string(answer.status);
        const auto& response =
            responses.contains(status) ? responses[status] : responses["default"];
        const auto type = answer.headers.at("content-type");
        REQUIRE(response["content"].contains(type));
        matches(response["content"][type]["schema"], json::parse(answer.body));
        ++checked_[path + method];
    }
    [[nodiscard]] const json& document() const { return document_; }

private:
    void matches(const json& schema, const json& value) {
        // The schema stands in the document that its references lead into.
        json whole = schema;
        whole["components"] = document_["components"];
        valijson::Schema parsed;
        valijson::SchemaParser parser;
        parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(whole), parsed);
        valijson::Validator validator;
        valijson::ValidationResults results;
        const bool fine =
            validator.validate(parsed, valijson::adapters::NlohmannJsonAdapter(value), &results);
        std::string trouble;
        valijson::ValidationResults::Error error;
        while (results.popError(error)) {
            for (const auto& part : error.context) trouble += part;
            trouble += ": " + error.description + "\n";
        }
        INFO(trouble);
        CHECK(fine);
    }

    json document_;
    std::map<std::string, int> checked_;
};

}  // namespace

TEST_CASE("the daemon's answers are what the contract says", "[daemon][contract]") {
    test::Daemon daemon("[connection.a]\nplugin = \"fake\"\n");
    daemon.dir.write("a.mapping.toml", test::kMapping);
    daemon.run_verify = [](engine::Verifier::Ports ports, const engine::ConnectionSettings&,
                           const engine::VerifyOptions&) -> Result<engine::VerifyReport> {
        engine::VerifyFinding found;
        found.entity = "contact";
        ports.finding(found);
        found.reason = engine::VerifyReason::kConflict;
        found.detail = "7";
        ports.finding(found);
        engine::VerifyReport report;
        report.streams.emplace_back().explained[engine::VerifyReason::kConflict] = 1;
        return report;
    };
    REQUIRE(daemon.start());
    REQUIRE(
        daemon.until("/api/v1/connections/a", [](const json& j) { return j["state"] == "idle"; }));
    Contract contract;
    const std::string v1 = "/api/v1";
    const auto get = [&](const std::string& path, const std::string& target) {
        contract.check("get", path, daemon.get(target));
    };
    const auto post = [&](const std::string& path, const std::string& target, const json& body) {
        contract.check("post", path, daemon.send("POST", target, body));
    };
    const auto simple = [&](const std::string& path) { get(path, path); };

    post(v1 + "/records/{entity}", v1 + "/records/contact",
         {{"fields", {{"last_name", "A"}, {"email", "a@example.com"}}}});
    post(v1 + "/records/{entity}", v1 + "/records/contact",
         {{"records", {{{"last_name", "B"}}, {{"last_name", "C"}}}}});
    get(v1 + "/records/{entity}", v1 + "/records/contact?limit=1&total=true");
    get(v1 + "/records/{entity}", v1 + "/records/contcat");
    get(v1 + "/records/{entity}/{id}", v1 + "/records/contact/1");
    get(v1 + "/records/{entity}/{id}", v1 + "/records/contact/77");
    contract.check(
        "patch", v1 + "/records/{entity}/{id}",
        daemon.send("PATCH", v1 + "/records/contact/1", {{"fields", {{"email", "b@b.b"}}}}));
    get(v1 + "/records/{entity}/{id}/history", v1 + "/records/contact/1/history?limit=2");
    get(v1 + "/records/{entity}/{id}/why/{field}", v1 + "/records/contact/1/why/email");
    contract.check("delete", v1 + "/records/{entity}/{id}",
                   daemon.send("DELETE", v1 + "/records/contact/1", nullptr));
    post(v1 + "/undo", v1 + "/undo",
         {{"record", {{"entity", "contact"}, {"id", 1}}}, {"preview", true}});
    post(v1 + "/undo", v1 + "/undo", {{"record", {{"entity", "contact"}, {"id", 1}}}});
    post(v1 + "/sql", v1 + "/sql", {{"query", "SELECT 1, 'x', NULL, 1.5"}});
    post(v1 + "/sql", v1 + "/sql", {{"query", "SELEC"}});
    get(v1 + "/search", v1 + "/search?q=a");
    for (const auto* path :
         {"/entities", "/conflicts", "/blocked", "/runs", "/doctor", "/status", "/connections"})
        simple(v1 + path);
    get(v1 + "/conflicts/{id}", v1 + "/conflicts/1");
    post(v1 + "/conflicts/{id}", v1 + "/conflicts/1", {{"choose", "ours"}});
    post(v1 + "/conflicts/resolve", v1 + "/conflicts/resolve",
         {{"choose", "theirs"}, {"entity", "contact"}, {"older_than_s", 60}, {"dry_run", true}});
    post(v1 + "/conflicts/resolve", v1 + "/conflicts/resolve", {{"choose", "ours"}});
    post(v1 + "/conflicts/resolve", v1 + "/conflicts/resolve", {{"choose", "same"}});
    get(v1 + "/runs/{id}", v1 + "/runs/1");
    post(v1 + "/blocked/retry", v1 + "/blocked/retry", json::object());
    simple("/healthz");
    simple("/readyz");

    const auto one = v1 + "/connections/{name}";
    const auto a = v1 + "/connections/a";
    get(one, a);
    get(one, v1 + "/connections/none");
    get(one + "/forecast", a + "/forecast");
    post(one + "/check", a + "/check", json::object());
    post(one + "/describe", a + "/describe", json::object());
    post(one + "/propose-mapping", a + "/propose-mapping", {{"write", true}});
    post(one + "/fields", a + "/fields", json::object());
    post(one + "/fields", a + "/fields", {{"add", {"Nowhere"}}});
    get(one + "/plan", a + "/plan");
    post(one + "/sync", a + "/sync", {{"dry_run", true}});
    REQUIRE(daemon.until(a + "/plan", [](const json&) { return true; }));
    get(one + "/plan", a + "/plan");
    get(one + "/verify", a + "/verify");
    post(one + "/verify", a + "/verify", {{"sample", 5}});
    REQUIRE(daemon.until(a + "/verify", [](const json& j) { return j["state"] == "done"; }));
    get(one + "/verify", a + "/verify");
    get(one + "/verify", a + "/verify?explained=true");
    contract.check("delete", one + "/verify",
                   daemon.send("DELETE", a + "/verify?ticket=1", nullptr));
    post(one + "/push", a + "/push", {{"enabled", true}});
    post(one + "/resume", a + "/resume", json::object());
    post(one + "/resume", a + "/resume", {{"accept_remote", true}});
    post(one + "/resume", a + "/resume", {{"accept_remote", "yes"}});
    get(v1 + "/plugins", v1 + "/plugins");
    post(v1 + "/connections", v1 + "/connections", {{"name", "b"}, {"plugin", "fake"}});
    post(v1 + "/connections", v1 + "/connections", {{"name", "B b"}, {"plugin", "fake"}});
    post(v1 + "/consent-url", v1 + "/consent-url",
         {{"connection", "a"}, {"redirect_uri", "http://localhost:1/"}, {"state", "s"}});
    post(one + "/sign-in", a + "/sign-in", json::object());
    post(one + "/sign-in", a + "/sign-in", {{"secrets", {{"x", {{"value", 5}}}}}});
    post(v1 + "/reload", v1 + "/reload", json::object());
}

TEST_CASE("every documented operation exists", "[daemon][contract]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    const Contract contract;
    for (const auto& [path, operations] : contract.document()["paths"].items()) {
        if (path == "/api/v1/events") continue;  // does not end
        for (const auto& [method, operation] : operations.items()) {
            std::string target = path;
            for (auto at = target.find('{'); at != std::string::npos; at = target.find('{'))
                target.replace(at, target.find('}') - at + 1, "0");
            std::string upper = method;
            for (char& c : upper) c = static_cast<char>(std::toupper(c));
            const auto answer = daemon.send(upper, target, nullptr);
            INFO(upper << " " << target << " " << answer.status << " " << answer.body);
            CHECK(answer.body.find("no such resource") == std::string::npos);
            CHECK(answer.status != 405);
        }
    }
}
