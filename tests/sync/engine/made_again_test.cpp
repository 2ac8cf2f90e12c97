// Records that are gone at a remote and that another replica makes there again, for an edit of its
// own: they go on here under their new ids, and are doubled nowhere (D7).
#include <catch2/catch.hpp>

#include "tests/sync/engine/found_world.hpp"

using namespace kontor;
using namespace kontor::test;

namespace {

void ours_wins(merge::Mapping& mapping) {
    for (auto& stream : mapping.streams)
        for (auto& group : stream.groups) group.policy = merge::Policy::kLocal;
}

}  // namespace

TEST_CASE("a record that another replica has made again there goes on here under its new id",
          "[engine][found]") {
    FoundWorld w(people_streams());
    Device other{w.clock};
    w.device.connect("a", w.remote);
    w.device.sql("INSERT INTO contact(last_name) VALUES('Lee')");
    w.device.sync("a");
    const std::string uid = w.device.text("SELECT uid FROM contact");
    w.clock.advance(std::chrono::hours{1});
    other.connect("a", w.remote);

    const auto id = w.remote.ids("Contacts").front();
    const auto late = w.remote.at("Contacts", id);
    w.device.sql("UPDATE contact SET phone = '138'");
    other.sql("UPDATE contact SET email = 'lee@example.org'");
    SECTION("where it is gone") {
        w.remote.forget("Contacts", id);
        other.sync("a", with_sweep());
        REQUIRE(w.remote.ids("Contacts").size() == 1);
        w.remote.replay("Contacts", id, late);
        other.sync("a");  // a late image of the old one makes no other record
        CHECK(other.number("SELECT count(*) FROM contact") == 1);
        w.device.sync("a");
        w.device.sync("a");
        CHECK(w.device.number("SELECT count(*) FROM contact") == 1);
        CHECK(w.device.text("SELECT uid FROM contact") == uid);
        const auto now = w.remote.ids("Contacts").front();
        CHECK(w.device.remote_id("Contacts", 1) == now);
        CHECK(w.device.text("SELECT email FROM contact") == "lee@example.org");
        CHECK(w.remote.value("Contacts", now, "Phone") == Value("138"));
        CHECK(w.device.number("SELECT count(*) FROM kontor_conflict") == 0);
    }
    SECTION("but not where both are there, for somebody has copied the key") {
        w.remote.create("Contacts", {{"Last_Name", Value("Li")}, {"Kontor_Id", Value(uid)}});
        w.device.sync("a");
        CHECK(w.device.number("SELECT count(*) FROM contact") == 2);
        CHECK(w.device.remote_id("Contacts", 1) == id);
        CHECK(w.remote.value("Contacts", id, "Phone") == Value("138"));
    }
}

TEST_CASE(
    "what was typed into a hidden field wins over a deletion also once another replica has made"
    " the record again",
    "[engine][found]") {
    FoundWorld w(people_streams());
    w.device.connect("a", w.remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.delete_against_edit = merge::Policy::kLocal;
    });
    w.device.sql("INSERT INTO contact(last_name) VALUES('Lee')");
    w.device.sync("a");
    const std::string uid = w.device.text("SELECT uid FROM contact");
    w.clock.advance(std::chrono::hours{1});
    w.device.sync("a");
    w.remote.hidden_fields = {"Phone"};
    std::erase_if(w.device.settings("a").streams.front().fields,
                  [](const auto& field) { return field.name == "Phone"; });
    const bool typed = GENERATE(true, false);
    CAPTURE(typed);
    w.device.sql(typed ? "UPDATE contact SET phone = '139'"
                       : "UPDATE contact SET email = 'l@x.cn'");
    const auto ends = [&] {
        w.clock.advance(std::chrono::minutes{10});
        w.remote.erase("Contacts", w.remote.ids("Contacts").front());
    };
    ends();
    w.remote.create("Contacts", {{"Last_Name", Value("Lee")}, {"Kontor_Id", Value(uid)}});
    w.clock.advance(std::chrono::minutes{1});
    for (int i = 0; i < 2; ++i) w.device.sync("a");
    REQUIRE(w.remote.ids("Contacts").size() == 1);
    REQUIRE(w.device.remote_id("Contacts", 1) == w.remote.ids("Contacts").front());
    ends();
    w.clock.advance(std::chrono::minutes{1});
    w.device.sync("a");
    // What could be sent was; what could not is nowhere but here.
    CHECK(w.device.number("SELECT count(*) FROM contact") == (typed ? 1 : 0));
}

