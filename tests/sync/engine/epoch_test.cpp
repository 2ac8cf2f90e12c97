// What was known of the remotes is known no more: a replica restored from a backup, and another
// organisation behind the same address.
#include <catch2/catch.hpp>

#include "sync/engine/epoch.hpp"
#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::hours;
using std::chrono::seconds;
using namespace std::string_literals;

namespace {

struct EpochFixture {
    explicit EpochFixture(bool key = true) : remote(clock), device(clock) {
        remote.streams = people_streams();
        if (!key)
            for (auto& stream : remote.streams) stream.can.key_field.clear();
        for (const char* name : {"Ada", "Bob", "Cy"})
            ids.push_back(
                remote.create("Contacts", {{"Last_Name", Value(name)}, {"Phone", Value("100")}}));
        clock.advance(seconds{60});
        device.connect("crm", remote, [](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups) group.policy = merge::Policy::kManual;
        });
        device.sync("crm");
    }
    void set_phone(const std::string& name, const std::string& phone) {
        device.sql("UPDATE contact SET phone = '" + phone + "' WHERE last_name = '" + name + "'");
    }
    std::string phone(const std::string& name) {
        return device.text("SELECT coalesce(phone, '') FROM contact WHERE last_name = '" + name +
                           "'");
    }
    std::string there(int n) { return remote.value("Contacts", ids[n], "Phone").text(); }
    std::vector<engine::Conflict> open() { return *engine::list_conflicts(device.engine_db(), {}); }
    void later() { clock.advance(hours{1}); }

    FakeClock clock;
    MemoryRemote remote;
    Device device;
    std::vector<std::string> ids;
};

}  // namespace

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

TEST_CASE("B5: what a remote that was set back lacks is not deleted here", "[epoch]") {
    EpochFixture f;
    MemoryRemote earlier = f.remote;  // its backup
    f.later();
    f.device.sql("INSERT INTO account(name) VALUES('made since')");
    f.remote.create("Accounts", {{"Account_Name", Value("of a colleague")}});
    f.remote.edit("Contacts", f.ids[0], {{"Phone", Value("since")}});
    f.device.sync("crm");
    REQUIRE(f.device.number("SELECT count(*) FROM account") == 2);
    f.later();

    // Accounts come first, and nothing in them tells: they are but fewer.
    f.device.reroute("crm", earlier);
    engine::CycleOptions sweep;
    sweep.sweep = true;
    CHECK(f.device.try_sync("crm", sweep).error().code == Errc::kMismatch);
    CHECK(f.device.number("SELECT count(*) FROM account") == 2);
    CHECK(f.phone("Ada") == "since");
    CHECK(earlier.pushes == 0);
}

TEST_CASE("B5: what one list lacks is believed once the others have shown no older record",
          "[epoch]") {
    EpochFixture f;
    MemoryRemote earlier = f.remote;
    f.later();
    f.device.sql("INSERT INTO account(name) VALUES('made since')");
    f.remote.edit("Contacts", f.ids[0], {{"Phone", Value("since")}});
    f.device.sync("crm");
    f.later();
    f.device.reroute("crm", earlier);
    // Only the list of accounts is due.
    f.device.sql("UPDATE kontor_stream SET swept_at = NULL WHERE name = 'Accounts'");
    const auto accounts = [&] { return f.device.number("SELECT count(*) FROM account"); };
    REQUIRE(accounts() == 1);
    SECTION("they show one") {
        CHECK(f.device.try_sync("crm").error().code == Errc::kMismatch);
        CHECK(accounts() == 1);
    }
    SECTION("one cannot be read: the next sync looks again") {
        earlier.no_list["Contacts"] = Errc::kUnavailable;
        CHECK(f.device.sync("crm").problem);
        CHECK(accounts() == 1);
        earlier.no_list.clear();
        CHECK(f.device.try_sync("crm").error().code == Errc::kMismatch);
        CHECK(accounts() == 1);
    }
    SECTION("one that we may not read tells nothing") {
        earlier.no_list["Contacts"] = Errc::kPermission;
        CHECK(f.device.sync("crm").problem);
        CHECK(accounts() == 0);
    }
    CHECK(earlier.pushes == 0);
}

