// Remotes that a person accepted: other organisations, and such that were set back.
#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <utility>

#include "tests/sync/engine/epoch_fixture.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::seconds;
using namespace std::string_literals;

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
    // Those that are in the backup were born there, without a key.
    auto earlier = f.backed_up();
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
    f.device.settings("crm").streams = f.remote.streams;
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
    const auto when = GENERATE("all at once", "contacts later", "contacts fail");
    CAPTURE(when);
    if (when == "contacts later"s) {
        engine::CycleOptions accounts;
        accounts.streams = {"Accounts"};
        f.device.sync("crm", accounts);
    }
    if (when == "contacts fail"s) earlier.fail_pull_after = 0;
    f.device.sync("crm");
    REQUIRE(engine::set_push(f.device.engine_db(), "crm", true));
    // Nothing that may name her is sent while it is not known what those there name.
    f.device.sql("INSERT INTO contact(last_name, account_id) SELECT 'New', id FROM account");
    f.device.sync("crm");
    earlier.fail_pull_after = SIZE_MAX;
    for (int i = 0; i < 2; ++i) f.device.sync("crm");

    const auto there = f.device.remote_id(
        "Accounts", f.device.number("SELECT id FROM account WHERE name = 'Acme'"));
    REQUIRE(there != acme);
    CHECK(f.device.number(count_of_acme) == 4);
    for (const auto& id : f.ids)
        CHECK(earlier.value("Contacts", id, "Account_Name") == Value(there));
    CHECK(std::ranges::none_of(earlier.sent, [&](const remote::Change& change) {
        return std::ranges::any_of(change.fields, [&](const remote::FieldChange& field) {
            return field.value == Value(acme);
        });
    }));
    const int sent = earlier.changes_sent;
    f.device.sync("crm");
    CHECK(earlier.changes_sent == sent);
    CHECK(f.open().empty());
}

TEST_CASE("B5: what may not be read any more keeps nothing of an accepted remote waiting",
          "[epoch][organisation]") {
    EpochFixture f;
    const auto acme = f.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    f.later();
    f.remote.edit("Contacts", f.ids[0], {{"Account_Name", Value(acme)}});
    f.clock.advance(seconds{60});
    f.device.sync("crm");
    MemoryRemote earlier(f.clock);
    earlier.streams = f.remote.streams;
    earlier.create("Contacts", {{"Last_Name", Value("Ada")}, {"Phone", Value("100")}});
    earlier.edit("Contacts", f.ids[0], {{"Account_Name", Value(acme)}});
    earlier.no_pull["Contacts"] = GENERATE(Errc::kPermission, Errc::kUnsupported);
    f.later();
    f.device.reroute("crm", earlier);
    REQUIRE(engine::accept_remote(f.device.engine_db(), f.clock, "crm", "uid:1",
                                  engine::Missing::kSend));
    CHECK(f.device.sync("crm").problem);
    REQUIRE(engine::set_push(f.device.engine_db(), "crm", true));
    CHECK(f.device.sync("crm").problem);
    REQUIRE(earlier.ids("Accounts").size() == 1);
    // Once it may be read again: who is meant there, by an id that is gone, a person says.
    earlier.no_pull.clear();
    for (int i = 0; i < 3; ++i) f.device.sync("crm");
    CHECK(f.device.number("SELECT count(*) FROM contact JOIN account a ON a.id = account_id"
                          " WHERE a.name = 'Acme'") == 1);
    REQUIRE(f.open().size() == 1);
    CHECK(f.open()[0].group == "account_id");
    CHECK(f.device.number("SELECT count(*) FROM contact") == 3);
    CHECK(earlier.ids("Contacts").size() == 3);
    CHECK(earlier.ids("Accounts").size() == 1);
}