TEST_CASE("two replicas that make the same record of the remote again make one",
          "[engine][found]") {
    FoundWorld w(people_streams());
    Device other{w.clock};
    const auto id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.device.connect("a", w.remote);
    other.connect("b", w.remote);  // whatever each calls the connection
    other.settings("b").plugin = w.device.settings("a").plugin;
    w.clock.advance(std::chrono::hours{1});
    w.device.sql("UPDATE contact SET phone = '138'");
    other.sql("UPDATE contact SET email = 'lee@example.org'");
    const auto policy = GENERATE(merge::Policy::kLocal, merge::Policy::kManual);
    for (const auto& [device, name] : {std::pair{&w.device, "a"}, std::pair{&other, "b"}})
        device->remap(name, [&](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams) stream.delete_against_edit = policy;
        });
    const bool feed = GENERATE(true, false);
    if (feed)
        w.remote.erase("Contacts", id);
    else
        w.remote.forget("Contacts", id);
    const auto sync = [&](Device& device, const char* name) {
        w.clock.advance(std::chrono::minutes{1});
        device.sync(name, with_sweep());
        const auto open = *engine::list_conflicts(device.engine_db(), {});
        for (const auto& asked : open)
            REQUIRE(engine::resolve(device.engine_db(), w.clock, device.random, asked.id,
                                    engine::Side::kOurs, "uid:1"));
    };
    const bool both_know = GENERATE(true, false);  // of its end, before the other has made it again
    if (both_know && policy == merge::Policy::kManual) sync(other, "b");
    for (int i = 0; i < 3; ++i) {
        sync(w.device, "a");
        sync(other, "b");
    }
    REQUIRE(w.remote.ids("Contacts").size() == 1);
    const auto now = w.remote.ids("Contacts").front();
    CHECK(w.remote.value("Contacts", now, "Phone") == Value("138"));
    CHECK(w.remote.value("Contacts", now, "Email") == Value("lee@example.org"));
    for (Device* device : {&w.device, &other}) {
        CHECK(device->number("SELECT count(*) FROM contact") == 1);
        CHECK(device->text("SELECT phone || email FROM contact") == "138lee@example.org");
        // Should one have to make it once more, the other knows it again.
        CHECK(Value(device->text("SELECT uid FROM contact")) ==
              w.remote.value("Contacts", now, "Kontor_Id"));
    }
}

TEST_CASE("who waits for what another replica has made again leads to it once ours has met it",
          "[engine][found]") {
    FoundWorld w(people_streams());
    Device other{w.clock};
    const auto account = w.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    const auto contact = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    const auto local_wins = [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.delete_against_edit = merge::Policy::kLocal;
    };
    w.device.connect("a", w.remote, local_wins);
    other.connect("a", w.remote, local_wins);
    w.clock.advance(std::chrono::hours{1});
    w.device.sql("UPDATE account SET name = 'Acme AG'");
    other.sql("UPDATE account SET name = 'Acme AG'");
    w.remote.erase("Accounts", account);
    other.sync("a");
    REQUIRE(w.remote.ids("Accounts").size() == 1);
    const auto again = w.remote.ids("Accounts").front();

    // The contact is read before the account, which lists do not show yet.
    w.remote.unlisted = {again};
    w.clock.advance(std::chrono::minutes{1});
    w.remote.edit("Contacts", contact, {{"Account_Name", Value(again)}});
    w.device.sync("a");
    w.remote.unlisted.clear();
    for (int i = 0; i < 2; ++i) w.device.sync("a");

    CHECK(w.remote.ids("Accounts").size() == 1);
    CHECK(w.device.remote_id("Accounts", 1) == again);
    CHECK(w.device.number("SELECT account_id FROM contact") == 1);
    CHECK(w.device.number("SELECT count(*) FROM kontor_waiting") == 0);
    CHECK(w.remote.value("Contacts", contact, "Account_Name") == Value(again));
}

