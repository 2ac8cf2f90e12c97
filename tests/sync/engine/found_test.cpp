// What the simulation (tests/simulation) has found in the engine: one case for each defect. Those
// about what fields a remote shows, and how much of them, are in found_fields_test.cpp; about
// records that another replica makes again, in made_again_test.cpp.
#include <catch2/catch.hpp>

#include "tests/sync/engine/found_world.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::seconds;

namespace {

std::vector<remote::StreamSpec> accounts_with_parent() {
    return {stream_spec(
        "Accounts", "account",
        {text_field("Account_Name", "name"), reference_field("Parent", "parent_id", "Accounts")})};
}

}  // namespace

TEST_CASE("a record that refers to itself does so here too", "[engine][found]") {
    FoundWorld w(accounts_with_parent());
    const auto first = w.remote.create("Accounts", {{"Account_Name", Value("one")}});
    w.remote.edit("Accounts", first, {{"Parent", Value(first)}});
    w.device.connect("a", w.remote);
    const auto second = w.remote.create("Accounts", {{"Account_Name", Value("two")}});
    w.remote.edit("Accounts", second, {{"Parent", Value(second)}});
    w.device.sync("a");

    CHECK(w.device.number("SELECT count(*) FROM account WHERE parent_id = id") == 2);
    CHECK(w.device.number("SELECT count(*) FROM kontor_shadow") == 0);
    CHECK(w.device.number("SELECT count(*) FROM kontor_waiting") == 0);
}

TEST_CASE("a record that was deleted while we could not see it is asked for by the next sweep",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.device.connect("a", w.remote);
    w.remote.forbidden.insert(id);
    w.device.sync("a", with_sweep());
    REQUIRE(w.device.number("SELECT state FROM kontor_link") == 2);

    w.remote.forget("Contacts", id);
    w.remote.forbidden.clear();
    w.device.sync("a", with_sweep());
    CHECK(w.device.number("SELECT count(*) FROM contact") == 0);
}

TEST_CASE("a reference made before its target was deleted and restored there is pushed",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto contact = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    const auto account = w.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    w.device.connect("a", w.remote);
    w.device.sql("UPDATE contact SET account_id = " +
                 std::to_string(w.device.local("Accounts", account)));
    w.remote.erase("Accounts", account);
    w.device.sync("a");
    w.device.sync("a");
    w.remote.restore("Accounts", account);
    w.remote.edit("Accounts", account, {});
    w.device.sync("a");
    w.device.sync("a");

    REQUIRE(w.device.number("SELECT account_id FROM contact") ==
            w.device.local("Accounts", account));
    CHECK(w.remote.value("Contacts", contact, "Account_Name") == Value(account));
}

TEST_CASE("an earlier image of the same second does not undo the later one", "[engine][found]") {
    FoundWorld w(people_streams());
    const auto id = w.remote.create("Contacts", {{"Phone", Value("138")}});
    const auto stale = w.remote.at("Contacts", id);
    w.remote.edit("Contacts", id, {{"Phone", Value("139")}});
    w.device.connect("a", w.remote);
    REQUIRE(w.device.text("SELECT phone FROM contact") == "139");

    w.remote.replay("Contacts", id, stale);
    w.device.sync("a");
    CHECK(w.device.text("SELECT phone FROM contact") == "139");
}

TEST_CASE("undoing that a new record refers to itself is sent to the remote", "[engine][found]") {
    FoundWorld w(accounts_with_parent());
    w.device.connect("a", w.remote);
    const auto id = w.remote.create("Accounts", {{"Account_Name", Value("one")}});
    w.remote.edit("Accounts", id, {{"Parent", Value(id)}});
    w.clock.advance(seconds{60});
    w.device.sync("a");
    REQUIRE(w.device.number("SELECT count(*) FROM account WHERE parent_id = id") == 1);
    REQUIRE(w.device.number("SELECT count(*) FROM kontor_shadow") == 0);

    w.device.sql("UPDATE account SET parent_id = NULL");
    w.device.sync("a");
    CHECK(w.remote.value("Accounts", id, "Parent").is_null());
}

TEST_CASE("records that are made again at the remote have a key each", "[engine][found]") {
    FoundWorld w(people_streams());
    for (const char* name : {"Lee", "Wang"})
        w.remote.create("Contacts", {{"Last_Name", Value(name)}, {"Phone", Value("1")}});
    w.device.connect("a", w.remote);
    w.device.sql("UPDATE contact SET phone = '2'");
    for (const auto& id : w.remote.ids("Contacts")) w.remote.erase("Contacts", id);
    w.device.sync("a");

    CHECK(w.remote.ids("Contacts").size() == 2);
    REQUIRE(w.remote.sent.size() == 2);
    CHECK_FALSE(w.remote.sent[0].key.empty());
    CHECK(w.remote.sent[0].key != w.remote.sent[1].key);
    CHECK(w.device.number("SELECT count(*) FROM contact WHERE uid IS NOT NULL") == 2);
}