TEST_CASE("B5: an edit of a record that an accepted remote lacks is the base of no other record",
          "[epoch][organisation]") {
    EpochFixture f;
    auto earlier = f.backed_up();
    f.device.sql("INSERT INTO contact(last_name, phone) VALUES('Dee', '7')");
    f.device.sync("crm");
    f.later();
    f.device.reroute("crm", earlier);
    REQUIRE(engine::accept_remote(f.device.engine_db(), f.clock, "crm", "uid:1",
                                  engine::Missing::kSend));
    f.set_phone("Dee", "8");
    f.device.sync("crm");
    CHECK(f.device.number("SELECT count(*) FROM kontor_shadow"
                          " WHERE link NOT IN (SELECT id FROM kontor_link)") == 0);

    // The link of whom a colleague makes next has the highest number, as hers had.
    f.later();
    earlier.create("Contacts", {{"Last_Name", Value("Zed")}, {"Phone", Value("500")}});
    f.device.sync("crm");
    f.set_phone("Zed", "600");
    REQUIRE(engine::set_push(f.device.engine_db(), "crm", true));
    for (int i = 0; i < 2; ++i) f.device.sync("crm");
    const auto there = earlier.ids("Contacts");
    REQUIRE(there.size() == 5);
    CHECK(earlier.value("Contacts", there[3], "Phone") == Value("600"));
    CHECK(earlier.value("Contacts", there[4], "Last_Name") == Value("Dee"));
    CHECK(earlier.value("Contacts", there[4], "Phone") == Value("8"));
    CHECK(f.open().empty());
}

namespace {

/// Accepts the remote after the first page that is taken of a stream, as a person may at any time.
struct AcceptingObserver final : engine::Observer {
    AcceptingObserver(Device& device, const Clock& clock) : clock_(clock) {
        replica::OpenOptions options;
        options.access = replica::Access::kEngine;
        auto opened = replica::Database::open(device.path(), options);
        REQUIRE(opened);
        db_ = std::make_unique<replica::Database>(std::move(*opened));
    }
    void progress(const engine::Progress& progress) override {
        if (std::exchange(accepted, true)) return;
        CHECK(progress.stage == "pull");
        CHECK(engine::accept_remote(*db_, clock_, "crm", "uid:1"));
    }
    bool accepted = false;

private:
    const Clock& clock_;
    std::unique_ptr<replica::Database> db_;
};

}  // namespace

TEST_CASE("B5: what a sync had begun before its remote was accepted ends there",
          "[epoch][organisation]") {
    EpochFixture f;
    for (auto& stream : f.remote.streams) stream.can.list_ids = false;
    f.device.settings("crm").streams = f.remote.streams;
    engine::Session session;
    f.device.session = &session;
    f.device.sync("crm");
    f.clock.advance(seconds{60});
    for (int i = 0; i < 5; ++i)  // two pages
        f.remote.create("Contacts", {{"Last_Name", Value("L" + std::to_string(i))}});
    AcceptingObserver observer(f.device, f.clock);
    f.device.observer = &observer;
    f.remote.org = "org-2";  // it was another one all along
    const auto cut = f.device.try_sync("crm");
    REQUIRE(observer.accepted);
    REQUIRE(!cut);
    CHECK(cut.error().code == Errc::kCancelled);
    CHECK(f.device.text("SELECT result FROM kontor_run ORDER BY id DESC LIMIT 1") == "cancelled");
    // All of it is read again, and of whom, nobody goes by what was asked before.
    CHECK(f.device.number("SELECT count(*) FROM kontor_stream WHERE cursor <> ''") == 0);
    CHECK(f.device.number("SELECT count(*) FROM kontor_meta WHERE key LIKE 'unread:%'") > 0);
    f.device.sync("crm");
    CHECK(f.device.text("SELECT org_id FROM kontor_connection") == "org-2");
    CHECK(f.device.number("SELECT count(*) FROM kontor_meta WHERE key LIKE 'unread:%'") == 0);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 8);
    f.device.sync("crm");
    CHECK(f.device.number("SELECT count(*) FROM contact") == 8);
}

