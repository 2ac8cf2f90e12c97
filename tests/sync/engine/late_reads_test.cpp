// Remotes whose reads by id are answered by a copy that lags behind for a while, and remotes that
// were set back: both show records older than they were.
#include <catch2/catch.hpp>

#include "sync/engine/epoch.hpp"
#include "sync/engine/late_reads.hpp"
#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

struct LateFixture {
    explicit LateFixture(bool revisions) : remote(clock), device(clock) {
        remote.streams = people_streams();
        remote.revisions = revisions;
        ada = remote.create("Contacts", {{"Last_Name", Value("Ada")}, {"Phone", Value("1")}});
        clock.advance(hours{1});
        device.connect("crm", remote);
        clock.advance(hours{1});
    }
    /// From now on reads by id show Ada as she is now.
    void lag() { remote.read_as["Contacts"][ada] = remote.at("Contacts", ada); }
    std::string here() { return device.text("SELECT phone FROM contact"); }
    std::string there() { return remote.value("Contacts", ada, "Phone").text(); }
    bool paused() {
        return device.number("SELECT count(*) FROM kontor_connection WHERE paused IS NOT NULL") > 0;
    }
    /// What a sync fails with.
    std::optional<Error> failure() {
        const auto report = device.try_sync("crm");
        if (!report) return report.error();
        return report->problem;
    }
    std::optional<Errc> trouble() {
        const auto error = failure();
        return error ? std::optional(error->code) : std::nullopt;
    }
    /// By which the person is told what to do.
    std::string reason() {
        const auto error = failure();
        return error && error->args.contains("reason") ? error->args.at("reason") : "";
    }

    FakeClock clock;
    MemoryRemote remote;
    Device device;
    std::string ada;
};

}  // namespace

TEST_CASE("B5: a record that is older by id just after its change is looked at again",
          "[late_reads]") {
    LateFixture f(GENERATE(false, true));
    f.lag();
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("2")}});
    f.clock.advance(minutes{1});
    f.device.sync("crm");
    REQUIRE(f.here() == "2");
    f.device.sql("UPDATE contact SET email = 'ada@example.org'");
    CHECK(f.trouble() == Errc::kUnavailable);
    CHECK(f.trouble() == Errc::kUnavailable);
    CHECK(f.reason() == "late_read");
    CHECK(f.remote.changes_sent == 0);
    CHECK_FALSE(f.paused());
    SECTION("the copy has caught up") {
        f.remote.read_as.clear();
        CHECK(!f.trouble());
        CHECK(f.remote.value("Contacts", f.ada, "Email") == Value("ada@example.org"));
        CHECK(f.there() == "2");
        // Who is older later on is suspected anew.
        f.lag();
        f.remote.edit("Contacts", f.ada, {{"Phone", Value("3")}});
        f.clock.advance(minutes{9});
        f.device.sync("crm");
        f.device.sql("UPDATE contact SET first_name = 'A'");
        CHECK(f.trouble() == Errc::kUnavailable);
    }
    SECTION("it stays so: the remote was set back") {
        // Before anything else is asked, also where nothing is to be sent any more.
        f.device.sql("UPDATE contact SET email = NULL");
        CHECK(f.trouble() == Errc::kUnavailable);
        f.clock.advance(minutes{11});
        CHECK(f.trouble() == Errc::kMismatch);
        CHECK(f.paused());
        CHECK(f.remote.changes_sent == 0);
        CHECK(f.here() == "2");
        REQUIRE(engine::accept_remote(f.device.engine_db(), f.clock, "crm", "uid:1"));
        CHECK(f.device.number("SELECT count(*) FROM kontor_meta WHERE key LIKE 'older_%'") == 0);
    }
}

TEST_CASE("B5: a record that may not be read any more does not keep its connection from its work",
          "[late_reads]") {
    LateFixture f(false);
    f.lag();
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("2")}});
    f.clock.advance(minutes{1});
    f.device.sync("crm");
    f.device.sql("UPDATE contact SET email = 'ada@example.org'");
    REQUIRE(f.trouble() == Errc::kUnavailable);
    f.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    const auto accounts = [&] { return f.device.number("SELECT count(*) FROM account"); };
    // While she cannot be reached, who knows whether it was set back.
    f.remote.no_fetch["Contacts"] = Errc::kUnavailable;
    CHECK(f.trouble() == Errc::kUnavailable);
    CHECK(accounts() == 0);
    f.remote.no_fetch["Contacts"] = GENERATE(Errc::kPermission, Errc::kUnsupported);
    static_cast<void>(f.trouble());  // her edit waits
    CHECK(accounts() == 1);
    CHECK(f.device.text("SELECT email FROM contact") == "ada@example.org");
}

TEST_CASE("B5: what changed long ago is no read that lags", "[late_reads]") {
    LateFixture f(false);
    f.lag();
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("2")}});
    f.device.sync("crm");
    f.clock.advance(minutes{11});
    f.device.sql("UPDATE contact SET email = 'ada@example.org'");
    CHECK(f.trouble() == Errc::kMismatch);
    CHECK(f.paused());
}

TEST_CASE("B2: what a list has shown is not read while reads by id show what was before it",
          "[late_reads]") {
    LateFixture f(GENERATE(false, true));
    for (auto& stream : f.remote.streams)
        for (auto& field : stream.fields) field.may_be_cut = field.name == "Phone";
    f.remote.cut_fields = {"Phone"};
    Device device(f.clock);
    device.connect("crm", f.remote);
    f.clock.advance(hours{1});
    f.lag();
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("2")}});
    f.remote.create("Contacts", {{"Last_Name", Value("Bob")}});
    f.clock.advance(minutes{1});
    // What it has shown there is not written over unread; what it has not shown goes out.
    device.sql("UPDATE contact SET last_name = 'Ada L.'");
    device.sql("INSERT INTO contact(last_name) VALUES('Cleo')");
    const auto late = device.sync("crm");
    REQUIRE(late.problem);
    CHECK(late.problem->code == Errc::kUnavailable);
    CHECK(device.number("SELECT count(*) FROM contact WHERE last_name = 'Bob'") == 1);
    CHECK(f.remote.value("Contacts", f.ada, "Last_Name") == Value("Ada"));
    CHECK(f.there() == "2");
    CHECK(f.remote.ids("Contacts").size() == 3);
    f.clock.advance(hours{1});
    f.remote.read_as.clear();
    CHECK(!device.sync("crm").problem);
    CHECK(device.number("SELECT count(*) FROM contact WHERE phone = '2'") == 1);
    CHECK(f.remote.value("Contacts", f.ada, "Last_Name") == Value("Ada L."));
}

TEST_CASE("C2: what was written without a word of its version is not undone by a read that lags",
          "[late_reads]") {
    LateFixture f(true);
    f.remote.answers_version = false;
    f.lag();
    f.device.sql("UPDATE contact SET phone = '2'");
    f.remote.unlisted = {f.ada};
    f.device.sync("crm");
    REQUIRE(f.there() == "2");
    f.device.sql("UPDATE contact SET email = 'ada@example.org'");
    SECTION("it lags") {
        f.device.sync("crm");
        CHECK(f.here() == "2");
        CHECK(f.there() == "2");
    }
    SECTION("it shows that for longer: so it is") {
        f.clock.advance(minutes{11});
        f.device.sync("crm");
        CHECK(f.here() == "1");
    }
}