TEST_CASE("what another replica may have made again is not made once more while the list is cut",
          "[engine][found]") {
    FoundWorld w(people_streams());
    w.remote.upserts = false;
    Device other{w.clock};
    w.device.connect("a", w.remote, ours_wins);
    w.device.sql("INSERT INTO contact(last_name) VALUES('Lee')");
    w.device.sync("a");
    const auto id = w.remote.ids("Contacts").front();
    w.clock.advance(std::chrono::hours{1});
    other.connect("a", w.remote, ours_wins);
    w.device.sql("UPDATE contact SET phone = '138'");
    other.sql("UPDATE contact SET email = 'lee@example.org'");
    w.remote.forget("Contacts", id);
    w.clock.advance(std::chrono::minutes{1});
    other.sync("a", with_sweep());
    REQUIRE(w.remote.ids("Contacts").size() == 1);

    w.remote.no_pull["Contacts"] = Errc::kUnavailable;
    w.clock.advance(std::chrono::minutes{1});
    w.device.try_sync("a");
    CHECK(w.remote.ids("Contacts").size() == 1);
    w.remote.no_pull.clear();
    for (Device* device : {&w.device, &other}) {
        w.clock.advance(std::chrono::minutes{1});
        device->sync("a");
    }
    REQUIRE(w.remote.ids("Contacts").size() == 1);
    const auto now = w.remote.ids("Contacts").front();
    CHECK(w.remote.value("Contacts", now, "Phone") == Value("138"));
    for (Device* device : {&w.device, &other})
        CHECK(device->text("SELECT phone || email FROM contact") == "138lee@example.org");
}

TEST_CASE("who refers to a record that is not made again while the list is cut waits with it",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto account = w.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    w.clock.advance(std::chrono::minutes{1});
    w.device.connect("a", w.remote, ours_wins);
    w.device.sync("a");
    w.device.sql("UPDATE account SET name = 'Acme AG'");
    w.device.sql("INSERT INTO contact(last_name, account_id) VALUES('Lee', 1)");
    w.remote.forget("Accounts", account);
    w.remote.no_pull["Accounts"] = Errc::kUnavailable;
    w.clock.advance(std::chrono::minutes{1});
    w.device.try_sync("a");
    CHECK(w.remote.ids("Accounts").empty());
    CHECK(w.remote.ids("Contacts").empty());
    CHECK(w.device.number("SELECT count(*) FROM kontor_blocked") == 0);

    w.remote.no_pull.clear();
    w.clock.advance(std::chrono::minutes{1});
    w.device.sync("a");
    REQUIRE(w.remote.ids("Accounts").size() == 1);
    REQUIRE(w.remote.ids("Contacts").size() == 1);
    CHECK(w.remote.value("Contacts", w.remote.ids("Contacts").front(), "Account_Name") ==
          Value(w.remote.ids("Accounts").front()));
}

TEST_CASE("of two records that two replicas make again each is met under its own key",
          "[engine][found]") {
    FoundWorld w(people_streams());
    Device other{w.clock};
    const auto lee = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    const auto kim = w.remote.create("Contacts", {{"Last_Name", Value("Kim")}});
    w.device.connect("a", w.remote);
    other.connect("a", w.remote);
    w.clock.advance(std::chrono::hours{1});
    w.device.sql("UPDATE contact SET phone = last_name || ' 138'");
    other.sql("UPDATE contact SET email = last_name || '@example.org'");
    w.remote.erase("Contacts", lee);
    w.remote.erase("Contacts", kim);
    for (int i = 0; i < 3; ++i) {
        w.clock.advance(std::chrono::minutes{1});
        w.device.sync("a");
        other.sync("a");
    }
    REQUIRE(w.remote.ids("Contacts").size() == 2);
    for (const auto& id : w.remote.ids("Contacts")) {
        const std::string name = w.remote.value("Contacts", id, "Last_Name").text();
        CHECK(w.remote.value("Contacts", id, "Phone") == Value(name + " 138"));
        CHECK(w.remote.value("Contacts", id, "Email") == Value(name + "@example.org"));
    }
    for (Device* device : {&w.device, &other})
        CHECK(device->number("SELECT count(*) FROM contact") == 2);
}

