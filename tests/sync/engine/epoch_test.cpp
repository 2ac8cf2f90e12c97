// A replica that was restored from a backup: what it knew of its remotes it knows no more.
#include <catch2/catch.hpp>

#include "tests/sync/engine/epoch_fixture.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::hours;
using std::chrono::seconds;

TEST_CASE("a restored replica reads its remotes again before it pushes anything", "[epoch]") {
    EpochFixture f;
    f.set_phone("Ada", "old edit");  // not sent yet when the backup is made
    f.set_phone("Bob", "sent later");
    f.device.back_up();
    f.later();
    f.device.sync("crm");
    REQUIRE(f.there(0) == "old edit");
    f.later();
    f.set_phone("Ada", "newer");
    f.device.sync("crm");
    f.remote.edit("Contacts", f.ids[2], {{"Phone", Value("colleague")}});
    f.later();

    f.device.restore();
    REQUIRE(*engine::start_epoch(f.device.engine_db()) == 2);
    const int before = f.remote.changes_sent;
    SECTION("nothing goes out while the reading fails") {
        f.remote.fail_pull_after = 0;
        CHECK(f.device.sync("crm").problem);
        CHECK(f.remote.changes_sent == before);
        f.remote.fail_pull_after = SIZE_MAX;
    }
    f.device.sync("crm");
    // The old edit meets what replaced it: a person decides, nothing is pushed over it.
    CHECK(f.remote.changes_sent == before);
    CHECK(f.there(0) == "newer");
    REQUIRE(f.open().size() == 1);
    CHECK(f.open()[0].fields[0].ours == Value("old edit"));
    CHECK(f.open()[0].fields[0].theirs == Value("newer"));
    CHECK(f.phone("Bob") == "sent later");  // it had arrived
    CHECK(f.phone("Cy") == "colleague");

    f.set_phone("Cy", "after");
    f.device.sync("crm");
    CHECK(f.there(2) == "after");
}

TEST_CASE("an edit that never left before the restore is sent after it", "[epoch]") {
    EpochFixture f;
    f.set_phone("Ada", "edit");
    f.device.back_up();
    f.device.restore();
    REQUIRE(engine::start_epoch(f.device.engine_db()));
    f.device.sync("crm");
    CHECK(f.there(0) == "edit");
}

TEST_CASE("a record that was created in the lost time is not created twice", "[epoch]") {
    const bool key = GENERATE(true, false);
    CAPTURE(key);
    EpochFixture f(key);
    f.device.sql("INSERT INTO contact(last_name, phone) VALUES('Dee', '7')");
    f.device.back_up();
    f.later();
    SECTION("it was, and is recognised") {
        f.device.sync("crm");
        REQUIRE(f.remote.ids("Contacts").size() == 4);
        f.device.restore();
        REQUIRE(engine::start_epoch(f.device.engine_db()));
        f.device.sync("crm");
        f.device.sync("crm");
        CHECK(f.remote.ids("Contacts").size() == 4);
        CHECK(f.device.number("SELECT count(*) FROM contact") == 4);
        CHECK(engine::list_blocked(f.device.engine_db(), 9, 0)->empty());
    }
    SECTION("it was, and a colleague has changed it since") {
        f.device.sync("crm");
        const auto dee = f.device.remote_id(
            "Contacts", f.device.number("SELECT id FROM contact WHERE last_name = 'Dee'"));
        f.remote.edit("Contacts", dee, {{"Phone", Value("8")}});
        f.device.restore();
        REQUIRE(engine::start_epoch(f.device.engine_db()));
        f.device.sync("crm");
        f.device.sync("crm");
        // Without a key nobody can tell: it is not made again before a person has looked.
        CHECK(f.remote.ids("Contacts").size() == 4);
        CHECK(engine::list_blocked(f.device.engine_db(), 9, 0)->size() == (key ? 0 : 1));
    }
    SECTION("it was not") {
        f.device.restore();
        REQUIRE(engine::start_epoch(f.device.engine_db()));
        f.device.sync("crm");
        if (!key) {
            const auto blocked = *engine::list_blocked(f.device.engine_db(), 9, 0);
            REQUIRE(blocked.size() == 1);
            CHECK(blocked[0].status == "unknown");
            REQUIRE(engine::retry_blocked(f.device.engine_db(), blocked[0].link));
            f.device.sync("crm");
        }
        CHECK(f.remote.ids("Contacts").size() == 4);
    }
}