TEST_CASE("an image of before our own write, of the same second, does not undo it",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.device.connect("a", w.remote);
    MemoryRemote::Record before;
    w.remote.before_push = [&] {
        w.remote.edit("Contacts", id, {{"Phone", Value("5")}});
        before = w.remote.at("Contacts", id);
    };
    w.device.sql("UPDATE contact SET last_name = 'Wang'");
    w.device.sync("a");
    w.remote.before_push = {};
    REQUIRE(w.remote.value("Contacts", id, "Last_Name") == Value("Wang"));
    REQUIRE(w.remote.at("Contacts", id).version == before.version);

    w.remote.replay("Contacts", id, before);
    w.device.sync("a");
    CHECK(w.device.text("SELECT last_name FROM contact") == "Wang");
    w.device.sync("a");
    CHECK(w.remote.value("Contacts", id, "Last_Name") == Value("Wang"));
}

TEST_CASE("the record that another was merged into is read before anything is sent to it",
          "[engine][found]") {
    FoundWorld w(people_streams());
    w.device.connect("a", w.remote);
    const auto loser = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.device.sync("a");
    const auto winner = w.remote.create("Contacts", {{"Phone", Value("7")}});
    w.remote.edit("Contacts", winner, {{"Phone", Value("8")}});
    w.remote.merge("Contacts", loser, winner);
    w.device.sql("UPDATE contact SET phone = '9'");
    engine::CycleOptions options;
    options.push = false;
    w.remote.fail_pull_after = 0;  // only what is asked for by id is seen
    static_cast<void>(w.device.try_sync("a", options));
    w.remote.fail_pull_after = SIZE_MAX;
    w.device.sync("a");
    // The colleague's value was met, not overwritten unread.
    CHECK(w.device.number("SELECT count(*) FROM kontor_conflict") +
              w.device.number("SELECT count(*) FROM kontor_history WHERE old = '8'") >
          0);
}

TEST_CASE("an edit of a record that was made there and not seen since outlives a deletion there",
          "[engine][found]") {
    auto streams = people_streams();
    for (auto& stream : streams) stream.can.key_field.clear();
    FoundWorld w(std::move(streams));
    w.device.connect("a", w.remote);
    w.device.sql("INSERT INTO contact(last_name) VALUES('Lee')");
    w.remote.after_push = [&] { w.remote.fail_pull_after = 0; };
    static_cast<void>(w.device.try_sync("a"));
    w.remote.fail_pull_after = SIZE_MAX;
    REQUIRE(w.device.number("SELECT count(*) FROM kontor_link WHERE covers = 0") == 1);
    w.remote.erase("Contacts", w.remote.ids("Contacts").front());
    w.device.sql("UPDATE contact SET phone = '139'");
    w.device.sync("a");
    w.device.sync("a");
    CHECK(w.device.text("SELECT phone FROM contact") == "139");
    REQUIRE(w.remote.ids("Contacts").size() == 1);
    CHECK(w.remote.value("Contacts", w.remote.ids("Contacts").front(), "Phone") == Value("139"));
}

TEST_CASE(
    "a record of which no version is known is read before it is written, whatever the remote"
    " compares",
    "[engine][found]") {
    auto streams = people_streams();
    for (auto& stream : streams) stream.can.cas = remote::CompareAndSet::kBatch;
    FoundWorld w(std::move(streams));
    w.remote.answers_version = false;
    w.device.connect("a", w.remote);
    w.device.sql("INSERT INTO contact(last_name) VALUES('Lee')");
    w.remote.fail_pull_after = 0;  // it does not see what it has made
    static_cast<void>(w.device.try_sync("a"));
    const auto id = w.remote.ids("Contacts").front();
    REQUIRE(w.device.text("SELECT coalesce(version, '') FROM kontor_link").empty());

    w.remote.edit("Contacts", id, {{"Last_Name", Value("Wang")}});
    w.device.sql("UPDATE contact SET last_name = 'Li'");
    static_cast<void>(w.device.try_sync("a"));
    CHECK(w.device.number("SELECT count(*) FROM kontor_conflict") +
              w.device.number("SELECT count(*) FROM kontor_history WHERE old = 'Wang'") >
          0);
}

