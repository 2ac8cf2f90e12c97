// Whole cycles: what is pulled, created, deleted, refused, and what happens when it is cut short.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::seconds;

namespace {

struct CycleFixture {
    CycleFixture() : remote(clock), device(clock) {
        remote.streams = people_streams();
        for (int i = 0; i < 10; ++i)
            ids.push_back(
                remote.create("Contacts", {{"Last_Name", Value("N" + std::to_string(i))}}));
        clock.advance(seconds{60});
    }
    FakeClock clock;
    MemoryRemote remote;
    Device device;
    std::vector<std::string> ids;
};

}  // namespace

TEST_CASE("the first connection only pulls, and a dry run changes nothing", "[cycle]") {
    CycleFixture f;
    f.device.connect("crm", f.remote);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 10);
    REQUIRE(engine::set_push(f.device.engine_db(), "crm", false));
    f.device.sql("UPDATE contact SET phone = '1' WHERE last_name = 'N3'");
    f.device.sql("INSERT INTO contact(last_name) VALUES('New')");
    f.remote.edit("Contacts", f.ids[5], {{"Phone", Value("7")}});
    f.remote.erase("Contacts", f.ids[6]);

    engine::CycleOptions dry;
    dry.dry_run = true;
    const auto plan = f.device.sync("crm", dry);
    std::map<std::string, int> found;
    for (const auto& change : plan.plan.kept())
        ++found[std::string(change.side == engine::PlannedChange::Side::kHere ? "here "
                                                                              : "there ") +
                change.op];
    CHECK(found ==
          std::map<std::string, int>{
              {"here update", 1}, {"here delete", 1}, {"there update", 1}, {"there create", 1}});
    // Our columns on both sides; no run, for its row would be in the copy.
    for (const auto& change : plan.plan.kept())
        if (change.op == "update") CHECK(change.fields == std::vector<std::string>{"phone"});
    CHECK(plan.run == 0);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 11);
    CHECK(f.device.text("SELECT coalesce(phone, '') FROM contact WHERE last_name = 'N5'").empty());
    CHECK(f.remote.pushes == 0);

    const auto pulled = f.device.sync("crm");
    CHECK_FALSE(pulled.pushed);
    CHECK(f.remote.pushes == 0);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 10);
}

namespace {

/// What a dry run says of one record: "side op", each value as "column: old > new", and why.
std::vector<std::string> told(const engine::CycleReport& report, std::int64_t record) {
    const auto text = [](const Value& value) {
        return value.is_absent() ? std::string("?") : value.is_null() ? "-" : value.text();
    };
    std::vector<std::string> out;
    for (const auto& change : report.plan.kept()) {
        if (change.record != record) continue;
        std::string line =
            (change.side == engine::PlannedChange::Side::kHere ? "here " : "there ") + change.op;
        for (const auto& value : change.values)
            line += " " + value.column + ": " + text(value.old) + " > " + text(value.now);
        if (!change.code.empty()) line += " (" + change.code + ")";
        out.push_back(std::move(line));
    }
    return out;
}

using Lines = std::vector<std::string>;

engine::CycleOptions dry_run() {
    engine::CycleOptions options;
    options.dry_run = true;
    return options;
}

}  // namespace

TEST_CASE("a dry run shows old and new values on both sides", "[cycle][dry_run]") {
    CycleFixture f;
    f.device.connect("crm", f.remote);
    f.device.sql("UPDATE contact SET phone = '1' WHERE last_name = 'N3'");
    f.device.sql("INSERT INTO contact(id, last_name) VALUES(70, 'New')");
    f.remote.edit("Contacts", f.ids[5], {{"Phone", Value("7")}});
    f.remote.create("Contacts", {{"Last_Name", Value("Theirs")}, {"Phone", Value("8")}});
    const auto report = f.device.sync("crm", dry_run());
    CHECK(told(report, f.device.local("Contacts", f.ids[5])) == Lines{"here update phone: - > 7"});
    CHECK(told(report, f.device.local("Contacts", f.ids[3])) == Lines{"there update phone: - > 1"});
    CHECK(told(report, 70) == Lines{"there create last_name: ? > New"});
    CHECK(told(report, 0) == Lines{"here create last_name: ? > Theirs phone: ? > 8"});
    CHECK(report.plan.total() == 4);
    CHECK_FALSE(report.guard);
}

