// Anomalies that the nearest systems are known for, by their own sources and documents, each as a
// scenario that must not happen here.
#include <catch2/catch.hpp>
#include <utility>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::seconds;

namespace {

struct AnomaliesFixture {
    AnomaliesFixture() : remote(clock), device(clock) {
        remote.streams = people_streams();
        ada = remote.create("Contacts", {{"Last_Name", Value("Ada")}, {"Phone", Value("v0")}});
        clock.advance(seconds{60});
        device.connect("crm", remote);
        device.sync("crm");
    }
    void set(const std::string& column, const std::string& value) {
        device.sql("UPDATE contact SET " + column + " = '" + value + "' WHERE last_name = 'Ada'");
    }
    std::string here(const std::string& column) {
        return device.text("SELECT coalesce(" + column +
                           ", '') FROM contact WHERE last_name = 'Ada'");
    }
    Value there(const char* field) { return remote.value("Contacts", ada, field); }
    void rounds(int n) {
        for (int i = 0; i < n; ++i) device.sync("crm");
    }

    FakeClock clock;
    MemoryRemote remote;
    Device device;
    std::string ada;
};

}  // namespace

TEST_CASE("anomaly: a strict cursor without tie-break loses records of one stamp", "[anomaly]") {
    AnomaliesFixture f;
    for (int i = 0; i < 10; ++i)  // one stamp, four pages of three
        f.remote.create("Contacts", {{"Last_Name", Value("same second")}});
    f.remote.fail_pull_after = 2;
    CHECK(f.device.sync("crm").problem);
    f.remote.fail_pull_after = SIZE_MAX;
    // One more, committed late under the same stamp as those that were read.
    f.remote.create("Contacts", {{"Last_Name", Value("same second")}});
    f.rounds(2);
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE last_name = 'same second'") == 11);
}

TEST_CASE("anomaly: a dirty set from before a long download overwrites what was typed meanwhile",
          "[anomaly]") {
    AnomaliesFixture f;
    f.set("email", "makes it push");
    // Typed while the engine talks to the remote; the image that it then merges is of before.
    f.remote.after_push = [&] {
        f.set("phone", "typed meanwhile");
        f.remote.edit("Contacts", f.ada, {{"First_Name", Value("colleague")}});
    };
    f.rounds(3);
    CHECK(f.here("phone") == "typed meanwhile");
    CHECK(f.there("Phone") == Value("typed meanwhile"));
    CHECK(f.here("first_name") == "colleague");
}

TEST_CASE("anomaly: the snapshot read before a call is written back over newer edits",
          "[anomaly]") {
    AnomaliesFixture f;
    f.set("phone", "v1");
    f.remote.after_push = [&] { f.set("phone", "v2"); };
    f.rounds(1);
    CHECK(f.here("phone") == "v2");
    f.rounds(2);
    CHECK(f.here("phone") == "v2");
    CHECK(f.there("Phone") == Value("v2"));
}

TEST_CASE("anomaly: check-then-act overwrites what a colleague had typed before it, or beside it",
          "[anomaly]") {
    AnomaliesFixture f;
    for (auto& group : f.device.settings("crm").mapping.streams[0].groups)
        if (group.name == "phone") group.policy = merge::Policy::kManual;
    f.set("phone", "ours");
    SECTION("before our look: it is seen, and both values are kept") {
        f.remote.edit("Contacts", f.ada,
                      {{"Phone", Value("colleague")}, {"Email", Value("e@x.cn")}});
        f.rounds(3);
        CHECK(f.there("Phone") == Value("colleague"));
        CHECK(f.here("phone") == "ours");
        CHECK(f.device.number("SELECT count(*) FROM kontor_conflict") == 1);
    }
    SECTION("between our look and our write: what was typed into other fields stays") {
        // This remote has no compare-and-set: of the same field nobody can tell any more.
        f.remote.before_push = [&, once = true]() mutable {
            if (!std::exchange(once, false)) return;
            f.remote.edit("Contacts", f.ada,
                          {{"Phone", Value("colleague")}, {"Email", Value("e@x.cn")}});
        };
        f.rounds(3);
        CHECK(f.there("Phone") == Value("ours"));
        CHECK(f.here("phone") == "ours");
    }
    CHECK(f.there("Email") == Value("e@x.cn"));
    CHECK(f.here("email") == "e@x.cn");
}