TEST_CASE("who refers to a record that was kept here while it was deleted there does so again",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto account = w.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    const auto contact = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.device.connect("a", w.remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.delete_against_edit = merge::Policy::kManual;
    });
    w.device.sql("UPDATE account SET name = 'Acme AG'");
    w.remote.erase("Accounts", account);
    w.device.sync("a");
    REQUIRE(w.device.number("SELECT count(*) FROM account") == 1);  // a person is asked

    w.remote.edit("Contacts", contact, {{"Account_Name", Value(account)}});
    w.device.sync("a");
    REQUIRE(w.device.number("SELECT count(*) FROM kontor_waiting") == 1);
    w.remote.restore("Accounts", account);
    w.device.sync("a", with_sweep());
    CHECK(w.device.number("SELECT count(*) FROM kontor_waiting") == 0);
    CHECK(w.device.number("SELECT count(*) FROM contact WHERE account_id IS NOT NULL") == 1);
}

TEST_CASE("who refers to a record that was asked about, and is made again, follows it unasked",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto account = w.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    const auto contact = w.remote.create(
        "Contacts", {{"Last_Name", Value("Lee")}, {"Account_Name", Value(account)}});
    w.device.connect("a", w.remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.delete_against_edit = merge::Policy::kManual;
    });
    w.device.sql("UPDATE account SET name = 'Acme AG'");
    w.remote.erase("Accounts", account);
    w.device.sync("a");
    const auto open = *engine::list_conflicts(w.device.engine_db(), {});
    REQUIRE(open.size() == 1);
    const bool changed = GENERATE(false, true);  // at the remote, while it is asked about
    CAPTURE(changed);
    if (changed) {
        w.clock.advance(seconds{60});
        w.remote.edit("Contacts", contact, {{"Phone", Value("139")}});
        w.device.sync("a");
    }
    const auto side = GENERATE(engine::Side::kOurs, engine::Side::kTheirs);
    CAPTURE(side == engine::Side::kOurs);
    REQUIRE(
        engine::resolve(w.device.engine_db(), w.clock, w.device.random, open[0].id, side, "uid:1"));
    for (int i = 0; i < 2; ++i) {
        w.clock.advance(seconds{60});
        w.device.sync("a", with_sweep());
    }
    CHECK(w.device.number("SELECT count(*) FROM kontor_conflict") == 1);
    CHECK(w.device.number("SELECT count(*) FROM kontor_waiting") == 0);
    CHECK(w.device.number("SELECT count(*) FROM kontor_blocked") == 0);
    const auto now = w.remote.ids("Accounts");
    if (side == engine::Side::kOurs) {
        REQUIRE(now.size() == 1);
        CHECK(w.remote.value("Contacts", contact, "Account_Name") == Value(now[0]));
        CHECK(w.device.number("SELECT account_id FROM contact") == 1);
    } else {
        CHECK(now.empty());
        CHECK(w.remote.value("Contacts", contact, "Account_Name").is_blank());
    }
}

TEST_CASE("what was written from here while it went out of sight is read when it is back",
          "[engine][found]") {
    FoundWorld w(people_streams());
    w.device.connect("a", w.remote);
    const auto hidden_after_push = [&] {
        w.remote.after_push = [&] {
            for (const auto& id : w.remote.ids("Contacts")) w.remote.forbidden.insert(id);
        };
        w.device.sync("a");
        w.remote.after_push = {};
        w.clock.advance(std::chrono::hours{1});
        w.device.sync("a");
    };
    SECTION("made here") {
        w.device.sql("INSERT INTO contact(last_name) VALUES('Lee')");
        hidden_after_push();
        w.device.sql("UPDATE contact SET phone = '139'");
    }
    SECTION("changed here, and something of it by the remote itself") {
        w.remote.create("Contacts", {{"Last_Name", Value("Lee")}, {"Phone", Value("1")}});
        w.device.sync("a");
        w.clock.advance(std::chrono::hours{1});
        w.device.sql("UPDATE contact SET phone = '139'");
        hidden_after_push();
    }
    w.remote.forbidden.clear();  // and no stamp tells of it
    engine::CycleOptions options;
    options.sweep = true;
    for (int i = 0; i < 2; ++i) REQUIRE(w.device.try_sync("a", options));
    CHECK(w.remote.value("Contacts", w.remote.ids("Contacts").front(), "Phone") == Value("139"));
    CHECK(w.device.number("SELECT count(*) FROM kontor_intent") == 0);
    CHECK(w.device.number("SELECT count(*) FROM kontor_link WHERE covers = 0") == 0);
}