TEST_CASE("a dry run of a first load lists what would come", "[cycle][dry_run]") {
    CycleFixture f;
    f.remote.edit("Contacts", f.ids[5], {{"Phone", Value("7")}});
    f.device.prepare("crm", f.remote);
    const auto report = f.device.sync("crm", dry_run());
    CHECK(report.plan.total() == 10);
    const auto lines = told(report, 0);
    REQUIRE(lines.size() == 10);
    CHECK(std::ranges::count(lines, "here create last_name: ? > N5 phone: ? > 7") == 1);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 0);
}

TEST_CASE("a dry run lists an edit that would be put back", "[cycle][dry_run]") {
    CycleFixture f;
    for (auto& field : f.remote.streams[0].fields)
        if (field.name == "Phone") field.read_only = true;
    f.remote.edit("Contacts", f.ids[5], {{"Phone", Value("7")}});
    f.device.connect("crm", f.remote);
    f.device.sql("UPDATE contact SET phone = '1' WHERE last_name = 'N5'");
    CHECK(told(f.device.sync("crm", dry_run()), f.device.local("Contacts", f.ids[5])) ==
          Lines{"here update phone: 1 > 7"});
}

TEST_CASE("a dry run lists what is held up, and why", "[cycle][dry_run]") {
    CycleFixture f;
    for (auto& field : f.remote.streams[0].fields)
        if (field.name == "Last_Name") field.required = true;
    f.device.connect("crm", f.remote, [](merge::Mapping& mapping) {
        for (auto& group : mapping.streams[0].groups)
            if (group.name == "email") group.policy = merge::Policy::kManual;
    });
    const auto id = [&](int n) {
        return f.device.local("Contacts", f.ids[static_cast<std::size_t>(n)]);
    };
    f.device.sql("UPDATE contact SET last_name = NULL WHERE last_name = 'N1'");
    f.device.sql("UPDATE contact SET email = 'ours' WHERE last_name = 'N2'");
    f.remote.edit("Contacts", f.ids[2], {{"Email", Value("theirs")}});
    const Lines refused{"there blocked last_name: ? > - (KONTOR_REQUIRED)"};
    const Lines asked{"here conflict email: ours > theirs (edit)"};
    const auto report = f.device.sync("crm", dry_run());
    CHECK(told(report, id(1)) == refused);
    CHECK(told(report, id(2)) == asked);
    for (const auto& change : report.plan.kept()) CHECK(change.conflict == 0);

    // The same once they are: then the conflict has a number.
    f.device.sync("crm");
    const auto again = f.device.sync("crm", dry_run());
    CHECK(told(again, id(1)) == refused);
    CHECK(told(again, id(2)) == asked);
    const auto open = engine::list_conflicts(f.device.engine_db(), {});
    REQUIRE(open->size() == 1);
    CHECK(again.plan.kept().back().conflict == open->front().id);
}

TEST_CASE("a dry run tells that the mass-change guard would stop", "[cycle][dry_run]") {
    CycleFixture f;
    f.device.connect("crm", f.remote);
    f.device.settings("crm").guard_edits = 3;
    f.device.sql("UPDATE contact SET phone = '1'");
    const auto report = f.device.sync("crm", dry_run());
    REQUIRE(report.guard);
    CHECK(report.guard->args.at("edits") == "10");
    CHECK_FALSE(report.problem);
    CHECK(report.plan.total() == 10);
}

TEST_CASE("of many planned changes the first are kept, all are counted", "[cycle][dry_run]") {
    engine::PlannedChanges changes;
    engine::PlannedChange big;
    big.values.push_back({.column = "description",
                          .remote_field = "",
                          .old = Value(),
                          .now = Value(std::string(33U << 20U, 'x'))});
    changes.add(big);
    changes.add(big);
    CHECK_FALSE(changes.kept()[0].values_left_out);
    CHECK(changes.kept()[1].values_left_out);
    CHECK(changes.kept()[1].values.empty());
    for (std::size_t i = 2; i < engine::PlannedChanges::kKeptMax; ++i) changes.add({});
    CHECK_FALSE(changes.has_room());
    changes.add({});
    changes.count_only(5);
    CHECK(changes.kept().size() == engine::PlannedChanges::kKeptMax);
    CHECK(changes.total() == static_cast<std::int64_t>(engine::PlannedChanges::kKeptMax) + 6);
}