TEST_CASE("B5: who says that one record is missing is asked for those that were changed last",
          "[epoch]") {
    EpochFixture f;
    f.device.remap("crm", [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.delete_against_edit = merge::Policy::kRemote;
    });
    MemoryRemote earlier = f.remote;
    f.later();
    f.device.sql("INSERT INTO account(name) VALUES('made since')");
    f.device.sync("crm");
    const auto account = f.device.remote_id("Accounts", 1);
    f.later();
    const auto accounts = [&] { return f.device.number("SELECT count(*) FROM account"); };
    const auto edit_account = [&] { f.device.sql("UPDATE account SET name = 'edited'"); };

    SECTION("one of another stream is older than it was: the remote was set back") {
        f.remote.edit("Contacts", f.ids[0], {{"Phone", Value("since")}});
        f.device.sync("crm");
        f.later();
        f.device.reroute("crm", earlier);
        edit_account();
        CHECK(f.device.try_sync("crm").error().code == Errc::kMismatch);
        CHECK(accounts() == 1);
        CHECK(earlier.pushes == 0);
    }
    SECTION("they are as they were: somebody has deleted it") {
        f.remote.forget("Accounts", account);
        edit_account();
        CHECK(!f.device.sync("crm").problem);
        CHECK(accounts() == 0);
    }
    SECTION("the newest are deleted too: the next tell") {
        f.remote.forget("Accounts", account);
        f.remote.forget("Contacts", f.ids[2]);
        edit_account();
        CHECK(!f.device.sync("crm").problem);
        CHECK(accounts() == 0);
    }
    SECTION("they cannot be read: nothing is believed") {
        for (int i = 0; i < 30; ++i)
            f.remote.create("Contacts", {{"Last_Name", Value("L" + std::to_string(i))}});
        f.device.sync("crm");
        f.remote.forget("Accounts", account);
        edit_account();
        f.remote.no_fetch["Contacts"] = Errc::kUnavailable;
        CHECK(f.device.sync("crm").problem);
        CHECK(accounts() == 1);
        f.remote.no_fetch["Contacts"] = Errc::kPermission;  // tells nothing, and never will
        CHECK(!f.device.sync("crm").problem);
        CHECK(accounts() == 0);
    }
    SECTION("none of many is there: a person is asked") {
        std::vector<std::string> more;
        for (int i = 0; i < 300; ++i)
            more.push_back(
                f.remote.create("Contacts", {{"Last_Name", Value("L" + std::to_string(i))}}));
        f.device.sync("crm");
        for (const auto& id : more) f.remote.forget("Contacts", id);
        f.remote.forget("Accounts", account);
        edit_account();
        const int before = f.remote.fetches;
        CHECK(f.device.sync("crm").problem->code == Errc::kGuard);
        CHECK(f.remote.fetches - before <= 4);
        CHECK(accounts() == 1);
    }
}

TEST_CASE("B5: an id that a remote gives again after it was set back is that of the new record",
          "[epoch]") {
    EpochFixture f(GENERATE(false, true));
    MemoryRemote earlier = f.remote;
    f.later();
    f.device.sql("INSERT INTO contact(last_name) VALUES('Dee')");
    f.device.sync("crm");
    f.later();
    // Nothing there is older than it was: Dee seems to have been deleted.
    f.device.reroute("crm", earlier);
    engine::CycleOptions sweep;
    sweep.sweep = true;
    f.device.sync("crm", sweep);
    REQUIRE(f.device.number("SELECT count(*) FROM contact WHERE last_name = 'Dee'") == 0);

    f.device.sql("INSERT INTO contact(last_name) VALUES('Eve')");
    const auto eve = f.device.number("SELECT id FROM contact WHERE last_name = 'Eve'");
    f.device.sync("crm");
    f.later();
    f.device.sql("UPDATE contact SET phone = '7' WHERE last_name = 'Eve'");
    f.device.sync("crm");
    REQUIRE(earlier.ids("Contacts").size() == 4);
    const auto id = f.device.remote_id("Contacts", eve);
    CHECK(earlier.value("Contacts", id, "Last_Name") == Value("Eve"));
    CHECK(earlier.value("Contacts", id, "Phone") == Value("7"));
    CHECK(f.device.number("SELECT count(*) FROM contact") == 4);
    CHECK(f.device.number("SELECT count(*) FROM kontor_blocked") == 0);
}