TEST_CASE("an edit outlives a deletion there, also where it is not known what the remote held",
          "[engine][found]") {
    auto streams = people_streams();
    streams[0].fields[2].may_be_cut = true;
    FoundWorld w(std::move(streams));
    SECTION("for the mapping has changed and the record was not read since") {
        const auto id = w.remote.create("Contacts", {{"Phone", Value("138")}});
        w.device.connect("a", w.remote);
        w.device.remap("a", [](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups)
                    for (auto& field : group.fields)
                        if (field.remote == "Phone") field.max_length = 12;
        });
        w.remote.fail_pull_after = 0;
        static_cast<void>(w.device.try_sync("a"));
        w.remote.fail_pull_after = SIZE_MAX;
        w.device.sql("UPDATE contact SET phone = '139'");
        w.remote.erase("Contacts", id);
    }
    SECTION("for a list has cut it, and it could not be read whole") {
        w.device.connect("a", w.remote);
        w.remote.cut_fields = {"Phone"};
        w.remote.fetch_fails = true;
        const auto id = w.remote.create("Contacts", {{"Phone", Value("138")}});
        REQUIRE(w.device.sync("a").problem);
        w.remote.fetch_fails = false;
        w.device.sql("UPDATE contact SET phone = '139'");
        w.remote.erase("Contacts", id);
    }
    SECTION(
        "for it was made there by us, without an answer, and what a list shows is in question") {
        w.device.connect("a", w.remote, [](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups) group.policy = merge::Policy::kManual;
        });
        w.device.sql("INSERT INTO contact(last_name, phone) VALUES('L', '138')");
        w.remote.next_push = MemoryRemote::Fault::kLostAnswer;
        w.device.sync("a");
        const auto id = w.remote.ids("Contacts").front();
        const auto made = w.remote.at("Contacts", id);
        w.remote.forget("Contacts", id);
        w.remote.replay("Contacts", id, made);
        w.device.sql("UPDATE contact SET phone = '139'");
        w.device.sync("a");
        REQUIRE(w.device.number("SELECT count(*) FROM kontor_conflict WHERE state = 'open'") == 1);
    }
    w.device.sync("a", with_sweep());
    w.device.sync("a");
    CHECK(w.device.text("SELECT phone FROM contact") == "139");
    REQUIRE(w.remote.ids("Contacts").size() == 1);
    CHECK(w.remote.value("Contacts", w.remote.ids("Contacts").front(), "Phone") == Value("139"));
}

TEST_CASE("an edit made just before its record was deleted here is sent once the record is back",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto id = w.remote.create("Contacts", {{"Phone", Value("138")}});
    w.device.connect("a", w.remote);
    w.device.sql("UPDATE contact SET phone = '139'");
    w.device.sql("DELETE FROM contact");
    bool refuses = true;
    w.remote.refuse = [&](const std::string&, const remote::Change&) {
        remote::PushResult no;
        no.status = remote::PushStatus::kForbidden;
        return refuses ? std::optional(no) : std::nullopt;
    };
    w.device.sync("a");
    w.device.sql("INSERT INTO contact(id, phone) VALUES(1, '139')");
    refuses = false;
    w.device.sync("a");
    CHECK(w.device.text("SELECT phone FROM contact") == "139");
    CHECK(w.remote.value("Contacts", id, "Phone") == Value("139"));
}

TEST_CASE("our own edit of a record that we then deleted is no edit of theirs", "[engine][found]") {
    FoundWorld w(people_streams());
    const auto id = w.remote.create("Contacts", {{"Phone", Value("138")}});
    w.device.connect("a", w.remote);
    w.device.sql("UPDATE contact SET phone = '139'");
    w.device.sql("DELETE FROM contact");
    w.remote.edit("Contacts", id, {});  // only the stamp has moved
    w.device.sync("a");
    CHECK(w.remote.ids("Contacts").empty());
    CHECK(w.device.number("SELECT count(*) FROM kontor_conflict") == 0);
}

TEST_CASE("a deletion that is taken back while it is sent is followed by a create",
          "[engine][found]") {
    FoundWorld w(people_streams());
    w.remote.create("Contacts", {{"Phone", Value("138")}});
    w.device.connect("a", w.remote);
    w.device.sql("DELETE FROM contact");
    w.remote.before_push = [&] {
        w.device.sql("INSERT OR IGNORE INTO contact(id, phone) VALUES(1, '138')");
    };
    w.device.sync("a");
    w.device.sync("a");
    CHECK(w.device.number("SELECT count(*) FROM contact") == 1);
    REQUIRE(w.remote.ids("Contacts").size() == 1);
    CHECK(w.device.remote_id("Contacts", 1) == w.remote.ids("Contacts").front());
}