TEST_CASE("anomaly: a plain create is retried and doubles the record", "[anomaly]") {
    AnomaliesFixture f;
    f.device.sql("INSERT INTO contact(last_name) VALUES('New')");
    for (int i = 0; i < 3; ++i) {
        f.remote.next_push = MemoryRemote::Fault::kLostAnswer;
        f.device.sync("crm");
    }
    f.rounds(2);
    CHECK(f.remote.ids("Contacts").size() == 2);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 2);
}

TEST_CASE("anomaly: ghosts are cleaned up by id without a second look", "[anomaly]") {
    AnomaliesFixture f;
    for (int i = 0; i < 8; ++i) f.remote.create("Contacts", {{"Last_Name", Value("x")}});
    f.rounds(1);
    f.remote.lying_list = true;
    engine::CycleOptions sweep;
    sweep.sweep = true;
    static_cast<void>(f.device.try_sync("crm", sweep));
    CHECK(f.device.number("SELECT count(*) FROM contact") == 9);
}

TEST_CASE("anomaly: the whole field list is sent and reverts a colleague's other fields",
          "[anomaly]") {
    AnomaliesFixture f;
    f.set("phone", "ours");
    f.remote.edit("Contacts", f.ada, {{"Email", Value("colleague@x.cn")}});
    f.rounds(2);
    CHECK(f.there("Email") == Value("colleague@x.cn"));
    REQUIRE(f.remote.sent.size() == 1);
    REQUIRE(f.remote.sent[0].fields.size() == 1);
    CHECK(f.remote.sent[0].fields[0].field == "Phone");
}

TEST_CASE("anomaly: flip-flop, v1 is pushed and pulled back over v2", "[anomaly]") {
    AnomaliesFixture f;
    f.set("phone", "v1");
    f.remote.next_push = MemoryRemote::Fault::kLostAnswer;  // it landed, and we do not know
    f.device.sync("crm");
    f.set("phone", "v2");
    for (int i = 0; i < 3; ++i) {
        f.device.sync("crm");
        CHECK(f.here("phone") == "v2");  // never seen to go back
    }
    CHECK(f.there("Phone") == Value("v2"));
    CHECK(engine::list_conflicts(f.device.engine_db(), {})->empty());
}

TEST_CASE("anomaly: a deleted record is revived by a late image", "[anomaly]") {
    AnomaliesFixture f;
    const auto old = f.remote.at("Contacts", f.ada);
    f.device.sql("DELETE FROM contact");
    f.rounds(1);
    REQUIRE(f.remote.at("Contacts", f.ada).deleted);
    for (int i = 0; i < 2; ++i) {
        f.remote.replay("Contacts", f.ada, old);
        f.rounds(1);
    }
    CHECK(f.device.number("SELECT count(*) FROM contact") == 0);
    CHECK(f.remote.ids("Contacts").empty());
}

TEST_CASE("anomaly: a record that was deleted there is inserted again", "[anomaly]") {
    AnomaliesFixture f;
    f.remote.erase("Contacts", f.ada);
    f.rounds(3);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 0);
    CHECK(f.remote.ids("Contacts").empty());
    CHECK(f.remote.sent.empty());
}

TEST_CASE("anomaly: a pull meets our new record before its id is stored and doubles it",
          "[anomaly]") {
    AnomaliesFixture f;
    const bool key = GENERATE(true, false);
    if (!key) {
        for (auto& stream : f.remote.streams) stream.can.key_field.clear();
        f.device.settings("crm").streams = f.remote.streams;
        for (auto& stream : f.device.settings("crm").mapping.streams) stream.key_field.clear();
    }
    f.device.sql("INSERT INTO contact(last_name, phone) VALUES('New', '1')");
    f.remote.next_push = MemoryRemote::Fault::kLostAnswer;  // there, and its id is not here
    f.device.sync("crm");
    f.rounds(2);
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE last_name = 'New'") == 1);
    CHECK(f.remote.ids("Contacts").size() == 2);
}

TEST_CASE("anomaly: a commit whose success report was lost is carried out again", "[anomaly]") {
    AnomaliesFixture f;
    for (auto& group : f.device.settings("crm").mapping.streams[0].groups)
        group.policy = merge::Policy::kManual;
    f.set("phone", "v1");
    f.remote.next_push = MemoryRemote::Fault::kLostAnswer;
    f.device.sync("crm");
    f.clock.advance(seconds{10});
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("colleague, later")}});
    const int before = f.remote.changes_sent;
    f.rounds(3);
    CHECK(f.remote.changes_sent == before);
    CHECK(f.there("Phone") == Value("colleague, later"));
}
