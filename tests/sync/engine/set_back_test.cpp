// A remote that was set back to its backup.
#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/sync/engine/epoch_fixture.hpp"

using namespace kontor;
using namespace kontor::test;

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
    const auto make_many = [&](int count) {
        std::vector<std::string> made;
        for (int i = 0; i < count; ++i)
            made.push_back(
                f.remote.create("Contacts", {{"Last_Name", Value("L" + std::to_string(i))}}));
        f.device.sync("crm");
        return made;
    };

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
        make_many(30);
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
        const auto more = make_many(300);
        for (const auto& id : more) f.remote.forget("Contacts", id);
        f.remote.forget("Accounts", account);
        edit_account();
        const int before = f.remote.fetches;
        CHECK(f.device.sync("crm").problem->code == Errc::kGuard);
        CHECK(f.remote.fetches - before <= 4);
        CHECK(accounts() == 1);
    }
    SECTION("… also about what was sent before, and nothing more is read until then") {
        const auto more = make_many(300);
        edit_account();
        f.remote.next_push = MemoryRemote::Fault::kLostAnswer;
        CHECK(f.device.sync("crm").problem);
        for (const auto& id : more) f.remote.forget("Contacts", id);
        f.remote.forget("Accounts", account);
        const int before = f.remote.pulls;
        CHECK(f.device.sync("crm").problem->code == Errc::kGuard);
        CHECK(f.remote.pulls == before);
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
    "B5, A3: an id that a remote gives again unnoticed stops the connection, and the new record is"
    " made once",
    "[epoch]") {
    const bool key = GENERATE(false, true);
    CAPTURE(key);
    EpochFixture f(key);
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
    if (key) f.device.sync("crm");  // she may be Dee, met again: what bears her key tells
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

TEST_CASE("B5: what an accepted remote gives again of what it had lost stops nothing", "[epoch]") {
    EpochFixture f(GENERATE(false, true));
    MemoryRemote earlier = f.remote;
    f.later();
    f.device.sql("INSERT INTO contact(last_name, phone) VALUES('Dee', '7')");
    f.device.sync("crm");
    const auto id = f.device.remote_id(
        "Contacts", f.device.number("SELECT id FROM contact WHERE last_name = 'Dee'"));
    f.later();
    f.device.reroute("crm", earlier);
    REQUIRE(engine::accept_remote(f.device.engine_db(), f.clock, "crm", "uid:1"));
    f.device.sync("crm");
    REQUIRE(engine::set_push(f.device.engine_db(), "crm", true));
    f.device.sql("INSERT INTO contact(last_name) VALUES('Eve')");
    for (int i = 0; i < 2; ++i) CHECK(!f.device.sync("crm").problem);
    CHECK(f.device.remote_id("Contacts", f.device.number("SELECT id FROM contact WHERE last_name ="
                                                         " 'Eve'")) == id);
    CHECK(earlier.value("Contacts", id, "Last_Name") == Value("Eve"));
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE phone = '7'") == 1);
    CHECK(earlier.ids("Contacts").size() == 4);
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