TEST_CASE(
    "B5, B1: what was deleted there and is back, older than it was, shows that it was set back",
    "[epoch]") {
    EpochFixture f;
    MemoryRemote earlier = f.remote;
    f.later();
    f.remote.edit("Contacts", f.ids[0], {{"Phone", Value("since")}});
    f.device.sync("crm");
    f.later();
    f.remote.erase("Contacts", f.ids[0]);
    f.later();
    f.device.sync("crm");
    REQUIRE(f.device.number("SELECT count(*) FROM contact WHERE last_name = 'Ada'") == 0);
    engine::CycleOptions sweep;
    sweep.sweep = true;
    SECTION("it was set back to before the edit") {
        f.device.reroute("crm", earlier);
        CHECK(f.device.try_sync("crm", sweep).error().code == Errc::kMismatch);
        CHECK(f.device.number("SELECT count(*) FROM contact WHERE last_name = 'Ada'") == 0);
    }
    SECTION("somebody has restored it, as it was") {
        f.remote.restore("Contacts", f.ids[0]);
        CHECK(!f.device.sync("crm", sweep).problem);
        CHECK(f.phone("Ada") == "since");
    }
}

TEST_CASE(
    "B5, A3: an id that a remote without keys gives again stops the connection, and the new"
    " record is made once",
    "[epoch]") {
    EpochFixture f(false);
    MemoryRemote earlier = f.remote;
    f.later();
    f.device.sql("INSERT INTO contact(last_name, phone) VALUES('Dee', '7')");
    f.device.sync("crm");
    const auto dee = f.device.number("SELECT id FROM contact WHERE last_name = 'Dee'");
    const auto id = f.device.remote_id("Contacts", dee);
    const bool deleted = GENERATE(false, true);  // Dee, here, and nobody told it
    CAPTURE(deleted);
    f.later();
    // Nothing has been read of it when it gives Dee's id to Eve.
    f.device.reroute("crm", earlier);
    f.device.sql("INSERT INTO contact(last_name) VALUES('Eve')");
    if (deleted) f.device.sql("DELETE FROM contact WHERE last_name = 'Dee'");
    CHECK(f.device.try_sync("crm").error().code == Errc::kMismatch);
    const auto eves = [&] {
        return std::ranges::count_if(earlier.ids("Contacts"), [&](const auto& one) {
            return earlier.value("Contacts", one, "Last_Name") == Value("Eve");
        });
    };
    REQUIRE(eves() == 1);
    REQUIRE(earlier.value("Contacts", id, "Last_Name") == Value("Eve"));
    const auto untouched = [&] {
        CHECK(f.device.number("SELECT count(*) FROM contact WHERE last_name = 'Eve'") == 1);
        CHECK(f.device.number("SELECT count(*) FROM contact WHERE last_name = 'Dee'"
                              " AND phone = '7'") == (deleted ? 0 : 1));
    };
    untouched();
    // It stays so until a person has said that this is the remote to go on with.
    REQUIRE(engine::resume(f.device.engine_db(), "crm"));
    const int before = earlier.changes_sent;
    f.device.sql("UPDATE contact SET phone = '8' WHERE last_name = 'Eve'");
    CHECK(f.device.try_sync("crm").error().code == Errc::kMismatch);
    CHECK(earlier.changes_sent == before);

    REQUIRE(engine::accept_remote(f.device.engine_db(), f.clock, "crm", "uid:1"));
    f.device.sync("crm");
    REQUIRE(engine::set_push(f.device.engine_db(), "crm", true));
    for (int i = 0; i < 2; ++i) f.device.sync("crm");
    CHECK(eves() == 1);
    CHECK(earlier.ids("Contacts").size() == 4);
    untouched();
    const auto eve = f.device.number("SELECT id FROM contact WHERE last_name = 'Eve'");
    CHECK(f.device.remote_id("Contacts", eve) == id);
    CHECK(earlier.value("Contacts", id, "Phone") == Value("8"));
}