TEST_CASE("who waits for a parent that was kept here, and is back there, goes on",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto account = w.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    w.device.connect("a", w.remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.delete_against_edit = merge::Policy::kManual;
    });
    w.device.sql("UPDATE account SET name = 'Acme AG'");
    w.remote.erase("Accounts", account);
    w.device.sync("a");  // a person is asked
    w.device.sql("INSERT INTO contact(last_name, account_id) SELECT 'Lee', id FROM account");
    w.device.sync("a");
    REQUIRE(w.device.number("SELECT count(*) FROM kontor_blocked") == 1);

    w.remote.restore("Accounts", account);
    w.device.sync("a", with_sweep());
    w.device.sync("a");
    CHECK(w.device.number("SELECT count(*) FROM kontor_blocked") == 0);
    REQUIRE(w.remote.ids("Contacts").size() == 1);
    CHECK(w.remote.value("Contacts", w.remote.ids("Contacts").front(), "Account_Name") ==
          Value(account));
}

TEST_CASE("a record that refers to one of unknown fate says so, and its other fields go on",
          "[engine][found]") {
    auto streams = people_streams();
    for (auto& stream : streams) stream.can.key_field.clear();
    FoundWorld w(std::move(streams));
    const auto contact = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.device.connect("a", w.remote);
    w.device.sql("INSERT INTO account(name) VALUES('Acme')");
    bool lost = true;
    w.remote.refuse = [&](const std::string& stream, const remote::Change&) {
        return lost && stream == "Accounts" ? std::optional(remote::PushResult()) : std::nullopt;
    };
    w.device.sync("a");
    w.device.sync("a");
    REQUIRE(w.device.text("SELECT state FROM kontor_intent") == "parked");

    w.device.sql("UPDATE contact SET account_id = 1, phone = '139'");
    w.device.sync("a");
    CHECK(w.remote.value("Contacts", contact, "Phone") == Value("139"));
    const std::string held =
        "SELECT count(*) FROM kontor_blocked b JOIN kontor_link l ON l.id = b.link"
        " WHERE b.code = 'KONTOR_PARENT' AND l.ext_id IS NOT NULL";
    CHECK(w.device.number(held) == 1);

    lost = false;  // a person says that it may be tried again
    w.device.sql("DELETE FROM kontor_intent");
    w.device.sql("DELETE FROM kontor_blocked WHERE status = 'unknown'");
    w.device.sync("a");
    w.device.sync("a");
    CHECK(w.device.number(held) == 0);
    CHECK(w.remote.value("Contacts", contact, "Account_Name") ==
          Value(w.device.remote_id("Accounts", 1)));
}

TEST_CASE("who waited for a parent and refers to another one since waits no longer",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto account = w.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    const auto contact = w.remote.create(
        "Contacts", {{"Last_Name", Value("Lee")}, {"Account_Name", Value(account)}});
    w.device.connect("a", w.remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups) group.policy = merge::Policy::kRemote;
    });
    w.device.sql("UPDATE account SET name = 'Acme AG'");
    w.remote.erase("Accounts", account);  // the edit wins, but cannot be made there again yet
    w.remote.refuse = [](const std::string& stream, const remote::Change&) {
        remote::PushResult invalid;
        invalid.status = remote::PushStatus::kInvalid;
        return stream == "Accounts" ? std::optional(invalid) : std::nullopt;
    };
    w.device.sync("a");
    w.device.sync("a");
    const std::string held = "SELECT count(*) FROM kontor_blocked WHERE code = 'KONTOR_PARENT'";
    REQUIRE(w.device.number(held) == 1);

    const auto other = w.remote.create("Accounts", {{"Account_Name", Value("Zeta")}});
    w.remote.edit("Contacts", contact, {{"Account_Name", Value(other)}});
    w.device.sync("a");
    CHECK(w.device.number(held) == 0);
    CHECK(w.device.number("SELECT account_id FROM contact") == w.device.local("Accounts", other));
}

TEST_CASE("an answer that was lost is not settled by what an earlier push of ours has written",
          "[engine][found]") {
    auto streams = people_streams();
    for (auto& stream : streams) stream.can.cas = remote::CompareAndSet::kBatch;
    FoundWorld w(std::move(streams));
    w.remote.answers_version = false;
    w.remote.normalise = [](const std::string&, const std::string& field, Value value) {
        return field == "Phone" ? Value("+" + value.text()) : value;
    };
    const auto id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.device.connect("a", w.remote);
    w.clock.advance(seconds{60});
    w.remote.unlisted.insert(id);
    w.device.sql("UPDATE contact SET phone = '1'");
    w.device.sync("a");
    w.clock.advance(seconds{60});
    w.device.sql("UPDATE contact SET phone = '2'");
    w.remote.next_push = MemoryRemote::Fault::kLostRequest;
    REQUIRE(w.remote.value("Contacts", id, "Phone") == Value("+1"));
    static_cast<void>(w.device.try_sync("a"));
    w.remote.unlisted.clear();
    w.clock.advance(seconds{60});
    w.device.sync("a");

    CHECK(w.remote.value("Contacts", id, "Phone") == Value("+2"));
    CHECK(w.device.text("SELECT phone FROM contact") == "2");
    CHECK(w.device.number("SELECT count(*) FROM kontor_conflict") == 0);
}