TEST_CASE("a run tells how long the indexes of a first load kept others waiting", "[cycle]") {
    CycleFixture f;
    f.device.connect("crm", f.remote);
    const char* const waited =
        "SELECT coalesce(max(json_extract(value, '$.index_wait_ms')), -1) FROM json_each("
        "(SELECT counts FROM kontor_run ORDER BY id DESC LIMIT 1))";
    CHECK(f.device.number(waited) >= 1);
    const auto next = f.device.sync("crm");
    CHECK(f.device.number(waited) == 0);
    for (const auto& stream : next.streams) CHECK(stream.index_wait.count() == 0);
}

TEST_CASE("records born here are created there once, whatever is lost", "[cycle]") {
    CycleFixture f;
    f.device.connect("crm", f.remote);
    f.device.sql("INSERT INTO contact(last_name) VALUES('One')");
    f.remote.next_push =
        GENERATE(MemoryRemote::Fault::kLostRequest, MemoryRemote::Fault::kLostAnswer);
    CHECK(f.device.sync("crm").problem);
    for (int i = 0; i < 3; ++i) f.device.sync("crm");
    CHECK(f.remote.ids("Contacts").size() == 11);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 11);
}

TEST_CASE("without a key a lost create is found by its content or waits for a person", "[cycle]") {
    CycleFixture f;
    for (auto& stream : f.remote.streams) stream.can.key_field.clear();
    f.remote.tells_user = GENERATE(true, false);
    f.device.connect("crm", f.remote);
    f.device.sql("INSERT INTO contact(last_name) VALUES('One')");
    SECTION("it was created") {
        f.remote.next_push = MemoryRemote::Fault::kLostAnswer;
        f.device.sync("crm");
        for (int i = 0; i < 3; ++i) f.device.sync("crm");
        CHECK(f.remote.ids("Contacts").size() == 11);
        CHECK(f.device.number("SELECT count(*) FROM contact") == 11);
        CHECK(engine::list_blocked(f.device.engine_db(), 10, 0)->empty());
    }
    SECTION("it was not") {
        f.remote.next_push = MemoryRemote::Fault::kLostRequest;
        f.device.sync("crm");
        for (int i = 0; i < 2; ++i) f.device.sync("crm");
        CHECK(f.remote.ids("Contacts").size() == 10);
        const auto blocked = engine::list_blocked(f.device.engine_db(), 10, 0);
        REQUIRE(blocked->size() == 1);
        CHECK(blocked->front().status == "unknown");
        CHECK(*engine::retry_blocked(f.device.engine_db(), blocked->front().link) == 1);
        f.device.sync("crm");
        CHECK(f.remote.ids("Contacts").size() == 11);
    }
}

TEST_CASE("one record that is refused blocks no other, and goes again after an edit", "[cycle]") {
    CycleFixture f;
    f.device.connect("crm", f.remote);
    f.remote.refuse = [](const std::string&,
                         const remote::Change& change) -> std::optional<remote::PushResult> {
        for (const auto& field : change.fields)
            if (field.value == Value("bad")) {
                remote::PushResult out;
                out.status = remote::PushStatus::kInvalid;
                out.code = "INVALID_DATA";
                out.field = field.field;
                return out;
            }
        return std::nullopt;
    };
    f.device.sql("UPDATE contact SET phone = iif(last_name = 'N4', 'bad', 'good')");
    f.device.sync("crm");
    int good = 0;
    for (const auto& id : f.ids)
        good += f.remote.value("Contacts", id, "Phone") == Value("good") ? 1 : 0;
    CHECK(good == 9);
    auto blocked = engine::list_blocked(f.device.engine_db(), 10, 0);
    REQUIRE(blocked->size() == 1);
    CHECK(blocked->front().code == "INVALID_DATA");
    CHECK(blocked->front().field == "Phone");
    const int before = f.remote.changes_sent;
    f.device.sync("crm");
    CHECK(f.remote.changes_sent == before);
    f.device.sql("UPDATE contact SET phone = 'better' WHERE last_name = 'N4'");
    f.device.sync("crm");
    CHECK(f.remote.value("Contacts", f.ids[4], "Phone") == Value("better"));
    CHECK(engine::list_blocked(f.device.engine_db(), 10, 0)->empty());
}

