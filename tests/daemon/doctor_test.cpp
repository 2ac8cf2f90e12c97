// Each of the doctor's checks, made to fail; and each finding has its texts in both languages.
#include "daemon/doctor/checks.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "daemon/doctor/at_rest.hpp"
#include "sync/replica/migrations.hpp"
#include "tests/daemon/daemon_fixture.hpp"

using namespace kontor;
using namespace std::chrono_literals;
namespace doctor = kontor::doctor;

namespace {

// It ends before it begins.
constexpr const char* kExpired =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBHjCBxQIUXhRmAstPkq+rX0ufp3IEVYiwEhowCgYIKoZIzj0EAwIwEjEQMA4G\n"
    "A1UEAwwHZXhwaXJlZDAeFw0yNjExMjkxOTI0NTlaFw0yNjExMjgxOTI0NTlaMBIx\n"
    "EDAOBgNVBAMMB2V4cGlyZWQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAToo/4k\n"
    "OKfJDj3QaSvwLe8AKcHvqe5VFOoYYseSvZUaugj1AADwxVnilLHm8Ze5VTIVjh7H\n"
    "Ld1lPRXKmxuAyld5MAoGCCqGSM49BAMCA0gAMEUCIQCkMWhqor/GQOmAoeYZrZOd\n"
    "Gz6lRaFYfH1MXH66xeX/+wIgHzsfzSrxRTSWMAFTzV3FLtpy0Ds02SjscBjOMZBM\n"
    "CEc=\n"
    "-----END CERTIFICATE-----\n";

// Whether a remote's own words, which stay as they are, are part of the finding.
enum class Words { kOurs, kTheirs };

void fails(const doctor::Finding& finding, Words words = Words::kOurs) {
    INFO(finding.check);
    CHECK_FALSE(finding.ok);
    for (const auto* key : {"detail", "first"}) {
        const auto said = finding.args.find(key);
        if (said == finding.args.end() || words == Words::kTheirs) continue;
        INFO(said->second);
        CHECK(messages::localized(messages::Language::kChinese, said->second) != said->second);
    }
    for (const auto language : {messages::Language::kEnglish, messages::Language::kChinese}) {
        for (const auto* suffix : {"", ".fix"}) {
            const auto key = "doctor." + finding.check + suffix;
            REQUIRE(messages::find(key) != nullptr);
            CHECK(messages::placeholders(messages::render(language, key, finding.args)).empty());
        }
    }
}

}  // namespace