TEST_CASE("a record that one remote revives is referred to again at the others",
          "[engine][found]") {
    FoundWorld w(people_streams());
    MemoryRemote other{w.clock};
    other.streams = people_streams();
    const auto contact = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.device.connect("a", w.remote);
    w.clock.advance(seconds{60});
    w.device.connect("b", other);
    const auto account = other.create("Accounts", {{"Account_Name", Value("Acme")}});
    w.device.sync("b");
    w.device.sql("UPDATE contact SET account_id = (SELECT id FROM account)");
    w.device.sql("DELETE FROM account");
    w.clock.advance(seconds{60});
    other.edit("Accounts", account, {{"Account_Name", Value("Acme AG")}});
    w.device.sync("a");  // the reference leads nowhere
    REQUIRE(w.device.number("SELECT count(*) FROM account") == 0);
    w.device.sync("b");  // the edit there wins
    REQUIRE(w.device.number("SELECT count(*) FROM account") == 1);
    w.device.sync("a");
    w.device.sync("a");
    REQUIRE(w.remote.ids("Accounts").size() == 1);
    CHECK(w.remote.value("Contacts", contact, "Account_Name") ==
          Value(w.remote.ids("Accounts").front()));
}

TEST_CASE("what changed there while a deletion here was in question is read if it is taken back",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto id = w.remote.create("Contacts", {{"Phone", Value("138")}});
    auto policy = merge::Policy::kManual;
    SECTION("a person is asked") {}
    SECTION("the deletion is to win") {
        policy = merge::Policy::kRemote;
    }
    w.device.connect("a", w.remote, [&](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.delete_against_edit = policy;
    });
    w.device.sql("DELETE FROM contact");
    w.clock.advance(seconds{60});
    w.remote.edit("Contacts", id, {{"Phone", Value("139")}});
    engine::CycleOptions receives;
    receives.push = false;
    w.device.sync("a", receives);
    REQUIRE(w.device.number("SELECT count(*) FROM contact") == 0);

    w.device.sql("INSERT INTO contact(id, phone, email) VALUES(1, '138', 'lee@example.com')");
    w.clock.advance(seconds{60});
    w.device.sync("a");
    CHECK(w.device.text("SELECT phone FROM contact") == "139");
    CHECK(w.remote.value("Contacts", id, "Phone") == Value("139"));
    CHECK(w.remote.value("Contacts", id, "Email") == Value("lee@example.com"));
    CHECK(w.device.number("SELECT count(*) FROM kontor_conflict WHERE state = 'open'") == 0);
    CHECK(w.device.number("SELECT count(*) FROM kontor_shadow") == 0);
}

TEST_CASE("an id that a record has given up, shown by a list that lags, makes no record",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto old = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.device.connect("a", w.remote);
    const auto late = w.remote.at("Contacts", old);
    SECTION("a deletion that was sent is taken back") {
        w.device.sql("DELETE FROM contact");
        w.clock.advance(seconds{60});
        w.device.sync("a");
        w.device.sql("INSERT INTO contact(id, last_name) VALUES(1, 'Lee')");
    }
    SECTION("an edit wins over the deletion there") {
        w.device.sql("UPDATE contact SET phone = '138'");
        w.clock.advance(seconds{60});
        w.remote.erase("Contacts", old);
    }
    w.device.sync("a");
    w.device.sync("a");
    REQUIRE(w.remote.ids("Contacts").size() == 1);
    REQUIRE(w.remote.ids("Contacts").front() != old);

    w.clock.advance(seconds{60});
    w.remote.replay("Contacts", old, late);
    CHECK(w.device.sync("a").streams.front().created_here == 0);
    CHECK(w.device.number("SELECT count(*) FROM contact") == 1);

    w.remote.restore("Contacts", old);  // then it is one more
    w.clock.advance(seconds{60});
    w.device.sync("a", with_sweep());
    CHECK(w.device.number("SELECT count(*) FROM contact") == 2);
    CHECK(w.device.number("SELECT count(*) FROM kontor_meta WHERE key LIKE 'gone:%'") == 0);
}