TEST_CASE("a record that is said to be gone or changed, and is not, is blocked", "[cycle]") {
    const auto status = GENERATE(remote::PushStatus::kMissing, remote::PushStatus::kChanged);
    const bool remove = GENERATE(false, true);
    CAPTURE(remote::to_string(status), remove);
    CycleFixture f;
    f.device.connect("crm", f.remote);
    f.device.sync("crm");
    f.remote.refuse = [&](const std::string&,
                          const remote::Change& change) -> std::optional<remote::PushResult> {
        if (change.id != f.ids[4]) return std::nullopt;
        remote::PushResult out;
        out.status = status;
        out.code = "INVALID_DATA";
        out.message = "no such value";
        return out;
    };
    f.device.sql("UPDATE contact SET phone = '1'");
    if (remove) f.device.sql("DELETE FROM contact WHERE last_name = 'N4'");
    const auto report = f.device.sync("crm");
    for (std::size_t i = 0; i < f.ids.size(); ++i)
        if (i != 4) CHECK(f.remote.value("Contacts", f.ids[i], "Phone") == Value("1"));
    const auto blocked = engine::list_blocked(f.device.engine_db(), 10, 0);
    REQUIRE(blocked->size() == 1);
    const bool changed = status == remote::PushStatus::kChanged;
    CHECK(blocked->front().status == (changed ? "changed" : "invalid"));
    CHECK(blocked->front().code == "INVALID_DATA");
    CHECK(blocked->front().message == "no such value");
    std::int64_t refused = 0;
    for (const auto& stream : report.streams) refused += stream.blocked;
    CHECK(refused == 1);
    const int sent = f.remote.changes_sent;
    f.device.sync("crm");
    CHECK(f.remote.changes_sent == sent);
    // Somebody else's change may end by itself.
    f.clock.advance(std::chrono::hours{1});
    f.device.sync("crm");
    CHECK((f.remote.changes_sent > sent) == changed);
}

TEST_CASE("deletes travel both ways; delete against edit keeps the edit", "[cycle]") {
    CycleFixture f;
    f.device.connect("crm", f.remote);
    const auto local = [&](int n) { return std::to_string(f.device.local("Contacts", f.ids[n])); };
    const auto one = local(1), two = local(2), three = local(3), four = local(4);
    f.device.sql("DELETE FROM contact WHERE id = " + one);
    f.remote.erase("Contacts", f.ids[2]);
    // Deleted here, edited there; and the other way round.
    f.device.sql("DELETE FROM contact WHERE id = " + three);
    f.remote.edit("Contacts", f.ids[3], {{"Phone", Value("333")}});
    f.device.sql("UPDATE contact SET phone = '444' WHERE id = " + four);
    f.remote.erase("Contacts", f.ids[4]);
    for (int i = 0; i < 3; ++i) f.device.sync("crm");

    CHECK(f.remote.at("Contacts", f.ids[1]).deleted);
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE id = " + two) == 0);
    CHECK(f.device.text("SELECT phone FROM contact WHERE id = " + three) == "333");
    CHECK_FALSE(f.remote.at("Contacts", f.ids[3]).deleted);
    const auto again = f.device.remote_id("Contacts", std::stoll(four));
    REQUIRE_FALSE(again.empty());
    CHECK(f.remote.value("Contacts", again, "Phone") == Value("444"));
    engine::ConflictQuery decided;
    decided.state = engine::ConflictQuery::State::kDecided;
    CHECK(engine::list_conflicts(f.device.engine_db(), decided)->size() == 2);
    const int before = f.remote.changes_sent;
    f.device.sync("crm");
    CHECK(f.remote.changes_sent == before);
}