TEST_CASE(
    "what was changed after a create of the lost time is not undone by what the backup would send",
    "[epoch]") {
    const bool newest = GENERATE(false, true);
    CAPTURE(newest);
    FakeClock clock;
    MemoryRemote remote(clock);
    remote.streams = people_streams();
    Device device(clock);
    device.connect("crm", remote, [&](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups) {
                group.policy = newest ? merge::Policy::kNewest : merge::Policy::kLocal;
                group.fallback = merge::Policy::kLocal;
            }
    });
    device.sql("INSERT INTO contact(last_name, phone) VALUES('Dee', '1')");
    device.back_up();
    clock.advance(hours{1});
    device.sync("crm");
    remote.edit("Contacts", remote.ids("Contacts").at(0), {{"Phone", Value("2")}});
    clock.advance(hours{1});
    device.restore();
    REQUIRE(engine::start_epoch(device.engine_db()));
    engine::CycleOptions sweep;
    sweep.sweep = true;
    for (int i = 0; i < 3; ++i) {  // shown again, the question stays one
        device.sync("crm", sweep);
        device.sql("UPDATE contact SET email = '" + std::to_string(i) + "@example.org'");
    }
    REQUIRE(remote.ids("Contacts").size() == 1);
    CHECK(remote.value("Contacts", remote.ids("Contacts").at(0), "Phone") == Value("2"));
    CHECK(device.text("SELECT phone FROM contact") == "1");
    CHECK(engine::list_conflicts(device.engine_db(), {})->size() == 1);
}

TEST_CASE("a deletion that was carried out in the lost time is no deletion of somebody's new work",
          "[epoch]") {
    EpochFixture f;
    f.device.sql("DELETE FROM contact WHERE last_name = 'Ada'");
    f.device.back_up();
    f.later();
    f.device.sync("crm");
    REQUIRE(f.remote.at("Contacts", f.ids[0]).deleted);
    f.remote.restore("Contacts", f.ids[0]);
    f.later();
    f.remote.edit("Contacts", f.ids[0], {{"Phone", Value("wanted after all")}});
    f.device.restore();
    REQUIRE(engine::start_epoch(f.device.engine_db()));
    f.device.sync("crm");
    CHECK_FALSE(f.remote.at("Contacts", f.ids[0]).deleted);
    CHECK(f.phone("Ada") == "wanted after all");
}

TEST_CASE("an edit that had arrived before the restore does not undo what colleagues did after it",
          "[epoch]") {
    FakeClock clock;
    MemoryRemote remote(clock);
    remote.streams = people_streams();
    const auto ada = remote.create("Contacts", {{"Last_Name", Value("A")}, {"Phone", Value("1")}});
    const auto bob = remote.create("Contacts", {{"Last_Name", Value("B")}, {"Phone", Value("1")}});
    clock.advance(seconds{60});
    Device device(clock);
    device.connect("crm", remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups) group.policy = merge::Policy::kLocal;
    });
    device.sql("UPDATE contact SET phone = '2'");
    device.back_up();
    device.sync("crm");
    clock.advance(hours{1});
    remote.edit("Contacts", ada, {{"Phone", Value("3")}});
    remote.erase("Contacts", bob);
    clock.advance(hours{1});
    device.restore();
    REQUIRE(engine::start_epoch(device.engine_db()));
    engine::CycleOptions sweep;
    sweep.sweep = true;
    for (int i = 0; i < 2; ++i) device.sync("crm", sweep);
    CHECK(remote.value("Contacts", ada, "Phone") == Value("3"));
    CHECK(remote.ids("Contacts").size() == 1);
    // Nothing is thrown away for it: a person decides.
    CHECK(device.number("SELECT count(*) FROM contact WHERE phone = '2'") == 2);
    CHECK(engine::list_conflicts(device.engine_db(), {})->size() == 2);
}