TEST_CASE("each check of the doctor can fail, and says what to do", "[daemon][doctor]") {
    const test::TempDir dir;
    fails(doctor::check_config({{"f.toml", 1, 2, "a", "unknown key", ""}}));
    fails(doctor::check_disk("/x", 1'000, 0));
    // Enough for edits, not for the temporary files of a replica of 8 GB.
    const auto full = doctor::check_disk("/x", std::int64_t{2} << 30, std::int64_t{8} << 30);
    fails(full);
    CHECK(full.args.at("need_mb") == "2560");
    fails(doctor::check_writable("/nowhere/replica.db"));
    fails(doctor::check_in_place("/x/replica.db", true));
    fails(doctor::check_last_sync("a", Error{Errc::kConfig, "no such column", {}, {}}),
          Words::kTheirs);
    fails(doctor::check_clock("a", -5min));
    fails(doctor::check_connection("a", fail(Errc::kUnavailable, "no route")), Words::kTheirs);
    const auto tls = doctor::check_connection("a", fail(Errc::kTls, "self-signed"));
    CHECK(tls.check == "certificate");
    fails(tls, Words::kTheirs);
    const auto revoked = doctor::check_connection("a", fail(Errc::kUnauthenticated, "revoked"));
    CHECK(revoked.check == "sign_in");
    fails(revoked, Words::kTheirs);
    const auto limited = doctor::check_connection("a", fail(Errc::kRateLimited, "used up"));
    CHECK(limited.check == "limit");
    fails(limited, Words::kTheirs);
    const auto proxy = doctor::check_connection(
        "a", fail(Errc::kProxy, "crm.example: the proxy p.example:3128 answers 407"));
    CHECK(proxy.check == "proxy");
    fails(proxy);
    fails(doctor::check_ca_file("a", dir.path("none.pem")));
    fails(doctor::check_ca_file("a", dir.write("bad.pem", "no certificate")));
    fails(doctor::check_ca_file("a", dir.write("expired.pem", kExpired)));
    fails(doctor::check_folder("a", "in", {.path = dir.path("none")}));
    fails(doctor::check_folder("a", "in", {.path = dir.write("file", "x")}));
    fails(doctor::check_mapping("a", dir.path("none.toml")));
    fails(doctor::check_integrity(fail(Errc::kCorrupt, "malformed")), Words::kTheirs);
    fails(doctor::check_integrity(std::vector<replica::IntegrityProblem>{
        {replica::IntegrityProblem::Kind::kTrigger, "kontor_contact_u"}}));
    const auto path = dir.path("replica.db");
    fails(doctor::check_file(path, fail(Errc::kTooNew, "has schema version 99")));
    fails(doctor::check_file(path, fail(Errc::kCorrupt, "a database, but not a replica",
                                        {{"reason", "not_a_replica"}})));
    fails(doctor::check_file(path, fail(Errc::kCorrupt, "is not a database")));
    const auto open_file = dir.write("open", "x");
    ::chmod(open_file.c_str(), 0644);
    fails(doctor::check_permissions(open_file, 0600));
    const host::SystemSecretStore secrets;
    const auto empty = dir.write("empty", "");
    ::chmod(empty.c_str(), 0600);
    for (const auto& reference : {"file:" + dir.path("none"), "file:" + open_file, "file:" + empty,
                                  std::string("credential:a/b"), std::string("rot13:x")})
        fails(doctor::check_secret("a", "token", reference, secrets));
    fails(doctor::check_plugin("a", "none", {dir.path()}));
    fails(doctor::check_sandbox({.own_process = true}, 0));
    fails(doctor::check_sandbox({.own_process = true, .require_landlock = true}, 0));
    fails(doctor::check_sandbox({.own_process = false}, 6));
    const Instant now{1'000h};
    fails(doctor::check_stale("a", now - 48h, now - 100h, now, 15min));
    fails(doctor::check_stale("a", std::nullopt, now - 48h, now, 15min));
}

TEST_CASE("what is right is not complained of", "[daemon][doctor]") {
    const test::TempDir dir;
    CHECK(doctor::check_config({}).ok);
    CHECK(doctor::check_disk("/x", -1, std::int64_t{1} << 40).ok);
    CHECK(doctor::check_disk("/x", std::int64_t{2} << 30, std::int64_t{6} << 30).ok);
    CHECK(doctor::check_writable(dir.write("replica.db", "")).ok);
    CHECK(doctor::check_in_place("/x/replica.db", false).ok);
    CHECK(doctor::check_last_sync("a", std::nullopt).ok);
    CHECK(doctor::check_last_sync("a", Error{Errc::kUnavailable, "offline", {}, {}}).ok);
    CHECK(doctor::check_disk(dir.path(), std::int64_t{1} << 40, 0).ok);
    CHECK(doctor::check_clock("a", 2s).ok);
    CHECK(doctor::check_connection("a", remote::Identity{}).ok);
    const auto file = dir.write("own", "x");
    ::chmod(file.c_str(), 0600);
    CHECK(doctor::check_permissions(file, 0600).ok);
    CHECK(doctor::check_secret("a", "t", "file:" + file, host::SystemSecretStore()).ok);
    const Instant now{1'000h};
    CHECK(doctor::check_stale("a", now - 1h, now - 100h, now, 15min).ok);
    CHECK(doctor::check_stale("a", std::nullopt, now - 1h, now, 15min).ok);
    CHECK(doctor::free_bytes(dir.path()) > 0);
    CHECK(doctor::check_sandbox({.own_process = true, .require_landlock = true}, 2).ok);
}

TEST_CASE("a replica at rest is looked at as it lies there", "[daemon][doctor]") {
    const test::TempDir dir;
    const auto found = [&] {
        std::vector<std::string> out;
        for (const auto& finding : doctor::examine_at_rest(dir.path()))
            if (!finding.ok) out.push_back(finding.check);
        return out;
    };
    ::chmod(dir.path().c_str(), 0700);
    CHECK(doctor::examine_at_rest(dir.path()).empty());
    const auto path = dir.path("replica.db");
    {
        replica::OpenOptions options;
        options.access = replica::Access::kLocal;
        options.create = true;
        const auto db = replica::Database::open(path, options);
        REQUIRE(db);
        SystemRandom random;
        REQUIRE(replica::migrate(*db, random));
    }
    ::chmod(path.c_str(), 0600);
    const auto written = [&](std::streamoff at, const std::string& bytes) {
        std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(at) << bytes;
    };
    CHECK(found().empty());
    CHECK(doctor::examine_at_rest(dir.path()).size() == 5);
    ::chmod(path.c_str(), 0640);
    CHECK(found() == std::vector<std::string>{"permissions"});
    ::chmod(path.c_str(), 0600);
    const std::string version("\0\0\0\x0d", 4);
    written(60, std::string("\0\0\0\x63", 4));
    CHECK(found() == std::vector<std::string>{"version"});
    // Of an older one the tables differ: it is not compared with those of this version.
    written(60, std::string("\0\0\0\x01", 4));
    CHECK(found().empty());
    written(60, version);
    written(68, "ABCD");
    CHECK(found() == std::vector<std::string>{"foreign"});
    written(68, "KTR1");
    CHECK(found().empty());
    written(100, std::string(400, '\xff'));
    CHECK(found() == std::vector<std::string>{"integrity"});
    written(0, "these are notes");
    CHECK(found() == std::vector<std::string>{"integrity"});
}

TEST_CASE("doctor sees a clock that is wrong, and a connection that has not synced for days",
          "[daemon][doctor]") {
    test::Daemon daemon("[sync]\ninterval = \"1h\"\n[connection.a]\nplugin = \"fake\"\n");
    daemon.dir.write("a.mapping.toml", test::kMapping);
    std::atomic<std::chrono::milliseconds> ahead{0ms};
    std::atomic<bool> away{false};
    daemon.remotes.on_check = [&]() -> Result<remote::Identity> {
        remote::Identity who;
        who.server_time = daemon.clock.now() + ahead.load();
        return who;
    };
    daemon.run_cycle = [&](engine::Cycle::Ports, const engine::ConnectionSettings&,
                           const engine::CycleOptions&) -> Result<engine::CycleReport> {
        if (away) return fail(Errc::kUnavailable, "connection reset");
        return engine::CycleReport{};
    };
    REQUIRE(daemon.start());
    REQUIRE(daemon.until("/api/v1/connections/a",
                         [](const nlohmann::json& j) { return j["state"] == "idle"; }));
    const auto failed = [&](const std::string& check) {
        const auto told = daemon.json("/api/v1/doctor");
        for (const auto& each : told["checks"])
            if (each["check"] == check) {
                INFO(each);
                CHECK(each["ok"] == !each.contains("fix"));
                return each["ok"] == false;
            }
        FAIL("not looked at: " << check);
        return false;
    };
    CHECK_FALSE(failed("clock"));
    CHECK_FALSE(failed("stale"));
    ahead = 10min;
    CHECK(failed("clock"));
    ahead = -10min;
    CHECK(failed("clock"));
    ahead = 0ms;
    away = true;
    daemon.clock.slept = 23h;
    CHECK_FALSE(failed("stale"));
    daemon.clock.slept = 25h;
    CHECK(failed("stale"));
}

// They are wanted at night, when nobody looks.
TEST_CASE("doctor looks for the secrets of backups, alerts and mail", "[daemon][doctor]") {
    const test::TempDir dir;
    const auto there = dir.write("there", "secret");
    ::chmod(there.c_str(), 0600);
    test::Daemon daemon("[backup.office]\ntarget = \"/backup\"\npassword = \"file:" + there +
                        "\"\nsecrets = { AWS_SECRET_ACCESS_KEY = \"file:/nonexistent/key\" }\n"
                        "[jobs.alert]\nwebhook = \"file:/nonexistent/hook\"\n");
    daemon.dir.write("feedback.toml",
                     "[mail]\nsmtp = \"smtps://mail.example.com:465\"\nuser = \"u\"\n"
                     "password = \"file:/nonexistent/mail\"\nfrom = \"a@example.com\"\n");
    REQUIRE(daemon.start());
    std::map<std::string, bool> found;
    const auto told = daemon.json("/api/v1/doctor");
    for (const auto& each : told["checks"])
        if (each["check"] == "secret") found[each["subject"]] = each["ok"];
    CHECK(found == std::map<std::string, bool>{{"[backup.office].password", true},
                                               {"[backup.office].AWS_SECRET_ACCESS_KEY", false},
                                               {"[jobs.alert].webhook", false},
                                               {"feedback.toml [mail].password", false}});
}