TEST_CASE("a record that is in question here is the one that another replica has made again",
          "[engine][found]") {
    FoundWorld w(people_streams());
    Device other{w.clock};
    const auto id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.device.connect("a", w.remote);
    other.connect("a", w.remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.delete_against_edit = merge::Policy::kManual;
    });
    w.clock.advance(std::chrono::hours{1});
    w.device.sql("UPDATE contact SET phone = '138'");
    other.sql("UPDATE contact SET email = 'lee@example.org'");
    w.remote.erase("Contacts", id);
    other.sync("a");
    REQUIRE(engine::list_conflicts(other.engine_db(), {})->size() == 1);
    w.device.sync("a");
    w.clock.advance(std::chrono::minutes{1});
    for (int i = 0; i < 2; ++i) other.sync("a");
    REQUIRE(w.remote.ids("Contacts").size() == 1);
    CHECK(other.number("SELECT count(*) FROM contact") == 1);
    CHECK(other.remote_id("Contacts", 1) == w.remote.ids("Contacts").front());
    CHECK(other.text("SELECT phone FROM contact") == "138");
}

// Another remote keeps its own when one deletes: with a second record here it would get a second.
TEST_CASE("a record that another replica has made again is the one that was deleted here",
          "[engine][found]") {
    FoundWorld w(people_streams());
    MemoryRemote keeper{w.clock};
    keeper.streams = people_streams();
    const bool keyed = GENERATE(true, false);
    CAPTURE(keyed);
    if (!keyed)
        for (auto& stream : keeper.streams) stream.can.key_field.clear();
    Device other{w.clock};
    std::string id;
    w.device.connect("a", w.remote);
    w.device.connect("b", keeper);
    const bool born_there = GENERATE(true, false);  // then it has no uid before it is made again
    CAPTURE(born_there);
    if (born_there) {
        id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
        other.connect("a", w.remote, ours_wins);
    } else {
        other.connect("a", w.remote, ours_wins);
        other.sql("INSERT INTO contact(last_name) VALUES('Lee')");
        other.sync("a");
        id = w.remote.ids("Contacts").front();
    }
    w.clock.advance(std::chrono::hours{1});
    const auto sync = [&] {
        w.device.sync("a");
        w.device.sync("b");
    };
    sync();
    const auto here = w.device.local("Contacts", id);

    other.sql("UPDATE contact SET phone = '138'");
    const auto late = w.remote.at("Contacts", id);
    w.remote.erase("Contacts", id);
    sync();
    REQUIRE(w.device.number("SELECT count(*) FROM contact") == 0);
    other.sync("a");
    REQUIRE(w.remote.ids("Contacts").size() == 1);
    w.clock.advance(std::chrono::hours{1});
    sync();
    sync();
    const auto again = w.remote.ids("Contacts").front();
    CHECK(w.device.number("SELECT count(*) FROM contact") == 1);
    CHECK(w.device.local("Contacts", again) == here);
    const auto key = w.remote.value("Contacts", again, "Kontor_Id");
    CHECK(Value(w.device.text("SELECT coalesce(l.key, c.uid) FROM contact c JOIN kontor_link l"
                              " ON l.record = c.id WHERE l.ext_id = '" +
                              again + "'")) == key);
    REQUIRE(keeper.ids("Contacts").size() == 1);
    const auto kept = keeper.ids("Contacts").front();
    CHECK(keeper.value("Contacts", kept, "Phone") == Value("138"));
    // Once more, when both have edited it: it is called there as before, also by who has named it
    // otherwise elsewhere.
    other.sync("a");
    w.device.sql("UPDATE contact SET email = 'lee@example.org'");
    other.sql("UPDATE contact SET phone = '139'");
    w.clock.advance(std::chrono::hours{1});
    w.remote.erase("Contacts", again);
    sync();
    other.sync("a");
    other.sync("a");
    sync();
    REQUIRE(w.remote.ids("Contacts").size() == 1);
    const auto third = w.remote.ids("Contacts").front();
    CHECK(w.remote.value("Contacts", third, "Kontor_Id") == key);
    CHECK(w.remote.value("Contacts", third, "Email") == Value("lee@example.org"));
    CHECK(w.remote.value("Contacts", third, "Phone") == Value("139"));
    CHECK(keeper.ids("Contacts") == std::vector{kept});
    CHECK(keeper.value("Contacts", kept, "Phone") == Value("139"));
    w.remote.replay("Contacts", id, late);
    w.device.sync("a");
    CHECK(w.device.number("SELECT count(*) FROM contact") == 1);
}

