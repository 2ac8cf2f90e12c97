// What people type into a replica that was put back from a backup.
#include <catch2/catch.hpp>

#include "sync/engine/epoch.hpp"
#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::hours;

namespace {

/// Dee was born here and not sent when the replica was backed up. Then she was sent, and the
/// replica is put back.
struct UnsentThenRestored {
    explicit UnsentThenRestored(merge::Policy policy) : remote(clock), device(clock) {
        remote.streams = people_streams();
        device.connect("crm", remote, [&](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups) group.policy = policy;
        });
        device.sql("INSERT INTO contact(last_name, phone) VALUES('Dee', '1')");
        device.back_up();
        clock.advance(hours{1});
        device.sync("crm");
        dee = remote.ids("Contacts").at(0);
        clock.advance(hours{1});
    }
    void restore() {
        device.restore();
        REQUIRE(engine::start_epoch(device.engine_db()));
    }
    std::string here() { return device.text("SELECT phone FROM contact"); }
    std::string there() { return remote.value("Contacts", dee, "Phone").text(); }

    FakeClock clock;
    MemoryRemote remote;
    Device device;
    std::string dee;
};

}  // namespace

// Seed 87484.
TEST_CASE("what stood here until its user typed over it after the restore is no colleague's value",
          "[restored]") {
    UnsentThenRestored f(GENERATE(merge::Policy::kRemote, merge::Policy::kManual));
    f.restore();
    f.device.sql("UPDATE contact SET phone = '2'");
    for (int i = 0; i < 2; ++i) f.device.sync("crm");
    CHECK(f.here() == "2");
    CHECK(f.there() == "2");
    CHECK(engine::list_conflicts(f.device.engine_db(), {})->empty());
    CHECK(f.remote.ids("Contacts").size() == 1);
}

TEST_CASE("what a colleague typed into it meanwhile is one, also where the policy is ours",
          "[restored]") {
    const auto policy =
        GENERATE(merge::Policy::kRemote, merge::Policy::kManual, merge::Policy::kLocal);
    CAPTURE(merge::to_string(policy));
    UnsentThenRestored f(policy);
    f.remote.edit("Contacts", f.dee, {{"Phone", Value("colleague's")}});
    f.clock.advance(hours{1});
    f.restore();
    f.device.sql("UPDATE contact SET phone = '2'");
    for (int i = 0; i < 2; ++i) f.device.sync("crm");
    CHECK(f.there() == "colleague's");
    CHECK(f.here() == (policy == merge::Policy::kRemote ? "colleague's" : "2"));
    CHECK(f.device.number("SELECT count(*) FROM kontor_conflict") == 1);
}

TEST_CASE("of a remote that a person has accepted, the value of before an edit is no base of it",
          "[restored]") {
    UnsentThenRestored f(merge::Policy::kManual);
    f.restore();
    for (int i = 0; i < 2; ++i) f.device.sync("crm");
    MemoryRemote earlier = f.remote;
    f.device.sql("UPDATE contact SET phone = '2'");
    f.device.sync("crm");
    REQUIRE(f.there() == "2");
    f.clock.advance(hours{1});
    f.device.reroute("crm", earlier);
    REQUIRE(engine::accept_remote(f.device.engine_db(), f.clock, "crm", "uid:1"));
    f.device.sync("crm");
    REQUIRE(engine::set_push(f.device.engine_db(), "crm", true));
    f.device.sync("crm");
    CHECK(earlier.value("Contacts", f.dee, "Phone") == Value("1"));
    CHECK(engine::list_conflicts(f.device.engine_db(), {})->size() == 1);
}

TEST_CASE("A3: what was sent since the backup is looked for under its key before it is sent",
          "[restored]") {
    UnsentThenRestored f(merge::Policy::kManual);
    f.remote.unlisted = {f.dee};  // a list that lags, at a remote that makes whatever it is told to
    f.restore();
    const int before = f.remote.changes_sent;
    f.device.sync("crm");
    CHECK(f.remote.changes_sent == before);
    CHECK(f.device.remote_id("Contacts", 1) == f.dee);
    f.remote.unlisted.clear();
    for (int i = 0; i < 2; ++i) f.device.sync("crm");
    CHECK(f.remote.ids("Contacts").size() == 1);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 1);
}

