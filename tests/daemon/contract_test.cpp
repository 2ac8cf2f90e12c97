// Every answer and event of a running daemon is what docs/openapi.json says, and everything that it
// documents was seen: each status of each operation, each type of event. valijson judges.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <regex>
#include <set>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "daemon/backup/ledger.hpp"
#include "sync/engine/cycle.hpp"
#include "tests/daemon/daemon_fixture.hpp"
#include "tests/support/memory_remote.hpp"
#include "tests/support/scripted_imap.hpp"

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
        // But the addresses that a connector declares have gaps of their own.
        if (path != "/api/v1/plugins") CHECK_FALSE(std::regex_search(answer.body, placeholder));
        const auto& operation = document_["paths"][path][method];
        REQUIRE(operation.is_object());
        const auto& responses = operation["responses"];
        const auto status = std::to_string(answer.status);
        const auto documented = responses.contains(status) ? status : std::string("default");
        const auto& response = responses[documented];
        const auto type = answer.headers.at("content-type");
        REQUIRE(response["content"].contains(type));
        matches(response["content"][type]["schema"], json::parse(answer.body));
        seen_.insert(method + " " + path + " " + documented);
    }

    /// The events in a stream's text.
    void check_events(const std::string& text) {
        static const std::regex event("event: (.+)\ndata: (.+)\n");
        const auto& events = document_["paths"]["/api/v1/events"]["get"]["x-events"];
        for (std::sregex_iterator at(text.begin(), text.end(), event), end; at != end; ++at) {
            INFO(at->str());
            const auto type = (*at)[1].str();
            REQUIRE(events.contains(type));
            matches(events[type], json::parse((*at)[2].str()));
            seen_.insert("event " + type);
        }
        CHECK(parse_head(text) == "text/event-stream");
        seen_.insert("get /api/v1/events 200");
    }

    /// That whatever is documented was seen.
    void check_all_seen() const {
        const auto seen = [&](const std::string& what) {
            INFO("never seen: " << what);
            CHECK(seen_.contains(what));
        };
        for (const auto& [path, operations] : document_["paths"].items())
            for (const auto& [method, operation] : operations.items())
                for (const auto& [status, response] : operation["responses"].items())
                    seen(method + " " + path + " " + status);
        const auto& events = document_["paths"]["/api/v1/events"]["get"]["x-events"];
        for (const auto& [type, schema] : events.items()) seen("event " + type);
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

    static std::string parse_head(const std::string& text) {
        return test::parse_answer(text).headers["content-type"];
    }

    json document_;
    std::set<std::string> seen_;
};

/// The real engine on a remote in memory, so that there are conflicts and refusals to tell of.
/// While somebody else holds `turn`, no sync runs.
app::RunCycle engine_on(test::MemoryRemote& remote, std::mutex& turn) {
    return [&remote, &turn](engine::Cycle::Ports ports, const engine::ConnectionSettings& given,
                            const engine::CycleOptions& options) {
        const std::lock_guard lock(turn);
        auto settings = given;
        settings.streams = remote.streams;
        const engine::Cycle::Ports own{ports.db,     remote,          ports.clock,
                                       ports.random, ports.log,       ports.observer,
                                       ports.gate,   ports.cancelled, nullptr};
        return engine::Cycle(own, settings).run(options);
    };
}

constexpr const char* kTwoFields =
    "[[stream]]\nname = \"People\"\nentity = \"contact\"\n"
    "[[stream.group]]\nname = \"name\"\n"
    "fields = [{ remote = \"Name\", column = \"last_name\" }]\n"
    "[[stream.group]]\nname = \"mail\"\n"
    "fields = [{ remote = \"Email\", column = \"email\" }]\n";

std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(c));
    return text;
}

// A path of the document with its parameters filled in.
std::string target_of(std::string path) {
    for (auto at = path.find('{'); at != std::string::npos; at = path.find('{'))
        path.replace(at, path.find('}') - at + 1, "0");
    return path;
}