TEST_CASE("a late image of a deleted record does not revive it; a restore does", "[cycle]") {
    CycleFixture f;
    f.device.connect("crm", f.remote);
    const auto id = f.device.local("Contacts", f.ids[1]);
    const auto old = f.remote.at("Contacts", f.ids[1]);
    f.remote.erase("Contacts", f.ids[1]);
    f.device.sync("crm");
    CHECK(f.device.number("SELECT count(*) FROM contact") == 9);
    f.remote.replay("Contacts", f.ids[1], old);
    f.device.sync("crm");
    CHECK(f.device.number("SELECT count(*) FROM contact") == 9);
    f.remote.restore("Contacts", f.ids[1]);
    f.remote.replay("Contacts", f.ids[1], f.remote.at("Contacts", f.ids[1]));
    f.device.sync("crm");
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE id = " + std::to_string(id)) == 1);
}

TEST_CASE("a truncated or lying list deletes nothing; the guard stops a mass disappearance",
          "[cycle][sweep]") {
    CycleFixture f;
    for (int i = 0; i < 90; ++i) f.remote.create("Contacts", {{"Last_Name", Value("M")}});
    f.clock.advance(seconds{60});
    f.device.connect("crm", f.remote);
    engine::CycleOptions sweep;
    sweep.sweep = true;
    SECTION("truncated and known to be") {
        f.remote.truncated_list = true;
        const auto report = f.device.sync("crm", sweep);
        CHECK_FALSE(report.problem);  // what it leaves out is not missing
        CHECK(f.device.number("SELECT count(*) FROM contact") == 100);
    }
    SECTION("claims to be complete") {
        f.remote.lying_list = true;
        const auto report = f.device.sync("crm", sweep);
        REQUIRE(report.problem);
        CHECK(report.problem->code == Errc::kGuard);
        CHECK(f.device.number("SELECT count(*) FROM contact") == 100);
    }
    SECTION("a few are really gone, without a word in the deleted feed") {
        f.remote.erase("Contacts", f.ids[0]);
        const auto cursor =
            f.device.text("SELECT cursor FROM kontor_stream WHERE name = 'Contacts'");
        f.device.sql("UPDATE kontor_stream SET cursor = '2027-01-01T00:00:00.000Z'");
        f.device.sync("crm", sweep);
        CHECK(f.device.number("SELECT count(*) FROM contact") == 99);
    }
}

TEST_CASE("the mass-change guard asks before it deletes", "[cycle][guard]") {
    CycleFixture f;
    for (int i = 0; i < 40; ++i) f.remote.create("Contacts", {{"Last_Name", Value("M")}});
    f.clock.advance(seconds{60});
    f.device.connect("crm", f.remote);
    f.device.sql("DELETE FROM contact");
    const auto stopped = f.device.sync("crm");
    REQUIRE(stopped.problem);
    CHECK(stopped.problem->code == Errc::kGuard);
    CHECK(f.remote.ids("Contacts").size() == 50);
    engine::CycleOptions yes;
    yes.confirm_mass = true;
    f.device.sync("crm", yes);
    CHECK(f.remote.ids("Contacts").empty());
}