TEST_CASE("B5: who is asked about is still asked about once a remote has given its id again",
          "[epoch]") {
    EpochFixture f(GENERATE(false, true));
    f.device.remap("crm", [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.delete_against_edit = merge::Policy::kManual;
    });
    MemoryRemote earlier = f.remote;
    f.later();
    f.device.sql("INSERT INTO contact(last_name) VALUES('Dee')");
    f.device.sync("crm");
    f.set_phone("Dee", "7");
    f.later();
    f.device.reroute("crm", earlier);
    engine::CycleOptions sweep;
    sweep.sweep = true;
    f.device.sync("crm", sweep);
    REQUIRE(f.open().size() == 1);
    f.device.sql("INSERT INTO contact(last_name) VALUES('Eve')");
    const bool lost = GENERATE(false, true);
    CAPTURE(lost);
    if (lost) earlier.next_push = MemoryRemote::Fault::kLostAnswer;
    for (int i = 0; i < 3; ++i) {
        static_cast<void>(f.device.try_sync("crm"));
        f.later();
    }
    REQUIRE(earlier.ids("Contacts").size() == 4);
    CHECK(f.phone("Dee") == "7");
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE last_name = 'Eve'") == 1);
    REQUIRE(f.open().size() == 1);
    REQUIRE(engine::resolve(f.device.engine_db(), f.clock, f.device.random, f.open()[0].id,
                            engine::Side::kOurs, "uid:1"));
    f.device.sync("crm");
    REQUIRE(earlier.ids("Contacts").size() == 5);
    const auto dee = f.device.remote_id(
        "Contacts", f.device.number("SELECT id FROM contact WHERE last_name = 'Dee'"));
    CHECK(earlier.value("Contacts", dee, "Phone") == Value("7"));
    CHECK(f.device.number("SELECT count(*) FROM kontor_blocked") == 0);
}

TEST_CASE("B5: another organisation is accepted by a person: links are looked for, nothing is lost",
          "[epoch][organisation]") {
    EpochFixture f;
    f.remote.create("Contacts", {{"Last_Name", Value("Dora")}});
    f.device.sync("crm");
    f.device.sql("INSERT INTO contact(last_name) VALUES('Unsent')");
    f.set_phone("Cy", "unsent edit");
    f.device.sql("DELETE FROM contact WHERE last_name = 'Bob'");

    // The new one has Ada and Cy under their ids, of another age, not Bob, and somebody of its own.
    MemoryRemote other(f.clock);
    other.streams = f.remote.streams;
    other.org = "org-2";
    for (const auto& [name, phone] : std::vector<std::pair<std::string, std::string>>{
             {"Ada", "100"}, {"Own", "1"}, {"Cy", "other value"}})
        other.create("Contacts", {{"Last_Name", Value(name)}, {"Phone", Value(phone)}});
    f.clock.advance(seconds{60});
    f.device.reroute("crm", other);
    CHECK(f.device.try_sync("crm").error().code == Errc::kMismatch);
    REQUIRE(engine::resume(f.device.engine_db(), "crm"));
    CHECK(f.device.try_sync("crm").error().code == Errc::kMismatch);
    REQUIRE(other.pushes == 0);

    REQUIRE(engine::accept_remote(f.device.engine_db(), f.clock, "crm", "uid:1"));
    f.device.sync("crm");
    CHECK(other.pushes == 0);  // off until a person switches it on again
    CHECK(f.phone("Ada") == "100");
    CHECK(f.phone("Cy") == "unsent edit");
    REQUIRE(f.open().size() == 1);
    CHECK(f.open()[0].kind == "uncovered");
    CAPTURE(f.device.text("SELECT group_concat(last_name) FROM contact"));
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE last_name IN"
                          " ('Ada', 'Own', 'Cy', 'Dora', 'Unsent')") == 5);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 5);

    REQUIRE(engine::set_push(f.device.engine_db(), "crm", true));
    f.set_phone("Ada", "101");
    f.set_phone("Dora", "5");
    f.device.sql("DELETE FROM contact WHERE last_name = 'Dora'");
    engine::CycleOptions sweep;
    sweep.sweep = true;
    for (int i = 0; i < 2; ++i) f.device.sync("crm", sweep);
    CHECK(other.value("Contacts", f.ids[0], "Phone") == Value("101"));
    CHECK(other.value("Contacts", f.ids[2], "Phone") == Value("other value"));
    const auto there = other.ids("Contacts");
    REQUIRE(there.size() == 4);  // Ada, Own (under Bob's old id), Cy, Unsent
    CHECK(std::ranges::none_of(other.sent, [](const remote::Change& change) {
        return change.op == remote::ChangeOp::kDelete;
    }));
    CHECK(engine::accept_remote(f.device.engine_db(), f.clock, "nobody", "uid:1").error().code ==
          Errc::kNotFound);
}

