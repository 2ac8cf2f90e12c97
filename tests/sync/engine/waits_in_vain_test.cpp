// References to what the remote has deleted before it was read here.
#include <catch2/catch.hpp>

#include "tests/sync/engine/found_world.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::seconds;

namespace {

/// A contact of Acme, which a colleague points at an account that the replica has not read.
struct VainWorld : FoundWorld {
    std::string acme, contact, gone;

    explicit VainWorld() : FoundWorld(people_streams()) {
        acme = remote.create("Accounts", {{"Account_Name", Value("Acme")}});
        contact =
            remote.create("Contacts", {{"Last_Name", Value("Lee")}, {"Account_Name", Value(acme)}});
        device.connect("a", remote);
        clock.advance(seconds{60});
        gone = remote.create("Accounts", {{"Account_Name", Value("Gone")}});
        remote.unlisted.insert(gone);  // by a list that is late
        remote.edit("Contacts", contact, {{"Account_Name", Value(gone)}});
        clock.advance(seconds{60});
        device.sync("a");
        remote.unlisted.clear();
        REQUIRE(waiting() == 1);
        REQUIRE(shown() == device.local("Accounts", acme));
        clock.advance(seconds{60});  // no pull shows the contact once more
    }

    /// As Zoho does: the look-up is turned without a new time of change.
    void turn_silently(const Value& account) {
        const std::string version = remote.at("Contacts", contact).version;
        remote.edit("Contacts", contact, {{"Account_Name", account}});
        remote.set_version("Contacts", contact, version);
    }

    void erase_gone() {
        remote.erase("Accounts", gone);
        turn_silently(Value::null());
    }

    std::int64_t waiting() { return device.number("SELECT count(*) FROM kontor_waiting"); }
    std::int64_t shown() { return device.number("SELECT coalesce(account_id, 0) FROM contact"); }

    /// As the remote has it, told by it, and nothing left to send.
    void check_settled(std::int64_t account) {
        CHECK(shown() == account);
        CHECK(waiting() == 0);
        CHECK(device.number("SELECT count(*) FROM kontor_shadow") == 0);
        CHECK(device.number("SELECT count(*) FROM kontor_conflict") == 0);
        CHECK(device
                  .text("SELECT actor FROM kontor_history WHERE field IN (SELECT id FROM"
                        " kontor_field WHERE name = 'account_id') ORDER BY seq DESC LIMIT 1")
                  .starts_with("remote:a"));
        device.sync("a");
        CHECK(remote.changes_sent == 0);
    }
};

}  // namespace

TEST_CASE("a reference to what is deleted there before it was read is blank here as it is there",
          "[engine][vain]") {
    VainWorld w;
    w.erase_gone();
    w.device.sync("a");
    w.check_settled(0);
}

TEST_CASE("a deletion that was heard of before anybody waited is asked about by the next sweep",
          "[engine][vain]") {
    VainWorld w;
    w.turn_silently(Value::null());
    w.remote.forget("Accounts", w.gone);  // no list tells of it any more
    w.device.sync("a");
    CHECK(w.waiting() == 1);
    w.device.sync("a", with_sweep());
    w.check_settled(0);
}

TEST_CASE("who waits for what was merged there before it was read follows it", "[engine][vain]") {
    VainWorld w;
    w.remote.merge("Accounts", w.gone, w.acme);
    w.turn_silently(Value(w.acme));
    w.device.sync("a");
    CHECK(w.shown() == w.device.local("Accounts", w.acme));
    CHECK(w.waiting() == 0);
    CHECK(w.device.number("SELECT count(*) FROM kontor_shadow") == 0);
    CHECK(w.remote.changes_sent == 0);
}

TEST_CASE("a reference that has waited in vain is not sent back where the record changes there",
          "[engine][vain]") {
    VainWorld w;
    w.remote.forget("Accounts", w.gone);
    w.remote.edit("Contacts", w.contact,
                  {{"Account_Name", Value::null()}, {"Phone", Value("139")}});
    w.device.sync("a");
    w.check_settled(0);
}

TEST_CASE("what a user has chosen meanwhile is sent in place of what has waited in vain",
          "[engine][vain]") {
    VainWorld w;
    const auto other = w.remote.create("Accounts", {{"Account_Name", Value("Other")}});
    w.device.sync("a");
    w.erase_gone();
    w.device.sql("UPDATE contact SET account_id = " +
                 std::to_string(w.device.local("Accounts", other)));
    w.device.sync("a");
    w.device.sync("a");
    CHECK(w.remote.value("Contacts", w.contact, "Account_Name") == Value(other));
    CHECK(w.shown() == w.device.local("Accounts", other));
    CHECK(w.device.number("SELECT count(*) FROM kontor_conflict WHERE state = 'open'") == 0);
}

TEST_CASE("what was waited for in vain and is restored there is referred to again",
          "[engine][vain]") {
    VainWorld w;
    w.erase_gone();
    w.device.sync("a");
    REQUIRE(w.shown() == 0);
    w.clock.advance(seconds{60});
    w.remote.restore("Accounts", w.gone);
    w.remote.edit("Accounts", w.gone, {});
    w.remote.edit("Contacts", w.contact, {{"Account_Name", Value(w.gone)}});
    w.device.sync("a");
    w.device.sync("a");
    w.check_settled(w.device.local("Accounts", w.gone));
}

TEST_CASE("a remote that goes on naming what it has deleted is asked once, not with every sync",
          "[engine][vain]") {
    VainWorld w;
    w.remote.erase("Accounts", w.gone);
    w.device.sync("a");
    CHECK(w.shown() == w.device.local("Accounts", w.acme));
    CHECK(w.waiting() == 1);
    w.clock.advance(seconds{60});
    w.device.sync("a");
    const int fetches = w.remote.fetches;
    w.device.sync("a");
    w.device.sync("a");
    CHECK(w.remote.fetches == fetches);
    CHECK(w.remote.changes_sent == 0);
}