// Seed 1385.
TEST_CASE("A3: what another remote brings back is looked for under its key before it is sent",
          "[restored]") {
    FakeClock clock;
    MemoryRemote a(clock), b(clock);
    Device device(clock);
    a.streams = b.streams = people_streams();
    for (auto& stream : b.streams) stream.can.list_ids = false;
    device.connect("a", a);
    device.connect("b", b);
    device.back_up();
    clock.advance(hours{1});
    device.sql("INSERT INTO contact(last_name, phone) VALUES('Dee', '1')");
    device.sync("a");
    device.sync("b");
    const auto dee = b.ids("Contacts").at(0);
    clock.advance(hours{1});
    device.restore();
    REQUIRE(engine::start_epoch(device.engine_db()));

    b.unlisted = {dee};  // a list that lags, at a remote that makes whatever it is told to
    device.sync("b");
    REQUIRE(device.number("SELECT count(*) FROM contact") == 0);
    device.sync("a");
    REQUIRE(device.number("SELECT count(*) FROM contact") == 1);
    const int before = b.changes_sent;
    device.sync("b");
    CHECK(b.changes_sent == before);
    CHECK(device.local("Contacts", dee) == device.number("SELECT id FROM contact"));
    CHECK(b.ids("Contacts").size() == 1);
}

// Seed 1986.
TEST_CASE("A3: what is made again after a restore is looked for under its key before it is sent",
          "[restored]") {
    FakeClock clock;
    MemoryRemote remote(clock);
    Device device(clock);
    remote.streams = people_streams();
    for (auto& stream : remote.streams) stream.can.list_ids = false;
    const auto dee = remote.create("Contacts", {{"Last_Name", Value("Dee")}});
    device.connect("crm", remote);
    device.back_up();
    clock.advance(hours{1});
    device.sql("UPDATE contact SET phone = '1'");
    remote.erase("Contacts", dee);
    device.sync("crm");  // the edit wins
    REQUIRE(remote.ids("Contacts").size() == 1);
    const auto again = remote.ids("Contacts").front();
    REQUIRE(again != dee);

    remote.restore("Contacts", dee);
    clock.advance(hours{1});
    device.restore();
    REQUIRE(engine::start_epoch(device.engine_db()));
    remote.unlisted = {again};  // a list that lags, at a remote that makes whatever it is told to
    device.sync("crm");
    REQUIRE(device.remote_id("Contacts", 1) == dee);

    device.sql("UPDATE contact SET phone = '2'");
    remote.erase("Contacts", dee);
    remote.unlisted.insert(dee);  // only the look before the push shows that it is gone
    const int before = remote.changes_sent;
    for (int i = 0; i < 2; ++i) device.sync("crm");
    CHECK(remote.changes_sent == before);
    CHECK(device.remote_id("Contacts", 1) == again);
    CHECK(device.number("SELECT count(*) FROM contact") == 1);
    // What the two have in common nobody knows: a person is asked.
    CHECK(engine::list_conflicts(device.engine_db(), {})->size() == 1);
}

// Seed 8149.
TEST_CASE("B5: what was replaced or deleted there is asked about though lists do not show that yet",
          "[restored]") {
    FakeClock clock;
    MemoryRemote remote(clock);
    Device device(clock);
    remote.streams = people_streams();
    for (auto& stream : remote.streams) stream.can.list_ids = false;
    const auto dee =
        remote.create("Contacts", {{"Last_Name", Value("Dee")}, {"Phone", Value("0")}});
    device.connect("crm", remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) {
            stream.delete_against_edit = merge::Policy::kLocal;
            for (auto& group : stream.groups) group.policy = merge::Policy::kLocal;
        }
    });
    device.sql("UPDATE contact SET phone = '1'");
    device.back_up();
    clock.advance(hours{1});
    device.sync("crm");
    REQUIRE(remote.value("Contacts", dee, "Phone") == Value("1"));
    const bool deleted = GENERATE(false, true);
    if (deleted)
        remote.erase("Contacts", dee);
    else
        remote.edit("Contacts", dee, {{"Phone", Value("2")}});
    clock.advance(hours{1});
    device.restore();
    REQUIRE(engine::start_epoch(device.engine_db()));

    remote.unlisted = {dee};
    const int before = remote.changes_sent;
    for (int i = 0; i < 2; ++i) device.sync("crm");
    CHECK(remote.changes_sent == before);
    CHECK(device.text("SELECT phone FROM contact") == "1");
    CHECK(engine::list_conflicts(device.engine_db(), {})->size() == 1);
}