TEST_CASE("B5: a remote that is accepted while it is asked who it is is not paused for its answer",
          "[epoch][organisation]") {
    EpochFixture f;
    f.remote.org = "org-2";
    f.remote.during_check = [&] {
        f.remote.during_check = nullptr;
        REQUIRE(engine::accept_remote(f.device.engine_db(), f.clock, "crm", "uid:1"));
    };
    const auto cut = f.device.try_sync("crm");
    REQUIRE(!cut);
    CHECK(cut.error().code == Errc::kCancelled);
    CHECK(f.device.text("SELECT paused FROM kontor_connection").empty());
    f.device.sync("crm");
    CHECK(f.device.text("SELECT org_id FROM kontor_connection") == "org-2");
}

TEST_CASE("B5: what the lists of an accepted remote do not show yet is found by its key",
          "[epoch][organisation]") {
    EpochFixture f;
    for (auto& stream : f.remote.streams) stream.can.list_ids = false;
    f.device.settings("crm").streams = f.remote.streams;
    f.device.sql("INSERT INTO contact(last_name, phone) VALUES('Dee', '7')");
    f.device.sync("crm");
    const auto dee = f.remote.ids("Contacts").back();
    f.remote.unlisted = {dee};
    REQUIRE(engine::accept_remote(f.device.engine_db(), f.clock, "crm", "uid:1",
                                  engine::Missing::kSend));
    f.device.sync("crm");
    REQUIRE(engine::set_push(f.device.engine_db(), "crm", true));

    // It is not made there once more, also if what is sent of it does not arrive at first.
    f.set_phone("Dee", "8");
    f.remote.next_push = MemoryRemote::Fault::kLostRequest;
    CHECK(f.device.sync("crm").problem);
    f.remote.unlisted.clear();
    for (int i = 0; i < 3; ++i) f.device.sync("crm");
    CHECK(f.remote.ids("Contacts").size() == 4);
    CHECK(f.device.remote_id("Contacts", 4) == dee);
    CHECK(f.open().empty());
    CHECK(f.remote.value("Contacts", dee, "Phone") == Value("8"));
}

TEST_CASE("B5: what was deleted there and is kept here meets its record again",
          "[epoch][organisation]") {
    EpochFixture f;
    f.device.remap("crm", [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.delete_against_edit = merge::Policy::kManual;
    });
    f.set_phone("Ada", "9");
    f.remote.erase("Contacts", f.ids[0]);
    f.device.sync("crm");
    REQUIRE(f.open().size() == 1);  // whether it goes
    f.remote.restore("Contacts", f.ids[0]);
    f.later();
    REQUIRE(engine::accept_remote(f.device.engine_db(), f.clock, "crm", "uid:1"));
    f.device.sync("crm");
    CHECK(f.device.number("SELECT count(*) FROM contact") == 3);
    CHECK(f.phone("Ada") == "9");
    REQUIRE(f.open().size() == 1);
    CHECK(f.open().front().kind == "uncovered");
}

TEST_CASE(
    "B5: who refers to what was deleted here before its remote had shown it leads to it again",
    "[epoch][organisation]") {
    EpochFixture f;
    const auto acme = f.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    f.remote.edit("Contacts", f.ids[0], {{"Account_Name", Value(acme)}});
    f.clock.advance(seconds{60});
    f.device.sync("crm");
    REQUIRE(f.device.number("SELECT count(*) FROM contact WHERE account_id = 1") == 1);
    f.later();
    REQUIRE(engine::accept_remote(f.device.engine_db(), f.clock, "crm", "uid:1"));
    f.remote.no_pull["Accounts"] = Errc::kUnavailable;
    f.device.sync("crm");
    f.device.sql("DELETE FROM account");
    f.remote.no_pull.clear();
    f.device.sync("crm");
    REQUIRE(engine::set_push(f.device.engine_db(), "crm", true));
    engine::CycleOptions sweep;
    sweep.sweep = true;
    for (int i = 0; i < 2; ++i) f.device.sync("crm", sweep);

    REQUIRE(f.device.number("SELECT count(*) FROM account") == 1);
    CHECK(f.device.number("SELECT count(*) FROM contact JOIN account a ON a.id = account_id"
                          " WHERE last_name = 'Ada'") == 1);
    CHECK(f.remote.value("Contacts", f.ids[0], "Account_Name") == Value(acme));
    CHECK(f.device.number("SELECT count(*) FROM kontor_waiting") == 0);
    CHECK(f.open().empty());
}