// Each remote's other replicas call it after its id there.
TEST_CASE("a person who is on two remotes is made again at each as others make them again there",
          "[engine][found]") {
    FoundWorld w(people_streams());
    MemoryRemote second{w.clock};
    second.streams = people_streams();
    Device other{w.clock}, third{w.clock};
    const RemoteRow lee{{"Last_Name", Value("Lee")}, {"Email", Value("lee@example.org")}};
    const auto first_id = w.remote.create("Contacts", lee);
    const auto second_id = second.create("Contacts", lee);
    other.connect("a", w.remote, ours_wins);
    third.connect("b", second, ours_wins);
    w.device.connect("a", w.remote);
    w.device.connect("b", second);
    w.clock.advance(std::chrono::hours{1});
    const auto sync = [&] {
        w.device.sync("a");
        w.device.sync("b");
    };
    sync();
    REQUIRE(w.device.number("SELECT count(*) FROM contact") == 1);

    const auto gone = [&](MemoryRemote& remote, Device& beside, const std::string& name,
                          const std::string& id, const std::string& phone) {
        w.device.sql("UPDATE contact SET phone = '" + phone + "'");
        beside.sql("UPDATE contact SET first_name = 'L" + phone + "'");
        remote.erase("Contacts", id);
        w.clock.advance(std::chrono::minutes{1});
        sync();
        beside.sync(name);
        beside.sync(name);
        sync();
        REQUIRE(remote.ids("Contacts").size() == 1);
        const auto again = remote.ids("Contacts").front();
        CHECK(remote.value("Contacts", again, "First_Name") == Value("L" + phone));
        w.clock.advance(std::chrono::hours{1});
        return again;
    };
    const auto first_again = gone(w.remote, other, "a", first_id, "1");
    const auto second_again = gone(second, third, "b", second_id, "2");
    gone(w.remote, other, "a", first_again, "3");
    gone(second, third, "b", second_again, "4");
    CHECK(w.device.number("SELECT count(*) FROM contact") == 1);
}

// D7. What it was made of and what it is now are read by the same pull, before anything of it went
// to another remote.
TEST_CASE("a record that another replica has made again is handed on once", "[engine][found]") {
    FoundWorld w(people_streams());
    MemoryRemote second{w.clock};
    second.streams = people_streams();
    Device other{w.clock};
    w.device.connect("a", w.remote);
    w.device.connect("b", second);
    const auto id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    other.connect("a", w.remote);
    other.sql("UPDATE contact SET phone = '138'");
    const auto late = w.remote.at("Contacts", id);
    const auto sync = [&] {
        w.clock.advance(std::chrono::minutes{1});
        w.device.sync("a");
        w.device.sync("b");
    };
    SECTION("where the old one is gone") {
        w.remote.forget("Contacts", id);
        other.sync("a", with_sweep());
        REQUIRE(w.remote.ids("Contacts").size() == 1);
        const bool new_first = GENERATE(false, true);
        CAPTURE(new_first);
        w.clock.advance(std::chrono::minutes{1});
        if (new_first) w.device.sync("a");
        w.remote.replay("Contacts", id, late);
        for (int i = 0; i < 3; ++i) sync();
        CHECK(w.device.number("SELECT count(*) FROM contact") == 1);
        CHECK(w.device.remote_id("Contacts", 1) == w.remote.ids("Contacts").front());
        REQUIRE(second.ids("Contacts").size() == 1);
        CHECK(second.value("Contacts", second.ids("Contacts").front(), "Phone") == Value("138"));
    }
    SECTION("but both are where both are there, for somebody has copied the key") {
        w.remote.erase("Contacts", id);
        other.sync("a");
        REQUIRE(w.remote.ids("Contacts").size() == 1);
        w.remote.restore("Contacts", id);
        for (int i = 0; i < 3; ++i) sync();
        CHECK(w.remote.ids("Contacts").size() == 2);
        CHECK(w.device.number("SELECT count(*) FROM contact") == 2);
        CHECK(second.ids("Contacts").size() == 2);
    }
}