/// A record is made what it was a moment ago, and the two moments are compared.
void restore_and_compare(test::Daemon& daemon, Contract& contract) {
    const std::string v1 = "/api/v1";
    const auto moment = [] {
        // Of a millisecond of its own.
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        const auto out = format_instant(SystemClock().now());
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        return out;
    };
    const auto email = [&] {
        return daemon.json(v1 + "/records/contact/1")["fields"]["email"].get<std::string>();
    };
    const auto before = email();
    const auto then = moment();
    REQUIRE(daemon.send("PATCH", v1 + "/records/contact/1", {{"fields", {{"email", "new@b.b"}}}})
                .status == 200);
    const auto now = moment();
    json wanted{{"entity", "contact"}, {"records", {1, 2}}, {"at", then}, {"preview", true}};
    const auto restore = [&] {
        auto answer = daemon.send("POST", v1 + "/restore", wanted);
        contract.check("post", v1 + "/restore", answer);
        return answer;
    };
    CHECK(json::parse(restore().body)["undone"] == 1);
    CHECK(email() == "new@b.b");
    wanted["preview"] = false;
    const auto run = json::parse(restore().body)["run"];
    CHECK(email() == before);
    const auto diff = "?from=" + then + "&to=" + now;
    contract.check("get", v1 + "/diff", daemon.get(v1 + "/diff" + diff));
    const auto differs = daemon.json(v1 + "/diff" + diff + "&entity=contact");
    REQUIRE(differs["records"].size() == 1);
    CHECK(differs["records"][0]["fields"][0] ==
          json{{"field", "email"}, {"then", before}, {"now", "new@b.b"}});
    contract.check("post", v1 + "/undo", daemon.send("POST", v1 + "/undo", {{"run", run}}));
    CHECK(email() == "new@b.b");

    wanted["where"] = {"email=" + before};
    CHECK(restore().status == 400);  // either these or those
    wanted.erase("records");
    CHECK(json::parse(restore().body)["undone"] == 1);
    CHECK(email() == before);
    wanted["where"] = {"nothing=1"};
    CHECK(restore().status == 404);
    wanted["at"] = "1999-01-01T00:00:00Z";
    const auto early = restore();
    CHECK(early.status == 404);
    CHECK(json::parse(early.body)["args"]["reason"] == "past_unreached");
    wanted["backup"] = "nowhere";
    CHECK(restore().status == 404);
    contract.check("get", v1 + "/diff", daemon.get(v1 + "/diff?from=yesterday"));
    CHECK(daemon.get(v1 + "/diff?from=" + now + "&to=" + then).status == 400);
}

}  // namespace

TEST_CASE("each documented parameter is known, and any other is refused", "[daemon][contract]") {
    test::Daemon daemon("");
    REQUIRE(daemon.start());
    static const std::regex gap(R"(\{[a-z_]+\})");
    const auto unknown = [](const test::Answer& answer) {
        return answer.status == 400 && json::parse(answer.body)["args"]["reason"] == "no_parameter";
    };
    const Contract contract;
    for (const auto& [path, operations] : contract.document()["paths"].items())
        for (const auto& [method, operation] : operations.items()) {
            const auto target = std::regex_replace(path, gap, "1");
            std::string verb = method;
            std::ranges::transform(verb, verb.begin(), [](char c) { return c - 'a' + 'A'; });
            INFO(verb << " " << target);
            CHECK(unknown(daemon.send(verb, target + "?fliter=1", json::object())));
            for (const auto& parameter : operation.value("parameters", json::array())) {
                if (parameter["in"] != "query" || path == "/api/v1/events") continue;  // has no end
                const auto name = parameter["name"].get<std::string>();
                INFO(name);
                CHECK_FALSE(unknown(daemon.send(verb, target + "?" + name + "=1", json::object())));
            }
        }
}