TEST_CASE("B5: what is back here before an accepted remote has shown it is not its older self",
          "[epoch][organisation]") {
    EpochFixture f;
    for (auto& stream : f.remote.streams) stream.can.list_ids = false;
    f.device.settings("crm").streams = f.remote.streams;
    f.device.sql("INSERT INTO contact(last_name, phone) VALUES('Dee', '7')");
    f.device.sync("crm");
    const auto dee = f.remote.ids("Contacts").back();
    const auto uid = f.device.text("SELECT uid FROM contact WHERE last_name = 'Dee'");
    f.later();
    REQUIRE(engine::accept_remote(f.device.engine_db(), f.clock, "crm", "uid:1"));
    REQUIRE(engine::set_push(f.device.engine_db(), "crm", true));
    f.remote.unlisted = {dee};
    f.device.sql("DELETE FROM contact WHERE last_name = 'Dee'");
    f.device.sync("crm");
    f.device.sql("INSERT INTO contact(id, uid, last_name, phone) VALUES(4, '" + uid +
                 "', 'Dee', '8')");
    // What is sent of it does not arrive, and then its older self is found by the key.
    f.remote.next_push = MemoryRemote::Fault::kLostRequest;
    CHECK(f.device.sync("crm").problem);
    f.remote.unlisted.clear();
    for (int i = 0; i < 3; ++i) f.device.sync("crm");

    CHECK(f.remote.ids("Contacts").size() == 4);
    CHECK(f.device.remote_id("Contacts", 4) == dee);
    CHECK(f.phone("Dee") == "8");
    REQUIRE(f.open().size() == 1);
    CHECK(f.open().front().kind == "uncovered");
}

TEST_CASE("A3: what comes back under its key is not created again where it may have been created",
          "[epoch][organisation]") {
    EpochFixture f;
    MemoryRemote other(f.clock);
    other.streams = people_streams();
    for (auto& stream : other.streams) stream.can.key_field.clear();
    f.device.connect("other", other);
    f.device.sync("other");
    f.device.sql("INSERT INTO contact(last_name, phone) VALUES('Dee', '7')");
    f.device.sync("crm");
    SECTION("whether it was made there is not known") {
        other.next_push = MemoryRemote::Fault::kLostAnswer;
        CHECK(f.device.sync("other").problem);
    }
    SECTION("it was, and is to be deleted there") {
        CHECK_FALSE(f.device.sync("other").problem);
    }
    SECTION("it was, and goes its own way there") {
        CHECK_FALSE(f.device.sync("other").problem);
        const auto dee = f.remote.ids("Contacts").back();
        f.remote.erase("Contacts", dee);
        f.later();
        f.device.sync("crm");
        REQUIRE(f.device.number("SELECT count(*) FROM contact WHERE last_name = 'Dee'") == 0);
        f.device.sync("other");
        f.remote.restore("Contacts", dee);
        f.later();
    }
    const auto named_dee = [&] {
        const auto ids = other.ids("Contacts");
        return std::ranges::count_if(ids, [&](const std::string& id) {
            return other.value("Contacts", id, "Last_Name") == Value("Dee");
        });
    };
    REQUIRE(named_dee() == 1);
    other.edit("Contacts", other.ids("Contacts").back(), {{"Phone", Value("8")}});

    // Its deletion is dropped with what was known of the other remote, which shows it again.
    f.device.sql("DELETE FROM contact WHERE last_name = 'Dee'");
    REQUIRE(engine::accept_remote(f.device.engine_db(), f.clock, "crm", "uid:1"));
    f.device.sync("crm");
    REQUIRE(f.device.number("SELECT count(*) FROM contact WHERE last_name = 'Dee'") == 1);
    for (int i = 0; i < 3; ++i) {
        f.later();
        static_cast<void>(f.device.try_sync("other"));
    }
    CHECK(named_dee() == 1);
}