TEST_CASE("a record that was restored there, and then is gone and made again, is still one",
          "[engine][found]") {
    FoundWorld w(people_streams());
    Device other{w.clock};
    const auto id = w.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    w.device.connect("a", w.remote);
    other.connect("a", w.remote);
    const auto sync = [&](Device& device) {
        w.clock.advance(std::chrono::minutes{1});
        device.sync("a", with_sweep());
    };
    other.sql("UPDATE contact SET phone = '138'");
    w.remote.erase("Contacts", id);
    sync(w.device);
    REQUIRE(w.device.number("SELECT count(*) FROM contact") == 0);
    w.remote.restore("Contacts", id);
    sync(w.device);
    REQUIRE(w.device.number("SELECT count(*) FROM contact") == 1);
    w.remote.erase("Contacts", id);
    sync(other);
    sync(w.device);
    REQUIRE(w.remote.ids("Contacts").size() == 1);
    CHECK(w.device.number("SELECT count(*) FROM contact") == 1);
    CHECK(w.device.remote_id("Contacts", 1) == w.remote.ids("Contacts").front());
    CHECK(w.device.text("SELECT phone FROM contact") == "138");
}

TEST_CASE("what is restored there and changed is not what our lost create has made",
          "[engine][found]") {
    FoundWorld w(people_streams());
    w.device.connect("a", w.remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups) group.policy = merge::Policy::kManual;
    });
    w.device.sql("INSERT INTO contact(last_name, phone) VALUES('Lee', '138')");
    for (int i = 0; i < 2; ++i) {
        w.clock.advance(std::chrono::minutes{1});
        w.device.sync("a");
    }
    const auto id = w.remote.ids("Contacts").front();
    w.remote.erase("Contacts", id);
    w.device.sql("UPDATE contact SET phone = '139'");
    w.clock.advance(std::chrono::minutes{2});
    w.remote.next_push = MemoryRemote::Fault::kLostRequest;
    static_cast<void>(w.device.try_sync("a"));
    w.remote.restore("Contacts", id);
    w.clock.advance(std::chrono::hours{1});
    w.remote.edit("Contacts", id, {{"Email", Value("lee@example.org")}});
    for (int i = 0; i < 2; ++i) {
        w.clock.advance(std::chrono::minutes{1});
        w.device.sync("a");
    }
    CHECK(w.remote.ids("Contacts") == std::vector{id});
    CHECK(w.device.text("SELECT phone || email FROM contact") == "139lee@example.org");
    const auto asked = *engine::list_conflicts(w.device.engine_db(), {});
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].fields.front().ours == Value("139"));
    CHECK(asked[0].fields.front().theirs == Value("138"));
}