TEST_CASE("who deletes record by record is asked as well", "[cycle][guard]") {
    CycleFixture f;
    for (int i = 0; i < 40; ++i) f.remote.create("Contacts", {{"Last_Name", Value("M")}});
    f.clock.advance(seconds{60});
    f.device.connect("crm", f.remote);
    const auto erase = [&](int count) {
        f.device.sql("DELETE FROM contact WHERE id IN (SELECT id FROM contact ORDER BY id LIMIT " +
                     std::to_string(count) + ")");
    };
    for (int i = 0; i < 25; ++i) {
        erase(1);
        f.clock.advance(seconds{10});
        REQUIRE_FALSE(f.device.sync("crm").problem);
    }
    REQUIRE(f.remote.ids("Contacts").size() == 25);
    SECTION("by what was sent of late") {
        erase(1);
        CHECK(f.device.sync("crm", dry_run()).guard);
        const auto stopped = f.device.sync("crm");
        REQUIRE(stopped.problem);
        CHECK(stopped.problem->code == Errc::kGuard);
        CHECK(stopped.problem->message ==
              "has deleted 25 and changed 0 records at crm of late, would delete 1 and change 0 "
              "more: confirm it first");
        CHECK(f.remote.ids("Contacts").size() == 25);

        // Time is no answer.
        f.clock.advance(std::chrono::hours{3});
        CHECK(f.device.sync("crm").problem);
        CHECK(f.remote.ids("Contacts").size() == 25);
        // Nor is a sync of something else.
        engine::CycleOptions others;
        others.streams = {"Accounts"};
        f.device.sync("crm", others);
        f.clock.advance(std::chrono::hours{3});
        CHECK(f.device.sync("crm").problem);
        // A person's is, and what was sent until then counts no more.
        engine::CycleOptions yes;
        yes.confirm_mass = true;
        CHECK_FALSE(f.device.sync("crm", yes).problem);
        CHECK(f.remote.ids("Contacts").size() == 24);
        erase(24);
        CHECK_FALSE(f.device.sync("crm").problem);
        CHECK(f.remote.ids("Contacts").empty());
    }
    SECTION("until nothing of its kind waits any more") {
        const auto id = std::to_string(f.device.number("SELECT min(id) FROM contact"));
        erase(1);
        REQUIRE(f.device.sync("crm").problem);
        f.device.sql("INSERT INTO contact(id, last_name) VALUES(" + id + ", 'M')");
        CHECK_FALSE(f.device.sync("crm").problem);
        f.clock.advance(std::chrono::hours{3});
        erase(25);
        CHECK_FALSE(f.device.sync("crm").problem);
        CHECK(f.remote.ids("Contacts").empty());
    }
    SECTION("but not hours later") {
        f.clock.advance(std::chrono::hours{3});
        erase(1);
        CHECK_FALSE(f.device.sync("crm").problem);
        CHECK(f.remote.ids("Contacts").size() == 24);
    }
    SECTION("nor by deletions before edits") {
        f.device.sql("UPDATE contact SET phone = '1'");
        CHECK_FALSE(f.device.sync("crm").problem);
    }
}

TEST_CASE("another organisation behind the same address stops the connection", "[cycle]") {
    CycleFixture f;
    f.device.connect("crm", f.remote);
    f.remote.org = "org-2";
    const auto refused = f.device.try_sync("crm");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::kMismatch);
    f.remote.org = "org-1";
    CHECK(f.device.try_sync("crm").error().code == Errc::kGuard);
    REQUIRE(engine::resume(f.device.engine_db(), "crm"));
    CHECK(f.device.try_sync("crm"));
}

TEST_CASE("a pull that breaks off resumes and misses nothing", "[cycle]") {
    CycleFixture f;
    f.remote.fail_pull_after = 2;
    REQUIRE_THROWS(f.device.settings("crm"));
    f.device.connect("crm", f.remote);
    f.remote.fail_pull_after = SIZE_MAX;
    f.device.sync("crm");
    CHECK(f.device.number("SELECT count(*) FROM contact") == 10);
    CHECK(f.device.number("SELECT count(DISTINCT last_name) FROM contact") == 10);
}

TEST_CASE("a remote that is away is not waited for stream by stream", "[cycle]") {
    CycleFixture f;
    f.remote.create("Accounts", {{"Account_Name", Value("Zylker")}});
    for (const auto* entity : {"vendor", "campaign"}) {
        auto more = f.remote.streams.back();  // accounts, under another name
        more.name = entity;
        more.entity_hint = entity;
        f.remote.streams.push_back(more);
        f.remote.create(entity, {{"Account_Name", Value("one")}});
    }
    f.clock.advance(seconds{60});
    f.device.connect("crm", f.remote);
    for (const auto& stream : f.remote.streams)
        f.remote.create(stream.name, {{stream.name == "Contacts" ? "Last_Name" : "Account_Name",
                                       Value("late")}});
    f.clock.advance(seconds{60});
    // Each pull that is not answered has been tried again and again before.
    f.remote.fail_pull_after = 0;
    const int before = f.remote.pulls;
    const auto away = f.device.try_sync("crm");
    REQUIRE_FALSE(away);
    CHECK(away.error().code == Errc::kUnavailable);
    CHECK(f.remote.pulls - before == 2);
    f.remote.fail_pull_after = SIZE_MAX;
    f.device.sync("crm");
    CHECK(f.device.number("SELECT count(*) FROM campaign WHERE name = 'late'") == 1);
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE last_name = 'late'") == 1);
}

