// Plugins from their file to the engine's Remote, over a real network on loopback. All of it runs
// twice: with plugins in this process, and each in a process of its own (KONTOR_TEST_PROGRAM).

#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "connectors/host/connection.hpp"
#include "connectors/host/connector.hpp"
#include "connectors/host/plugin_list.hpp"
#include "connectors/host/spec.hpp"
#include "tests/connectors/host/support.hpp"
#include "tests/connectors/host/tls_server.hpp"

using namespace kontor;
using namespace kontor::host;
using namespace kontor::host::test;

namespace {

const std::string kPlugins = KONTOR_TEST_PLUGINS;

Isolation isolation() {
    Isolation out;
    const char* const program = std::getenv("KONTOR_TEST_PROGRAM");
    out.own_process = program != nullptr;
    if (program) out.program = program;
    return out;
}

struct Taken {
    remote::Fact fact;
    std::string id, version, text;
    std::string checkpoint;
};

class Sink final : public remote::RecordSink {
public:
    Result<> accept(std::span<const remote::RecordView> batch,
                    std::string_view checkpoint) override {
        ++batches;
        if (error) return tl::unexpected(*error);
        for (const auto& record : batch) {
            Taken one{record.fact, std::string(record.id), std::string(record.version), "",
                      std::string(checkpoint)};
            for (const auto& field : record.fields) one.text += field.text;
            records.push_back(one);
        }
        return {};
    }
    std::vector<Taken> records;
    std::optional<Error> error;
    int batches = 0;
};

struct Setup {
    TempDir dir;
    FakeClock clock;
    FakeSleeper sleeper{clock};
    SeededRandom random{7};
    CapturingLogger log;
    MemorySecrets secrets;
    ScriptedHttp http;
    std::stop_source stop;
    ConnectionSettings settings;

    explicit Setup(const std::string& base_url = "https://crm.example") {
        settings.name = "test";
        settings.plugin_path = kPlugins + "/echo.so";
        settings.isolation = isolation();
        settings.options_json = "{\"base_url\":\"" + base_url + "\"}";
        settings.auth.kind = "none";
        settings.state_folder = dir / "state";
    }
    ConnectionDeps deps(bool real_network = false) {
        ConnectionDeps out{.clock = clock, .random = random, .log = log, .secrets = secrets};
        out.stop = stop.get_token();
        out.sleeper = &sleeper;
        if (!real_network) out.http = &http;
        return out;
    }
    std::unique_ptr<remote::Remote> open(bool real_network = false) {
        auto opened = open_connection(settings, deps(real_network));
        if (!opened) FAIL(opened.error().message);
        return std::move(*opened);
    }
    void use_oauth() {
        settings.auth.kind = "oauth2";
        settings.auth.values["client_id"] = "client-1";
        settings.auth.secrets = {{"client_secret", "m:client"}, {"refresh_token", "m:refresh"}};
        secrets.texts = {{"m:client", "client-s3cret"}, {"m:refresh", "1000.refresh"}};
    }
};

const std::vector<std::string> kFields = {"Name", "Key"};

}  // namespace

TEST_CASE("a folder of plugins is listed, the unusable ones with the reason") {
    TempDir dir;
    std::ofstream(dir / "broken.so") << "no library";
    for (const char* name : {"echo.so", "other_abi.so"})
        std::filesystem::copy_file(kPlugins + "/" + name, dir / name);
    ::chmod((dir / "broken.so").c_str(), 0644);
    const auto plugins = list_plugins(dir.path(), isolation());
    REQUIRE(plugins);
    REQUIRE(plugins->size() == 3);
    CHECK((*plugins)[0].error->code == Errc::kInvalid);
    const auto& echo = (*plugins)[1];
    CHECK_FALSE(echo.error);
    CHECK(echo.name == "echo");
    CHECK(echo.version == "1.2.3");
    CHECK(echo.abi == 1);
    CHECK(echo.sha256.size() == 64);
    CHECK(std::ranges::count(echo.functions, "push") == 1);
    CHECK(std::ranges::count(echo.functions, "find") == 0);
    CHECK(echo.spec_json.find("base_url") != std::string::npos);
    CHECK((*plugins)[2].error->code == Errc::kUnsupported);
    CHECK(list_plugins(dir / "none", isolation()).error().code == Errc::kNotFound);
}

TEST_CASE("a plugin of another ABI is refused, naming the file and both versions") {
    const auto path = kPlugins + "/other_abi.so";
    const auto got = start_connector(path, isolation());
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::kUnsupported);
    CHECK(got.error().args.at("path") == path);
    CHECK(got.error().args.at("plugin_abi") == "7");
    CHECK(got.error().args.at("host_abi") == "1");
}