TEST_CASE("who refers to a record that was deleted on both sides follows it when it is made again",
          "[engine][found]") {
    FoundWorld w(people_streams());
    w.device.connect("a", w.remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups) group.policy = merge::Policy::kManual;
    });
    w.device.sql("INSERT INTO account(name) VALUES('Acme')");
    for (int i = 0; i < 2; ++i) {
        w.clock.advance(std::chrono::minutes{1});
        w.device.sync("a");
    }
    const auto old = w.remote.ids("Accounts").front();
    const auto key = w.remote.value("Accounts", old, "Kontor_Id");
    w.device.sql("DELETE FROM account");
    w.remote.forget("Accounts", old);  // it is found to be gone when it is to be deleted
    const auto contact =
        w.remote.create("Contacts", {{"Last_Name", Value("Lee")}, {"Account_Name", Value(old)}});
    w.clock.advance(std::chrono::minutes{1});
    w.device.sync("a");
    const auto again =
        w.remote.create("Accounts", {{"Account_Name", Value("Acme AG")}, {"Kontor_Id", key}});
    for (int i = 0; i < 3; ++i) {
        w.clock.advance(std::chrono::minutes{1});
        w.device.sync("a", with_sweep());
    }
    CHECK(w.device.number("SELECT count(*) FROM kontor_conflict") == 0);
    CHECK(w.device.text("SELECT a.name FROM contact c JOIN account a ON a.id = c.account_id") ==
          "Acme AG");
    CHECK(w.remote.value("Contacts", contact, "Account_Name") == Value(again));
}

TEST_CASE("a deletion is not taken back for what it referred to has been made again",
          "[engine][found]") {
    FoundWorld w(people_streams());
    const auto account = w.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    w.remote.create("Contacts", {{"Last_Name", Value("Lee")}, {"Account_Name", Value(account)}});
    w.clock.advance(std::chrono::minutes{1});
    w.device.connect("a", w.remote);
    w.device.sync("a");
    w.device.sql("UPDATE account SET name = 'Acme AG'");
    w.device.sql("DELETE FROM contact");
    w.remote.erase("Accounts", account);  // the edit wins
    for (int i = 0; i < 2; ++i) {
        w.clock.advance(std::chrono::minutes{1});
        w.device.sync("a");
    }
    REQUIRE(w.remote.ids("Accounts").size() == 1);
    CHECK(w.remote.ids("Contacts").empty());
    CHECK(w.device.number("SELECT count(*) FROM contact") == 0);
    CHECK(w.device.number("SELECT count(*) FROM kontor_conflict WHERE kind = 'delete' AND"
                          " entity = (SELECT id FROM kontor_entity WHERE name = 'contact')") == 0);
}

TEST_CASE("who refers to a record in question follows it when it is made again",
          "[engine][found]") {
    FoundWorld w(people_streams());
    w.device.connect("a", w.remote, [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) {
            stream.delete_against_edit = merge::Policy::kManual;
            for (auto& group : stream.groups) group.policy = merge::Policy::kManual;
        }
    });
    w.device.sql("INSERT INTO account(name) VALUES('Acme')");
    w.device.sql("INSERT INTO contact(last_name, account_id) VALUES('Lee', 1)");
    for (int i = 0; i < 2; ++i) {
        w.clock.advance(std::chrono::minutes{1});
        w.device.sync("a");
    }
    const auto contact = w.remote.ids("Contacts").front();
    const auto key = w.remote.value("Accounts", w.remote.ids("Accounts").front(), "Kontor_Id");
    w.device.sql("UPDATE account SET name = 'Acme AG'");
    w.remote.erase("Accounts", w.remote.ids("Accounts").front());
    w.clock.advance(std::chrono::minutes{1});
    w.device.sync("a");
    REQUIRE(engine::list_conflicts(w.device.engine_db(), {})->size() == 1);

    const auto again =
        w.remote.create("Accounts", {{"Account_Name", Value("Acme")}, {"Kontor_Id", key}});
    if (GENERATE(false, true)) w.remote.edit("Contacts", contact, {{"Phone", Value("139")}});
    for (int i = 0; i < 3; ++i) {
        w.clock.advance(std::chrono::minutes{1});
        w.device.sync("a", with_sweep());
    }
    CHECK(engine::list_conflicts(w.device.engine_db(), {})->empty());
    CHECK(w.remote.value("Contacts", contact, "Account_Name") == Value(again));
    CHECK(w.device.number("SELECT account_id FROM contact") == 1);
    CHECK(w.remote.value("Accounts", again, "Account_Name") == Value("Acme AG"));
}