TEST_CASE("what was gone when it was read by id is no new record as a late page shows it",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto lee = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.device.connect("a", w.remote);
    const auto old_lee = w.remote.at("Contacts", lee);
    w.clock.advance(seconds{60});
    w.remote.edit("Contacts", lee, {{"Phone", Value("138")}});
    w.device.sync("a");
    w.clock.advance(seconds{60});
    const auto kim = w.remote.create("Contacts", {{"Last_Name", Value("Kim")}});
    const auto old_kim = w.remote.at("Contacts", kim);
    w.remote.erase("Contacts", kim);
    w.remote.replays_apart = true;
    w.remote.replay("Contacts", lee, old_lee);  // the page is an old one, and shows it
    w.remote.replay("Contacts", kim, old_kim);
    w.device.sync("a");
    REQUIRE(w.device.number("SELECT count(*) FROM contact") == 1);

    w.clock.advance(seconds{60});
    w.remote.replay("Contacts", kim, old_kim);  // nothing else that is old
    CHECK(w.device.sync("a").streams.front().created_here == 0);
    CHECK(w.device.number("SELECT count(*) FROM contact") == 1);

    w.remote.restore("Contacts", kim);
    w.clock.advance(seconds{60});
    w.device.sync("a", with_sweep());
    CHECK(w.device.number("SELECT count(*) FROM contact") == 2);
    CHECK(w.device.number("SELECT count(*) FROM kontor_meta WHERE key LIKE 'gone:%'") == 0);
}

TEST_CASE(
    "an edit that refers to what is kept here alone, where the remote refers to another, says so",
    "[engine][found]") {
    FoundWorld w(people_streams());
    const auto gone = w.remote.create("Accounts", {{"Account_Name", Value("Gone")}});
    const auto other = w.remote.create("Accounts", {{"Account_Name", Value("Other")}});
    const auto lee =
        w.remote.create("Contacts", {{"Last_Name", Value("Lee")}, {"Account_Name", Value(other)}});
    const auto kim =
        w.remote.create("Contacts", {{"Last_Name", Value("Kim")}, {"Account_Name", Value(gone)}});
    w.device.connect("a", w.remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.delete_here = merge::DeletePolicy::kUnlink;
    });
    const auto kept = std::to_string(w.device.local("Accounts", gone));
    w.clock.advance(seconds{60});
    w.remote.erase("Accounts", gone);
    w.remote.edit("Contacts", kim, {{"Account_Name", Value::null()}});
    w.clock.advance(seconds{60});
    w.device.sync("a");
    REQUIRE(w.device.number("SELECT count(*) FROM account") == 2);

    w.device.sql("UPDATE contact SET phone = '138', account_id = " + kept);
    w.clock.advance(seconds{60});
    for (int i = 0; i < 2; ++i) w.device.sync("a");
    CHECK(w.remote.value("Contacts", lee, "Phone") == Value("138"));
    CHECK(w.remote.value("Contacts", lee, "Account_Name") == Value(other));
    // Kim refers to nobody there: nothing to tell.
    CHECK(w.device.text("SELECT group_concat(x.last_name || ' ' || b.code || ' ' || b.col) FROM"
                        " kontor_blocked b JOIN kontor_link l ON l.id = b.link JOIN contact x"
                        " ON x.id = l.record") == "Lee KONTOR_PARENT account_id");

    w.device.sql("UPDATE contact SET account_id = " +
                 std::to_string(w.device.local("Accounts", other)));
    w.clock.advance(seconds{60});
    w.device.sync("a");
    CHECK(w.device.number("SELECT count(*) FROM kontor_blocked") == 0);
}

TEST_CASE("a change that arrives twice, the second time too late, sets no newer edit back",
          "[engine][found]") {
    auto streams = people_streams();
    for (auto& stream : streams) stream.can.cas = remote::CompareAndSet::kBatch;
    FoundWorld w(std::move(streams));
    const auto lee = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.device.connect("a", w.remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups) group.policy = merge::Policy::kRemote;
    });
    w.clock.advance(seconds{60});
    w.device.sql("UPDATE contact SET phone = '1'");
    const std::string by = GENERATE(as<std::string>(), "api-user", "colleague");
    CAPTURE(by);
    w.remote.refuse = [&](const std::string& stream, const remote::Change& change) {
        w.remote.refuse = nullptr;
        w.device.sql("UPDATE contact SET phone = '2'");
        // A colleague has written something else.
        w.remote.edit(stream, change.id, {{"Phone", Value(by == "api-user" ? "1" : "3")}}, by);
        remote::PushResult late;
        late.status = remote::PushStatus::kChanged;
        return std::optional(late);
    };
    for (int i = 0; i < 2; ++i) {
        w.device.sync("a");
        w.clock.advance(seconds{60});
    }
    const Value last(by == "api-user" ? "2" : "3");
    CHECK(w.remote.value("Contacts", lee, "Phone") == last);
    CHECK(w.device.text("SELECT phone FROM contact") == last.text());
    CHECK(w.device.number("SELECT count(*) FROM kontor_conflict") == (by == "api-user" ? 0 : 1));
    CHECK(w.device.number("SELECT count(*) FROM kontor_intent") == 0);
}