TEST_CASE("a plugin that others can change is not loaded") {
    TempDir dir;
    std::filesystem::copy_file(kPlugins + "/echo.so", dir / "echo.so");
    ::chmod((dir / "echo.so").c_str(), 0777);
    CHECK(start_connector(dir / "echo.so", isolation()).error().code == Errc::kPermission);
    CHECK(start_connector(dir / "none.so", isolation()).error().code == Errc::kNotFound);
}

TEST_CASE("a plugin whose checksum is pinned is run only if it is that file") {
    Setup s;
    s.settings.plugin_sha256 = std::string(64, '0');
    const auto other = open_connection(s.settings, s.deps());
    REQUIRE_FALSE(other);
    CHECK(other.error().code == Errc::kConfig);
    CHECK(other.error().args.at("reason") == "plugin_changed");
    s.settings.plugin_sha256 = other.error().args.at("sha256");
    CHECK(open_connection(s.settings, s.deps()));
}

TEST_CASE("options are completed and checked, naming the one that is wrong") {
    Setup s;
    const auto spec = PluginSpec::parse(
        (*start_connector(s.settings.plugin_path, isolation()))->info().spec_json);
    REQUIRE(spec);
    const auto good = complete_options(*spec, R"({"base_url":"https://a.example","place":"b"})");
    REQUIRE(good);
    CHECK(good->texts.at("other_url") == "https://b.example");
    CHECK(expand("{other_url}/x/{place}", good->texts) == "https://b.example/x/b");
    CHECK_FALSE(expand("{unknown}", good->texts));
    CHECK_FALSE(expand("{open", good->texts));
    const std::pair<const char*, const char*> bad[] = {
        {R"({})", "base_url"},
        {R"({"base_url":7})", "base_url"},
        {R"({"base_url":"no url"})", "base_url"},
        {R"({"base_url":"https://u:p@a.example"})", "base_url"},
        {R"({"base_url":"https://a.example","place":"c"})", "place"},
        {R"({"base_url":"https://a.example","plaec":"a"})", "plaec"}};
    for (const auto& [json, option] : bad) {
        const auto got = complete_options(*spec, json);
        REQUIRE_FALSE(got);
        CHECK(got.error().code == Errc::kConfig);
        CHECK(got.error().args.at("option") == option);
    }
    const auto unknown = complete_options(*spec, R"({"plaec":"a"})").error().message;
    CHECK(unknown.starts_with("option plaec is not known to this plugin, which takes: "));
    CHECK(unknown.find("place") != std::string::npos);
    CHECK(complete_options(PluginSpec{}, R"({"a":"b"})").error().message ==
          "option a is not known to this plugin, which takes none");
    CHECK(complete_options(*spec, "[").error().code == Errc::kConfig);
}

TEST_CASE("records, checkpoints and cursors pass from the plugin to the engine") {
    Setup s;
    auto remote = s.open();
    Sink sink;
    const auto cursor = remote->pull("Good", kFields, "", sink);
    REQUIRE(cursor);
    CHECK(*cursor == "done");
    REQUIRE(sink.records.size() == 3);
    CHECK(sink.records[0].text == "first");
    CHECK(sink.records[0].checkpoint == "half");
    CHECK(sink.records[1].fact == remote::Fact::kDeleted);
    CHECK(sink.records[2].text == "三");
    CHECK(sink.records[2].checkpoint.empty());
    Sink again;
    REQUIRE(remote->pull("Good", kFields, *cursor, again));
    CHECK(again.records[0].text == "again");
    Sink ids;
    const auto complete = remote->list_ids("Good", ids);
    REQUIRE(complete);
    CHECK(*complete);
    CHECK(ids.records.size() == 2);
    CHECK_FALSE(*remote->list_ids("Other", ids));
}

TEST_CASE("an error of the engine stops a pull and comes back as it was") {
    Setup s;
    auto remote = s.open();
    Sink sink;
    sink.error = Error{Errc::kStorage, "disk", {{"k", "v"}}, {}};
    const char* stream = GENERATE("Good", "Stubborn");
    const auto got = remote->pull(stream, kFields, "", sink);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::kStorage);
    CHECK(got.error().args.at("k") == "v");
    CHECK(sink.batches == 1);
}

TEST_CASE("while a batch is applied the plugin reads on, and what it reads is not mixed up") {
    Setup s;
    auto remote = s.open();
    s.http.next.push_back(answer(200, "the next page"));
    Sink sink;
    REQUIRE(remote->pull("Ahead", kFields, "", sink));
    CHECK(sink.batches == 2);
    REQUIRE(sink.records.size() == 2);
    CHECK(sink.records[1].text == "the next page");
}

TEST_CASE("what a plugin does after a batch is not done if the batch was refused") {
    Setup s;
    auto remote = s.open();
    const auto saved = [&remote] {
        Sink sink;
        REQUIRE(remote->pull("Saved", kFields, "", sink));
        return sink.records.at(0).text;
    };
    Sink refusing;
    refusing.error = Error{Errc::kStorage, "disk", {}, {}};
    CHECK(remote->pull("Saver", kFields, "", refusing).error().code == Errc::kStorage);
    CHECK(saved().empty());

    s.http.next.push_back(answer(200, "the next page"));
    CHECK(remote->pull("Ahead", kFields, "", refusing).error().code == Errc::kStorage);
    CHECK(refusing.batches == 2);  // one of each pull

    Sink taking;
    REQUIRE(remote->pull("Saver", kFields, "", taking));
    CHECK(saved() == "committed");
}

TEST_CASE("a batch that was cancelled is no success, whatever the plugin makes of it") {
    Setup s;
    auto remote = s.open();
    struct Stopping final : remote::RecordSink {
        explicit Stopping(FakeSleeper& which) : sleeper(which) {}
        Result<> accept(std::span<const remote::RecordView>, std::string_view) override {
            sleeper.stopped = true;
            return {};
        }
        FakeSleeper& sleeper;
    } sink(s.sleeper);
    const auto got = remote->pull("Stubborn", kFields, "", sink);
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::kCancelled);
}

TEST_CASE("a plugin's errors become ours, with what it said") {
    Setup s;
    auto remote = s.open();
    Sink sink;
    const auto limited = remote->pull("Limited", kFields, "", sink);
    REQUIRE_FALSE(limited);
    CHECK(limited.error().code == Errc::kRateLimited);
    CHECK(limited.error().message == "credits are used up");
    CHECK(limited.error().args.at("stream") == "Limited");
    CHECK(limited.error().retry_after == 1'500ms);
    const auto mute = remote->pull("Mute", kFields, "", sink);
    REQUIRE_FALSE(mute);
    CHECK(mute.error().code == Errc::kPermission);
    CHECK(mute.error().message == "the connector gives no reason");
    CHECK(remote->pull("NullCursor", kFields, "", sink).error().code == Errc::kProtocol);
    const auto latin1 = remote->pull("Latin1", kFields, "", sink);
    REQUIRE_FALSE(latin1);
    CHECK(latin1.error().code == Errc::kProtocol);
    CHECK(latin1.error().args.at("record") == "77");
    CHECK(sink.records.empty());
    const auto find = remote->find("Good", kFields, "Key", kFields, sink);
    REQUIRE_FALSE(find);
    CHECK(find.error().code == Errc::kUnsupported);
    s.settings.options_json = R"({"base_url":"https://crm.example","fail_open":true})";
    const auto opened = open_connection(s.settings, s.deps());
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == Errc::kMismatch);
    CHECK(opened.error().message == "open echo: no such organisation");
    CHECK(opened.error().args.at("org") == "7");
}

TEST_CASE("a fetch is split as the plugin wants it, and every id must be answered") {
    Setup s;
    auto remote = s.open();
    const std::vector<std::string> ids = {"1", "2", "m3", "4", "5", "6", "7"};
    Sink sink;
    REQUIRE(remote->fetch("Good", kFields, ids, sink));
    CHECK(sink.batches == 3);
    CHECK(sink.records.size() == 7);
    CHECK(sink.records[2].fact == remote::Fact::kMissing);
    CHECK(remote->fetch("Silent", kFields, ids, sink).error().code == Errc::kProtocol);
    CHECK(remote->fetch("Twice", kFields, ids, sink).error().code == Errc::kProtocol);
    CHECK(remote->fetch("Unknown", kFields, ids, sink).error().code == Errc::kNotFound);
    CHECK(remote->fetch("Good", kFields, {}, sink));
}

TEST_CASE("push results are matched with their changes, and doubtful ones are unknown") {
    Setup s;
    auto remote = s.open();
    std::vector<remote::Change> changes(2);
    changes[0].op = remote::ChangeOp::kCreate;
    changes[0].key = "uid-1";
    changes[0].fields = {{"Name", Value("a")}};
    changes[1].id = "5";
    changes[1].expect_version = "v1";
    changes[1].fields = {{"Key", Value::null()}, {"Name", Value(std::int64_t{1})}};
    const auto good = remote->push("Good", changes);
    REQUIRE(good);
    CHECK((*good)[0].status == remote::PushStatus::kOk);
    CHECK((*good)[0].id == "100");
    CHECK((*good)[1].status == remote::PushStatus::kInvalid);
    CHECK((*good)[1].field == "Name");
    CHECK(remote->push("Short", changes).error().code == Errc::kProtocol);
    CHECK(remote->push("Strange", changes).error().code == Errc::kProtocol);
    const auto nameless = remote->push("Nameless", changes);
    REQUIRE(nameless);
    CHECK((*nameless)[0].status == remote::PushStatus::kUnknown);
    CHECK((*nameless)[1].status == remote::PushStatus::kUnknown);
    auto three = changes;
    three.push_back(changes[0]);
    CHECK(remote->push("Good", three).error().code == Errc::kInvalid);
    CHECK(remote->push("Good", {})->empty());
}

TEST_CASE("what becomes of records that are read meanwhile takes nothing from a push") {
    Setup s;
    auto remote = s.open();
    std::vector<remote::Change> change(1);
    change[0].op = remote::ChangeOp::kCreate;
    change[0].key = "uid-1";
    change[0].fields = {{"Name", Value("a")}};
    auto two = change;
    two.push_back(change[0]);
    const std::vector<std::string> ids = {"1", "m2", "3", "4"};

    Sink sink;
    const auto good = remote->push_and_fetch("Good", two, kFields, ids, sink);
    REQUIRE(good.pushed);
    CHECK((*good.pushed)[0].id == "100");
    CHECK(good.fetched);
    CHECK(sink.records.size() == 4);
    CHECK(sink.records[1].fact == remote::Fact::kMissing);

    for (const char* stream : {"Silent", "Twice"}) {
        const auto answer = remote->push_and_fetch(stream, change, kFields, ids, sink);
        REQUIRE(answer.pushed);
        CHECK((*answer.pushed)[0].status == remote::PushStatus::kOk);
        CHECK(answer.fetched.error().code == Errc::kProtocol);
    }
    CHECK_FALSE(remote->push_and_fetch("Strange", change, kFields, ids, sink).pushed);

    struct Refusing final : remote::RecordSink {
        Result<> accept(std::span<const remote::RecordView>, std::string_view) override {
            ++batches;
            return fail(Errc::kStorage, "disk full");
        }
        int batches = 0;
    } refusing;
    const auto refused = remote->push_and_fetch("Good", two, kFields, ids, refusing);
    REQUIRE(refused.pushed);
    CHECK(refused.fetched.error().code == Errc::kStorage);
    CHECK(refusing.batches == 1);
}

TEST_CASE("after cancellation nothing is begun") {
    Setup s;
    auto remote = s.open();
    s.sleeper.stopped = true;
    Sink sink;
    CHECK(remote->check().error().code == Errc::kCancelled);
    CHECK(remote->pull("Good", kFields, "", sink).error().code == Errc::kCancelled);
    CHECK(sink.batches == 0);
}

TEST_CASE("credits are what plugin and host know together") {
    Setup s;
    auto remote = s.open();
    s.http.next.push_back(answer(200, "{}"));
    REQUIRE(remote->check());
    const auto credits = remote->credits();
    CHECK(credits.limit == 5000);
    CHECK(credits.left == 4000);
    CHECK(credits.spent == 1);
    CHECK(credits.requests == 1);
}

TEST_CASE("each kind of authentication writes its header") {
    Setup s;
    const auto sent = [&](const char* header) {
        s.http.next.push_back(answer(200, "{}"));
        REQUIRE(s.open()->check());
        return s.http.seen.back().headers.at(header);
    };
    s.secrets.texts["m:token"] = "t0ken";
    s.settings.auth.secrets = {{"token", "m:token"}, {"password", "m:token"}};
    s.settings.auth.kind = "bearer";
    CHECK(sent("Authorization") == "Bearer t0ken");
    s.settings.auth.kind = "header";
    CHECK(sent("X-Key") == "t0ken");
    s.settings.auth.kind = "basic";
    s.settings.auth.values["user"] = "ada";
    CHECK(sent("Authorization") == "Basic YWRhOnQwa2Vu");
    s.settings.auth.secrets.clear();
    const auto missing = open_connection(s.settings, s.deps());
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == Errc::kUnauthenticated);
    CHECK(missing.error().args.at("secret") == "password");
    s.settings.auth.kind = "kerberos";
    CHECK(open_connection(s.settings, s.deps()).error().code == Errc::kConfig);
}

TEST_CASE(
    "a whole connection: TLS, tokens, a throttled and an unauthorised request, no secret told") {
    TempDir certificates;
    int tokens = 0, calls = 0;
    std::string last_authorization, last_target;
    TlsServer server(certificates.path(), [&](const ServerRequest& request) {
        last_target = request.target;
        if (request.target == "/oauth/v2/token") {
            CHECK(request.body.find("client-s3cret") != std::string::npos);
            return reply(200, "{\"access_token\":\"1000.acc" + std::to_string(++tokens) +
                                  "\",\"expires_in\":3600,\"api_domain\":\"https://api.example\"}");
        }
        last_authorization = request.headers.at("authorization");
        switch (++calls) {
            case 1:
                return reply(429, "", {"Retry-After: 2"});
            case 2:
                return reply(200, R"({"org_id":"1","org_name":"Test","credits_left":5})",
                             {"X-API-CREDITS-REMAINING: 77"});
            case 3:
                return reply(401, R"({"code":"INVALID_TOKEN"})");
            default:
                return reply(200, R"({"org_id":"2"})");
        }
    });
    Setup s(server.url());
    s.use_oauth();
    s.settings.ca_file = server.ca_file();
    {
        auto remote = s.open(true);
        const auto first = remote->check();
        REQUIRE(first);
        CHECK(first->org_id == "1");
        CHECK(first->org_name == "Test");
        CHECK(first->credits_left == 5);
        CHECK(last_authorization == "Zoho-oauthtoken 1000.acc1");
        CHECK(remote->credits().left == 77);
        CHECK(s.sleeper.waits.size() == 1);
        s.clock.advance(2min);
        const auto second = remote->check();
        REQUIRE(second);
        CHECK(second->org_id == "2");
        CHECK(second->org_name == "2");  // people see it, so it is never empty
        CHECK(last_authorization == "Zoho-oauthtoken 1000.acc2");
        CHECK(tokens == 2);
    }
    {  // the next run knows the API address, and the token
        auto remote = s.open(true);
        REQUIRE(remote->check());
        CHECK(tokens == 2);
    }
    for (const char* secret : {"client-s3cret", "1000.refresh", "1000.acc1", "1000.acc2"}) {
        CHECK(s.log.text.find(secret) == std::string::npos);
        CHECK(last_target.find(secret) == std::string::npos);
    }
    CHECK(s.log.text.find("http.retry") != std::string::npos);
}

TEST_CASE("a connection to a server of an unknown authority fails with kTls and sends no secret") {
    TempDir mine, theirs;
    TlsServer other(mine.path(), [](const ServerRequest&) { return reply(200, "{}"); });
    int requests = 0;
    TlsServer server(theirs.path(), [&](const ServerRequest&) {
        ++requests;
        return reply(200, "{}");
    });
    Setup s(server.url());
    s.use_oauth();
    s.settings.ca_file = other.ca_file();
    const auto got = s.open(true)->check();
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::kTls);
    CHECK(got.error().args.at("ca_file") == other.ca_file());
    CHECK(requests == 0);
}

TEST_CASE("guided set-up: consent, code, and a connection that works without asking again") {
    Setup s;
    s.use_oauth();
    s.secrets.texts.erase("m:refresh");
    const auto url = consent_url(s.settings, s.secrets, "http://127.0.0.1/cb", "st4te");
    REQUIRE(url);
    CHECK(url->starts_with("https://crm.example/oauth/v2/auth?"));
    CHECK(url->find("client_id=client-1") != std::string::npos);
    CHECK(url->find("s3cret") == std::string::npos);
    CHECK(open_connection(s.settings, s.deps()).error().code == Errc::kNotFound);
    s.http.next.push_back(answer(200, R"({"access_token":"a1","refresh_token":"r1",
        "expires_in":3600,"api_domain":"https://api.example","scope":"a.ALL"})"));
    const Secret code(std::string("c0de"));
    const auto done = authorize(s.settings, s.deps(), code, "http://127.0.0.1/cb", "");
    REQUIRE(done);
    CHECK(done->api_domain == "https://api.example");
    CHECK(s.secrets.texts.at("m:refresh") == "r1");
    s.http.next.push_back(answer(200, "{}"));
    REQUIRE(s.open()->check());
    CHECK(s.http.seen.back().headers.at("Authorization") == "Zoho-oauthtoken a1");
    s.http.next.push_back(answer(200, R"({"access_token":"a1","expires_in":3600})"));
    CHECK(authorize(s.settings, s.deps(), code, "", "").error().code == Errc::kUnauthenticated);
    CHECK(authorize(s.settings, s.deps(), code, "", "https://evil.example").error().code ==
          Errc::kPermission);
}