TEST_CASE("the daemon's answers are what the contract says", "[daemon][contract]") {
    std::mutex turn;
    test::Daemon daemon(
        "[connection.a]\nplugin = \"fake\"\n"
        "[job.compare]\nrun = \"verify a\"\n"
        "[job.fail]\ncommand = [\"sh\", \"-c\", \"echo heard; exit 3\"]\nretries = 0\n"
        "when = \"on contact.first_name\"\n");
    daemon.environment["PATH"] = "/usr/bin:/bin";
    daemon.dir.write("a.mapping.toml", kTwoFields);
    test::MemoryRemote people(daemon.clock);
    people.streams = {test::stream_spec(
        "People", "contact",
        {test::text_field("Name", "last_name"), test::text_field("Email", "email")})};
    const auto person = [&](const char* name) {
        return people.create("People", {{"Name", Value(name)}, {"Email", Value("a@example.com")}});
    };
    const auto disputed = person("Li");
    const auto refused = person("Wang");
    daemon.run_cycle = engine_on(people, turn);
    daemon.run_verify = [](engine::Verifier::Ports ports, const engine::ConnectionSettings&,
                           const engine::VerifyOptions&) -> Result<engine::VerifyReport> {
        ports.observer.progress({"verify", "People", 1, 2});
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
    test::RawConnection events(daemon.socket());
    events.send("GET /api/v1/events?since=1000000000 HTTP/1.1\r\nHost: x\r\n\r\n");
    contract.check_events(events.read_until("event: gap"));

    // One record that both sides change, and one whose change is refused: both are told of.
    const auto one = v1 + "/connections/{name}";
    const auto a = v1 + "/connections/a";
    post(one + "/push", a + "/push", {{"enabled", true}});
    const auto idle = [](const json& j) { return j["state"] == "idle"; };
    REQUIRE(daemon.until(a, idle));
    std::unique_lock both_sides(turn);  // a sync between the two edits would find no conflict
    daemon.clock.slept = std::chrono::minutes(1);
    people.edit("People", disputed, {{"Email", Value("theirs@example.com")}});
    people.refuse = [&](const std::string&,
                        const remote::Change& change) -> std::optional<remote::PushResult> {
        if (change.id != refused) return std::nullopt;
        return remote::PushResult{
            remote::PushStatus::kInvalid, refused, "", "INVALID_DATA", "Email", "no such address"};
    };
    for (const auto* id : {"1", "2"})
        contract.check("patch", v1 + "/records/{entity}/{id}",
                       daemon.send("PATCH", v1 + "/records/contact/" + id,
                                   {{"fields", {{"email", "ours@example.com"}}}}));
    both_sides.unlock();
    post(one + "/sync", a + "/sync", json::object());
    const auto some = [](const char* what) {
        return [what](const json& j) { return !j[what].empty(); };
    };
    REQUIRE(daemon.until(v1 + "/conflicts", some("conflicts")));
    REQUIRE(daemon.until(v1 + "/blocked", some("blocked")));
    REQUIRE(daemon.until(v1 + "/search?q=theirs", [](const json&) { return true; }));
    REQUIRE(daemon.until(v1 + "/search?q=Wang", some("hits")));
    get(v1 + "/search", v1 + "/search?q=Wang");
    get(v1 + "/conflicts/{id}", v1 + "/conflicts/1");
    simple(v1 + "/conflicts");
    simple(v1 + "/blocked");
    simple(v1 + "/runs");
    get(v1 + "/runs/{id}", v1 + "/runs/1");

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
    post(v1 + "/undo", v1 + "/undo",
         {{"record", {{"entity", "contact"}, {"id", 1}}}, {"work", "w1"}});
    restore_and_compare(daemon, contract);
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
    post(v1 + "/conflicts/resolve", v1 + "/conflicts/resolve",
         {{"choose", "ours"}, {"work", "w2"}});
    post(v1 + "/conflicts/resolve", v1 + "/conflicts/resolve", {{"choose", "same"}});
    const auto always = v1 + "/conflicts/{id}/always", forget = v1 + "/conflicts/rules/forget";
    const json target{{"connection", "a"}, {"entity", "contact"}, {"group", "mail"}};
    const auto rules = [&] { return daemon.json(v1 + "/conflicts/rules")["rules"]; };
    const auto mapping = test::content_of(daemon.dir.path("a.mapping.toml"));
    post(always, v1 + "/conflicts/1/always", {{"choose", "theirs"}, {"dry_run", true}});
    post(always, v1 + "/conflicts/1/always", {{"choose", "same"}});
    post(forget, forget, target);
    CHECK(rules().empty());
    CHECK(test::content_of(daemon.dir.path("a.mapping.toml")) == mapping);
    post(always, v1 + "/conflicts/1/always", {{"choose", "theirs"}});
    simple(v1 + "/conflicts/rules");
    REQUIRE(rules().size() == 1);
    CHECK(rules()[0]["take"] == "theirs");
    CHECK(rules()[0]["by"] == "uid:" + std::to_string(::geteuid()));
    post(forget, forget, target);
    CHECK(rules().empty());
    CHECK(test::content_of(daemon.dir.path("a.mapping.toml")) == mapping);
    get(v1 + "/runs/{id}", v1 + "/runs/1");
    post(v1 + "/blocked/retry", v1 + "/blocked/retry", json::object());
    simple("/healthz");
    simple("/readyz");

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
    post(one + "/resume", a + "/resume", json::object());
    post(one + "/resume", a + "/resume", {{"accept_remote", true}});
    post(one + "/resume", a + "/resume", {{"accept_remote", "yes"}});
    {
        test::Daemon plain(
            "plugin_dir = \"" KONTOR_TEST_PLUGINS
            "\"\n[connectors]\nisolation = \"none\"\n[connection.e]\nplugin = \"echo\"\n"
            "options = { base_url = \"https://127.0.0.1:1\" }\n"
            "sign_in = { kind = \"oauth2\", client_id = \"me\" }\n"
            "secrets = { client_secret = \"env:NONE\", refresh_token = \"env:NONE\" }\n");
        plain.real_plugins = true;
        REQUIRE(plain.start());
        contract.check("get", v1 + "/plugins", plain.get(v1 + "/plugins"));
        contract.check(
            "post", v1 + "/consent-url",
            plain.send(
                "POST", v1 + "/consent-url",
                {{"connection", "e"}, {"redirect_uri", "http://localhost:1/"}, {"state", "s"}}));
    }
    post(v1 + "/connections", v1 + "/connections", {{"name", "b"}, {"plugin", "fake"}});
    post(v1 + "/connections", v1 + "/connections", {{"name", "B b"}, {"plugin", "fake"}});
    post(one + "/sign-in", a + "/sign-in", json::object());
    post(one + "/sign-in", a + "/sign-in", {{"secrets", {{"x", {{"value", 5}}}}}});
    const auto repository = daemon.dir.path("repository");
    const auto passphrase = daemon.dir.write("passphrase", "p");
    std::filesystem::permissions(passphrase, std::filesystem::perms::owner_read);
    REQUIRE(std::system(("restic --quiet --no-cache --repo " + repository + " --password-file " +
                         passphrase + " init")
                            .c_str()) == 0);
    daemon.dir.write("conf.d/backup.toml", "[backup.office]\ntarget = \"" + repository +
                                               "\"\npassword = \"file:" + passphrase + "\"\n");
    post(v1 + "/reload", v1 + "/reload", json::object());
    simple(v1 + "/backups");
    CHECK(daemon.json(v1 + "/backups")["backups"].at(0)["behind_s"].is_null());
    // One run that put up with something, and its drill.
    const std::string at = "2026-05-01T08:00:00Z";
    const std::string secret = "the secret env:NONE cannot be read";
    backup::Ledger ledger;
    ledger.add(backup::RunEntry{at, "ab", at, 1, 2, "", {secret}});
    ledger.add(backup::DrillEntry{at, "ab", at, 1, 2, "", {"contact"}});
    std::filesystem::create_directories(daemon.dir.path("state/backup"));
    REQUIRE(backup::save_ledger(daemon.dir.path("state/backup/office.json"), ledger));
    simple(v1 + "/backups");
    const auto told = daemon.json(v1 + "/backups")["backups"].at(0);
    CHECK(told["last_good_run"]["notes"] == json{secret});
    CHECK(told["last_proof"]["notes"] == json{"contact"});
    get(v1 + "/backups/{name}", v1 + "/backups/office");
    get(v1 + "/backups/{name}", v1 + "/backups/elsewhere");

    // A survey by telephone, from the choice to the report.
    daemon.dir.write("surveys/s.toml",
                     "id = \"s\"\ntitle = \"T\"\nchannels = [\"phone\"]\n[[question]]\n"
                     "id = \"score\"\nkind = \"nps\"\ntext = \"Q\"\n[[question]]\nid = \"why\"\n"
                     "kind = \"choice\"\ntext = \"W\"\nshow_if = \"score<=6\"\n"
                     "choices = [{ id = \"a\", en = \"A\" }, { id = \"b\", en = \"B\" }]\n"
                     "[[question]]\nid = \"more\"\nkind = \"text\"\ntext = \"M\"\n"
                     "[[action]]\ncreate = \"task\"\nwhen = \"score<=6\"\n"
                     "[[action]]\non = \"record\"\nset = { description = \"{score}\" }\n");
    contract.check("patch", v1 + "/records/{entity}/{id}",
                   daemon.send("PATCH", v1 + "/records/contact/1",
                               {{"fields", {{"mobile", "+86 138 0000 0000"}}}}));
    const auto survey = v1 + "/surveys/{survey}";
    const auto s = v1 + "/surveys/s";
    simple(v1 + "/surveys");
    post(survey + "/send", s + "/send", {{"dry_run", true}});
    CHECK(daemon.json(s + "/calls")["calls"].empty());
    post(survey + "/send", s + "/send", json::object());
    get(survey + "/calls", s + "/calls");
    const auto call = daemon.json(s + "/calls")["calls"].at(0);
    CHECK(call["who"] == "contact:1");
    const json invited{{"invitation", call["invitation"]}};
    auto busy = invited;
    busy["outcome"] = "busy";
    post(survey + "/responses", s + "/responses", busy);
    CHECK(daemon.json(s + "/calls")["calls"].empty());
    auto answered = invited;
    answered["answers"] = {{"score", 9}, {"why", "a"}};
    const auto refused_answer = daemon.send("POST", s + "/responses", answered);
    CHECK(refused_answer.status == 400);  // nine leads past the second question
    CHECK(json::parse(refused_answer.body)["args"]["flaw"] == "not_asked");
    answered["answers"] = {{"score", 6}, {"why", "a"}, {"more", "too expensive"}};
    const auto taken = daemon.send("POST", s + "/responses", answered);
    CHECK(taken.status == 201);
    INFO(taken.body);
    CHECK(json::parse(taken.body)["acted"]["made"] == 1);
    post(survey + "/act", s + "/act", json::object());
    CHECK(daemon.send("POST", s + "/responses", answered).status == 409);
    post(survey + "/responses", s + "/responses",
         {{"who", "contact:1"}, {"submission", "7"}, {"answers", {{"score", 10}}}});
    get(survey + "/report", s + "/report");
    const auto found = daemon.json(s + "/report");
    CHECK(found["score"]["nps"]["value"] == 0);
    CHECK(found["response_rate"]["value"] == 100);
    CHECK(found["imported"] == 1);
    CHECK(found["follow_ups"]["closed_rate"]["value"] == 0);
    CHECK(found["texts"]["themes"][0]["theme"] == "price");
    CHECK(daemon.get(s + "/report?since=soon").status == 400);
    // Without a key and an address for links nothing is reserved that nobody would get.
    daemon.dir.write("surveys/l.toml",
                     "id = \"l\"\ntitle = \"T\"\n[[question]]\nid = \"q\"\nkind = \"csat\"\n"
                     "text = \"Q\"\n");
    const auto no_key = daemon.send("POST", v1 + "/surveys/l/send", json::object());
    CHECK(json::parse(no_key.body)["args"]["reason"] == "survey_no_url");
    CHECK(daemon.json("/api/v1/records/survey_invitation?filter=survey:=:l")["records"].empty());
    daemon.dir.write("feedback.toml", "link_key = \"file:" + daemon.dir.path("key") +
                                          "\"\npublic_url = \"https://example.com\"\n");
    get(survey + "/links", v1 + "/surveys/l/links");
    const auto no_mailbox = daemon.send("POST", v1 + "/mailbox/receive", json::object());
    CHECK(json::parse(no_mailbox.body)["args"]["reason"] == "survey_no_mailbox");
    CHECK(daemon.send("POST", v1 + "/mailbox/receive", {{"most", 0}}).status == 400);
    const test::ScriptedImap mail(
        [](const std::string&) { return std::string(test::ScriptedImap::kOpened); });
    daemon.dir.write("feedback.toml",
                     "[mailbox]\nimap = \"" + mail.url +
                         "\"\nuser = \"u\"\npassword = \"file:" + daemon.dir.path("key") + "\"\n");
    post(v1 + "/mailbox/receive", v1 + "/mailbox/receive", {{"most", 10}});
    daemon.dir.write("surveys/wrong.toml", "id = \"wrong\"\n");
    CHECK(daemon.json(v1 + "/surveys")["problems"].size() == 2);
    CHECK(daemon.get(v1 + "/surveys/..%2Fkontor/calls").status == 404);

    // Jobs: one by hand, one because something happened.
    const auto jobs = v1 + "/jobs";
    const auto compare = jobs + "/compare";
    simple(jobs);
    get(jobs + "/{job}", compare);
    get(jobs + "/{job}", jobs + "/none");
    contract.check("delete", jobs + "/{job}/run", daemon.send("DELETE", compare + "/run", nullptr));
    post(jobs + "/{job}/pause", compare + "/pause", json::object());
    post(jobs + "/{job}/resume", compare + "/resume", json::object());
    post(jobs + "/{job}/run", compare + "/run", json::object());
    contract.check(
        "patch", v1 + "/records/{entity}/{id}",
        daemon.send("PATCH", v1 + "/records/contact/2", {{"fields", {{"first_name", "Mei"}}}}));
    REQUIRE(daemon.until(jobs + "/fail", [](const json& j) { return j["state"] == "failing"; }));
    REQUIRE(daemon.until(compare, [](const json& j) { return !j["last_run"].is_null(); }));
    CHECK(daemon.json(compare)["last_run"]["summary"] == "both sides agree");
    simple(jobs);
    get(v1 + "/job-runs", v1 + "/job-runs?job=fail");
    const auto latest = daemon.json(jobs + "/fail")["last_run"];
    CHECK(latest["records"] == json::array({"contact:2"}));
    const auto last_run = v1 + "/job-runs/" + latest["id"].dump();
    get(v1 + "/job-runs/{run}", last_run);
    CHECK(daemon.json(last_run)["log"] == "heard\n");

    // What every operation refuses in the same way.
    for (const auto& [path, operations] : contract.document()["paths"].items())
        for (const auto& [method, operation] : operations.items()) {
            test::RawConnection connection(daemon.socket());
            connection.send(upper(method) + " " + target_of(path) +
                            " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                            "Content-Type: text/plain\r\nContent-Length: 1\r\n\r\nx");
            contract.check(method, path, test::parse_answer(connection.read_all()));
        }
    for (const auto* last : {"event: replica.changed", "event: config.reloaded"})
        contract.check_events(events.read_until(last));
    contract.check_all_seen();
}

TEST_CASE("every operation is documented with its parameters, and no other", "[daemon][contract]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    const auto served = daemon.app->operations();
    const Contract contract;
    std::set<std::string> documented;
    for (const auto& [path, operations] : contract.document()["paths"].items())
        for (const auto& [method, operation] : operations.items()) {
            std::set<std::string> parameters;
            for (const auto& parameter : operation.value("parameters", json::array()))
                if (parameter["in"] == "query")
                    parameters.insert(parameter["name"].get<std::string>());
            auto text = upper(method) + " " + path;
            for (const auto& name : parameters)
                text += (name == *parameters.begin() ? "?" : "&") + name;
            documented.insert(std::move(text));
        }
    CHECK(std::set(served.begin(), served.end()) == documented);
    CHECK(served.size() == documented.size());
}

TEST_CASE("every documented operation exists", "[daemon][contract]") {
    test::Daemon daemon;
    REQUIRE(daemon.start());
    const Contract contract;
    for (const auto& [path, operations] : contract.document()["paths"].items()) {
        if (path == "/api/v1/events") continue;  // does not end
        for (const auto& [method, operation] : operations.items()) {
            const auto target = target_of(path);
            const auto answer = daemon.send(upper(method), target, nullptr);
            INFO(method << " " << target << " " << answer.status << " " << answer.body);
            CHECK(answer.body.find("no such resource") == std::string::npos);
            CHECK(answer.status != 405);
        }
    }
}