TEST_CASE("B5: what a remote lost with its backup goes there again, once, under its old key",
          "[epoch][organisation]") {
    const bool key = GENERATE(true, false);
    CAPTURE(key);
    EpochFixture f(key);
    // As it was when it was backed up; the first of these records were born there, without a key.
    MemoryRemote earlier(f.clock);
    earlier.streams = f.remote.streams;
    for (const char* name : {"Ada", "Bob", "Cy"})
        earlier.create("Contacts", {{"Last_Name", Value(name)}, {"Phone", Value("100")}});
    // What it was told since.
    f.device.sql("INSERT INTO contact(last_name, phone) VALUES('Dee', '7')");
    f.device.sync("crm");
    REQUIRE(f.remote.ids("Contacts").size() == 4);
    const auto uid = f.device.text("SELECT uid FROM contact WHERE last_name = 'Dee'");
    f.set_phone("Bob", "since");
    f.device.sync("crm");
    f.later();
    // Or another laptop has sent it again already, and it has another id now.
    const bool again = key && GENERATE(false, true);
    CAPTURE(again);
    const bool freed = again && GENERATE(false, true);  // nobody has Dee's old id
    CAPTURE(freed);
    if (again)
        for (const char* name : {"Own", "Dee"})
            earlier.create("Contacts", {{"Last_Name", Value(name)},
                                        {"Phone", Value("7")},
                                        {"Kontor_Id", Value(name == "Dee"s ? uid : "own")}});
    if (freed) earlier.erase("Contacts", earlier.ids("Contacts")[3]);

    f.device.reroute("crm", earlier);
    REQUIRE(engine::accept_remote(f.device.engine_db(), f.clock, "crm", "uid:1",
                                  engine::Missing::kSend));
    f.device.sync("crm");
    CHECK(earlier.pushes == 0);  // off until a person switches it on again
    REQUIRE(engine::set_push(f.device.engine_db(), "crm", true));
    engine::CycleOptions sweep;
    sweep.sweep = true;
    for (int i = 0; i < 3; ++i) f.device.sync("crm", sweep);

    CAPTURE(f.device.text("SELECT group_concat(last_name) FROM contact"));
    CHECK(f.device.number("SELECT count(*) FROM contact") == (again && !freed ? 5 : 4));
    const auto there = earlier.ids("Contacts");
    if (!key) {
        CHECK(there.size() == 3);  // it might be there twice, so it stays here
        return;
    }
    REQUIRE(there.size() == (again && !freed ? 5 : 4));
    CHECK(earlier.value("Contacts", there.back(), "Last_Name") == Value("Dee"));
    CHECK(earlier.value("Contacts", there.back(), "Kontor_Id") == Value(uid));
    const int sent = earlier.changes_sent;
    f.device.sync("crm", sweep);
    CHECK(earlier.changes_sent == sent);
}

TEST_CASE("B5: records of an accepted remote that name one it lacks name it again once it is there",
          "[epoch][organisation]") {
    const bool lists_ids = GENERATE(true, false);
    CAPTURE(lists_ids);
    EpochFixture f;
    for (auto& stream : f.remote.streams) stream.can.list_ids = lists_ids;
    const auto acme = f.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    const auto link_to_acme = [&](MemoryRemote& remote) {
        for (const auto& id : f.ids) remote.edit("Contacts", id, {{"Account_Name", Value(acme)}});
    };
    f.later();
    link_to_acme(f.remote);
    f.clock.advance(seconds{60});
    f.device.sync("crm");
    const auto count_of_acme =
        "SELECT count(*) FROM contact JOIN account a ON a.id = account_id WHERE a.name = 'Acme'";
    REQUIRE(f.device.number(count_of_acme) == 3);

    // The contacts have come back, the account has not.
    MemoryRemote earlier(f.clock);
    earlier.streams = f.remote.streams;
    for (const char* name : {"Ada", "Bob", "Cy", "Own"})  // one more: ids that come now are others
        earlier.create("Contacts", {{"Last_Name", Value(name)}, {"Phone", Value("100")}});
    link_to_acme(earlier);
    f.later();
    f.device.reroute("crm", earlier);
    REQUIRE(engine::accept_remote(f.device.engine_db(), f.clock, "crm", "uid:1",
                                  engine::Missing::kSend));
    f.device.sync("crm");
    REQUIRE(engine::set_push(f.device.engine_db(), "crm", true));
    for (int i = 0; i < 2; ++i) f.device.sync("crm");

    const auto there = f.device.remote_id(
        "Accounts", f.device.number("SELECT id FROM account WHERE name = 'Acme'"));
    REQUIRE(there != acme);
    CHECK(f.device.number(count_of_acme) == 3);
    for (const auto& id : f.ids)
        CHECK(earlier.value("Contacts", id, "Account_Name") == Value(there));
    const int sent = earlier.changes_sent;
    f.device.sync("crm");
    CHECK(earlier.changes_sent == sent);
    CHECK(f.open().empty());
}
