// What the simulation (tests/simulation) has found in the engine: one case for each defect.
#include <catch2/catch.hpp>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::seconds;

namespace {

struct World {
    FakeClock clock;
    MemoryRemote remote{clock};
    Device device{clock};

    explicit World(std::vector<remote::StreamSpec> streams) { remote.streams = std::move(streams); }
};

engine::CycleOptions with_sweep() {
    engine::CycleOptions options;
    options.sweep = true;
    return options;
}

std::vector<remote::StreamSpec> accounts_with_parent() {
    return {stream_spec(
        "Accounts", "account",
        {text_field("Account_Name", "name"), reference_field("Parent", "parent_id", "Accounts")})};
}

}  // namespace

TEST_CASE("a record that refers to itself does so here too", "[engine][found]") {
    World w(accounts_with_parent());
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
    World w(people_streams());
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
    World w(people_streams());
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

TEST_CASE("a text that lists cut is read again if it may have changed within the same second",
          "[engine][found]") {
    auto streams = people_streams();
    streams[0].fields[2].may_be_cut = true;  // Phone stands for any text that lists cut
    World w(streams);
    w.remote.cut_fields = {"Phone"};
    const auto id = w.remote.create("Contacts", {{"Phone", Value("138")}});
    w.device.connect("a", w.remote);
    REQUIRE(w.device.text("SELECT phone FROM contact") == "138");

    w.clock.jump(-seconds{5});  // a second edit in the second of the first, after it was read
    w.remote.edit("Contacts", id, {{"Phone", Value("139")}});
    w.clock.jump(seconds{5});
    w.device.sync("a");
    CHECK(w.device.text("SELECT phone FROM contact") == "139");

    const int fetches = w.remote.fetches;  // … and once the second is over, no more
    w.device.sync("a");
    CHECK(w.remote.fetches == fetches);
}

TEST_CASE("an earlier image of the same second does not undo the later one", "[engine][found]") {
    World w(people_streams());
    const auto id = w.remote.create("Contacts", {{"Phone", Value("138")}});
    const auto stale = w.remote.at("Contacts", id);
    w.remote.edit("Contacts", id, {{"Phone", Value("139")}});
    w.device.connect("a", w.remote);
    REQUIRE(w.device.text("SELECT phone FROM contact") == "139");

    w.remote.replay("Contacts", id, stale);
    w.device.sync("a");
    CHECK(w.device.text("SELECT phone FROM contact") == "139");
}