TEST_CASE("new records that refer to each other in a circle are created, then tied", "[cycle]") {
    CycleFixture f;
    f.remote.streams[1].fields.push_back(
        reference_field("Main_Contact", "main_contact_id", "Contacts"));
    f.device.connect("crm", f.remote);
    f.device.sql("INSERT INTO account(id, name) VALUES(1000, 'Acme')");
    f.device.sql("INSERT INTO contact(id, last_name, account_id) VALUES(2000, 'Boss', 1000)");
    f.device.sql("UPDATE account SET main_contact_id = 2000 WHERE id = 1000");
    for (int i = 0; i < 3; ++i) f.device.sync("crm");
    const auto account = f.device.remote_id("Accounts", 1000);
    const auto boss = f.device.remote_id("Contacts", 2000);
    REQUIRE_FALSE(account.empty());
    REQUIRE_FALSE(boss.empty());
    CHECK(f.remote.value("Contacts", boss, "Account_Name") == Value(account));
    CHECK(f.remote.value("Accounts", account, "Main_Contact") == Value(boss));
}

TEST_CASE("a colleague's edit between our look and our write of other fields survives", "[cycle]") {
    CycleFixture f;
    f.device.connect("crm", f.remote);
    const auto id = std::to_string(f.device.local("Contacts", f.ids[1]));
    f.device.sql("UPDATE contact SET phone = 'ours' WHERE id = " + id);
    f.remote.before_push = [&] {
        f.remote.edit("Contacts", f.ids[1], {{"Email", Value("theirs@example.org")}});
    };
    for (int i = 0; i < 2; ++i) f.device.sync("crm");
    CHECK(f.remote.value("Contacts", f.ids[1], "Phone") == Value("ours"));
    CHECK(f.remote.value("Contacts", f.ids[1], "Email") == Value("theirs@example.org"));
    CHECK(f.device.text("SELECT email FROM contact WHERE id = " + id) == "theirs@example.org");
}

TEST_CASE("when only calls for writes are left, nothing is pulled and edits still go out",
          "[cycle]") {
    CycleFixture f;
    f.device.connect("crm", f.remote);
    const auto id = std::to_string(f.device.local("Contacts", f.ids[1]));
    f.device.sql("UPDATE contact SET phone = 'ours' WHERE id = " + id);
    f.remote.edit("Contacts", f.ids[1], {{"Email", Value("theirs@example.org")}});
    f.remote.edit("Contacts", f.ids[2], {{"Email", Value("waits@example.org")}});
    f.remote.only_writes_left = true;
    const auto pulls = f.remote.pulls;
    const auto report = f.device.sync("crm");
    CHECK(report.pushed);
    REQUIRE(report.problem);
    CHECK(remote::leaves_writes(*report.problem));
    CHECK(f.remote.pulls == pulls);
    CHECK(f.remote.value("Contacts", f.ids[1], "Phone") == Value("ours"));
    CHECK(f.device.text("SELECT email FROM contact WHERE id = " + id) == "theirs@example.org");
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE email = 'waits@example.org'") == 0);

    f.remote.only_writes_left = false;
    CHECK_FALSE(f.device.sync("crm").problem);
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE email = 'waits@example.org'") == 1);
    CHECK(f.device.number("SELECT count(*) FROM kontor_shadow") == 0);
}

TEST_CASE("the chain of history verifies after everything", "[cycle]") {
    CycleFixture f;
    f.device.connect("crm", f.remote);
    f.device.sql("UPDATE contact SET phone = '1'");
    f.device.sync("crm");
    CHECK(f.device.number("SELECT count(*) FROM kontor_chain") > 0);
}