TEST_CASE("what a page that lags shows for the first time is read by id", "[engine][found]") {
    FoundWorld w(people_streams());
    MemoryRemote::Record of_gone;
    std::string gone;
    const auto make_gone = [&] {
        gone = w.remote.create("Contacts", {{"Phone", Value("138")}});
        of_gone = w.remote.at("Contacts", gone);
        w.remote.forget("Contacts", gone);
    };
    const bool shown_first = GENERATE(true, false);
    CAPTURE(shown_first);
    if (shown_first) make_gone();
    w.clock.advance(seconds{1});
    const auto known = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    const auto old = w.remote.at("Contacts", known);
    w.clock.advance(seconds{1});
    if (!shown_first) make_gone();
    w.clock.advance(seconds{60});
    w.remote.edit("Contacts", known, {{"Last_Name", Value("Li")}});
    w.device.connect("a", w.remote);
    REQUIRE(w.device.number("SELECT count(*) FROM contact") == 1);

    // No deleted feed tells that it is gone, and its stamp is the last that it had.
    w.clock.advance(seconds{60});
    w.remote.replay("Contacts", known, old);
    w.remote.replay("Contacts", gone, of_gone);
    const auto there = w.remote.create("Contacts", {{"Last_Name", Value("Wang")}});
    w.device.sync("a");
    CHECK(w.device.number("SELECT count(*) FROM contact") == 2);
    CHECK(w.device.text("SELECT last_name FROM contact WHERE id = " +
                        std::to_string(w.device.local("Contacts", there))) == "Wang");
    CHECK(w.device.text("SELECT last_name FROM contact WHERE id = " +
                        std::to_string(w.device.local("Contacts", known))) == "Li");
}

TEST_CASE("what a page that lags shows for the first time is read by id in a first load, too",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const bool shown_first = GENERATE(true, false);
    CAPTURE(shown_first);
    std::string gone;
    MemoryRemote::Record of_gone;
    const auto make_gone = [&] {
        gone = w.remote.create("Contacts", {{"Phone", Value("138")}});
        of_gone = w.remote.at("Contacts", gone);
    };
    if (shown_first) make_gone();
    const auto known = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    const auto old = w.remote.at("Contacts", known);
    if (!shown_first) make_gone();
    w.clock.advance(seconds{60});
    w.remote.edit("Contacts", known, {{"Last_Name", Value("Li")}});
    w.remote.forget("Contacts", gone);
    w.remote.replays_apart = true;
    w.remote.replay("Contacts", known, old);
    w.remote.replay("Contacts", gone, of_gone);
    w.device.connect("a", w.remote);
    CHECK(w.device.number("SELECT count(*) FROM contact") == 1);
    CHECK(w.device.text("SELECT last_name FROM contact") == "Li");
}

TEST_CASE("newest: what another remote brought is not as old as what was typed before it",
          "[engine][found]") {
    const auto by_time = [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups) {
                group.policy = merge::Policy::kNewest;
                group.fallback = merge::Policy::kManual;
            }
    };
    FoundWorld w(people_streams());
    MemoryRemote other(w.clock);
    other.streams = people_streams();
    const auto id = w.remote.create("Contacts", {{"Last_Name", Value("Ada")}});
    w.device.connect("a", w.remote, by_time);
    w.device.connect("b", other, by_time);
    w.device.sync("b");
    const auto id_there = other.ids("Contacts").at(0);
    w.device.stamp_by_clock();
    w.clock.advance(seconds{3'600});
    w.device.sql("UPDATE contact SET phone = 'typed'");
    w.clock.advance(seconds{60});
    w.device.sync("a");
    w.device.sync("b");
    REQUIRE(other.value("Contacts", id_there, "Phone") == Value("typed"));

    w.clock.advance(seconds{600});
    other.edit("Contacts", id_there, {{"Phone", Value("after it")}});
    w.clock.advance(seconds{600});
    w.remote.edit("Contacts", id, {{"Phone", Value("last")}});
    w.clock.advance(seconds{60});
    w.device.sync("a");
    w.device.sync("b");
    CHECK(w.device.text("SELECT phone FROM contact") == "last");
    CHECK(other.value("Contacts", id_there, "Phone") == Value("after it"));
    CHECK(engine::list_conflicts(w.device.engine_db(), {})->size() == 1);
}