TEST_CASE(
    "what was written after the backup does not pass for the remote's form of what was sent before",
    "[epoch]") {
    const bool create = GENERATE(false, true);
    const bool told = GENERATE(false, true);
    const bool same_tick = GENERATE(false, true);
    CAPTURE(create, told, same_tick);
    EpochFixture f;
    f.remote.answers_version = same_tick;
    const auto write = [&](const std::string& phone) {
        if (create)
            f.device.sql("INSERT INTO contact(last_name, phone) VALUES('Dee', '" + phone + "')");
        else
            f.set_phone("Ada", phone);
    };
    const std::string name = create ? "Dee" : "Ada";
    write("1");
    if (!told) f.remote.next_push = MemoryRemote::Fault::kLostAnswer;
    f.remote.after_push = [&] { f.remote.fail_pull_after = 0; };  // nor is it read back
    static_cast<void>(f.device.try_sync("crm"));
    f.remote.after_push = {};
    f.remote.fail_pull_after = SIZE_MAX;
    f.device.back_up();
    if (!same_tick) f.later();
    f.set_phone(name, "2");
    f.device.sync("crm");
    const auto id = f.device.remote_id(
        "Contacts", f.device.number("SELECT id FROM contact WHERE last_name = '" + name + "'"));
    REQUIRE(f.remote.value("Contacts", id, "Phone") == Value("2"));
    f.later();

    f.device.restore();
    REQUIRE(engine::start_epoch(f.device.engine_db()));
    for (int i = 0; i < 2; ++i) f.device.sync("crm");
    CHECK(f.remote.value("Contacts", id, "Phone") == Value("2"));
    // Taken, or asked about; never left as if both were the same.
    if (f.open().empty()) CHECK(f.phone(name) == "2");
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE last_name = '" + name + "'") == 1);
    f.set_phone(name, "3");
    f.device.sync("crm");
    if (f.open().empty()) CHECK(f.remote.value("Contacts", id, "Phone") == Value("3"));
}

TEST_CASE("what the user typed over since the restore is no edit of somebody else", "[epoch]") {
    const auto policy = GENERATE(merge::Policy::kRemote, merge::Policy::kManual);
    CAPTURE(merge::to_string(policy));
    EpochFixture f;
    f.device.remap("crm", [&](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups) group.policy = policy;
    });
    f.set_phone("Ada", "1");
    f.device.back_up();  // it has "1", and does not know that it will have been sent
    f.device.sync("crm");
    REQUIRE(f.there(0) == "1");
    f.later();

    const auto restore = [&] {
        f.device.restore();
        REQUIRE(engine::start_epoch(f.device.engine_db()));
    };
    SECTION("the remote holds what stood here") {
        restore();
        f.set_phone("Ada", "2");
        f.device.sync("crm");
        CHECK(f.phone("Ada") == "2");
        CHECK(f.there(0) == "2");
        CHECK(f.open().empty());
    }
    SECTION("… and the user takes it back to what was known of the remote") {
        restore();
        f.set_phone("Ada", "100");
        f.device.sync("crm");
        CHECK(f.phone("Ada") == "100");
        CHECK(f.there(0) == "100");
    }
    SECTION("… also if a colleague has changed another field of the record since") {
        f.remote.edit("Contacts", f.ids[0], {{"Email", Value("ada@example.com")}});
        restore();
        f.set_phone("Ada", "2");
        f.device.sync("crm");
        CHECK(f.there(0) == "2");
        CHECK(f.device.text("SELECT email FROM contact WHERE last_name = 'Ada'") ==
              "ada@example.com");
    }
    SECTION("it holds what a colleague has written: the policy decides") {
        f.remote.edit("Contacts", f.ids[0], {{"Phone", Value("theirs")}});
        restore();
        f.set_phone("Ada", "2");
        f.device.sync("crm");
        CHECK(f.there(0) == "theirs");
        CHECK(f.phone("Ada") == (policy == merge::Policy::kRemote ? "theirs" : "2"));
        CHECK(f.open().size() == (policy == merge::Policy::kRemote ? 0 : 1));
    }
    SECTION("typed over before the backup: what is there may be newer, and the policy decides") {
        f.set_phone("Bob", "1");
        f.set_phone("Bob", "2");
        f.device.back_up();
        f.device.sync("crm");
        f.later();
        f.set_phone("Bob", "1");  // again
        f.device.sync("crm");
        REQUIRE(f.there(1) == "1");
        restore();
        f.device.sync("crm");
        CHECK(f.there(1) == "1");
    }
}

TEST_CASE("an increment that may have been added before the restore asks", "[epoch]") {
    FakeClock clock;
    MemoryRemote remote(clock);
    remote.streams = people_streams();
    const auto ada = remote.create("Contacts", {{"Last_Name", Value("L")}, {"Phone", Value("15")}});
    clock.advance(seconds{60});
    Device device(clock);
    device.connect("crm", remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups)
                if (group.name == "phone") group.policy = merge::Policy::kSum;
    });
    device.sql("UPDATE contact SET phone = '17'");
    device.back_up();
    device.sync("crm");
    clock.advance(seconds{60});
    remote.edit("Contacts", ada, {{"Phone", Value("20")}});
    device.restore();
    REQUIRE(engine::start_epoch(device.engine_db()));
    device.sync("crm");
    CHECK(remote.value("Contacts", ada, "Phone") == Value("20"));
    CHECK(engine::list_conflicts(device.engine_db(), {})->size() == 1);
}
