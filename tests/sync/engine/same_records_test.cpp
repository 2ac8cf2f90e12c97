// One account under two connections, as after one of them was renamed: refused before it doubles
// all that is here, and then all that is there.
#include <catch2/catch.hpp>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::seconds;

namespace {

struct Accounts {
    Accounts() : first(clock), second(clock), device(clock) {
        first.streams = second.streams = people_streams();
        fill(first);
        clock.advance(seconds{60});
        device.connect("crm", first);
        device.sync("crm");
    }
    static void fill(MemoryRemote& remote) {
        const auto account = remote.create("Accounts", {{"Account_Name", Value("Acme")}});
        for (const char* name : {"Li", "Wang"})
            remote.create("Contacts",
                          {{"Last_Name", Value(name)}, {"Account_Name", Value(account)}});
    }
    /// The same connector, under another name.
    Result<engine::CycleReport> sync_again(MemoryRemote& remote) {
        device.prepare("again", remote);
        device.settings("again").plugin = device.settings("crm").plugin;
        return device.try_sync("again");
    }

    FakeClock clock;
    MemoryRemote first, second;
    Device device;
};

}  // namespace

TEST_CASE("an account that another connection has brought here is not loaded once more",
          "[same_records]") {
    Accounts a;
    const auto asked = a.first.fetches;
    const auto refused = a.sync_again(a.first);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::kConflict);
    CHECK(refused.error().args.at("reason") == "same_records");
    CHECK(refused.error().args.at("other") == "crm");
    CHECK(a.first.fetches == asked + 1);
    CHECK(a.device.number("SELECT count(*) FROM contact") == 2);
    // The first goes on as if nothing had been, with nothing to send.
    a.device.sync("crm");
    CHECK(a.first.ids("Contacts").size() == 2);
    CHECK(a.first.pushes == 0);
    // And the second comes no further however often it is tried.
    CHECK_FALSE(a.device.try_sync("again"));
    CHECK(a.device.number("SELECT count(*) FROM contact") == 2);
}

TEST_CASE("some of its records may have changed since", "[same_records]") {
    Accounts a;
    a.clock.advance(seconds{60});
    a.first.edit("Contacts", a.first.ids("Contacts").front(), {{"Last_Name", Value("Zhao")}});
    // All that is known of another kind; that kind alone tells nothing then.
    a.first.edit("Accounts", a.first.ids("Accounts").front(), {{"Account_Name", Value("Apex")}});
    const auto refused = a.sync_again(a.first);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().args.at("stream") == "Contacts");
}

TEST_CASE("two accounts of one server that count alike are two", "[same_records]") {
    Accounts a;
    a.fill(a.second);  // the same ids, at another time
    REQUIRE(a.sync_again(a.second));
    CHECK(a.device.number("SELECT count(*) FROM contact") == 4);
}

TEST_CASE("records of another organisation are others, however alike", "[same_records]") {
    FakeClock clock;
    MemoryRemote first(clock), second(clock);
    first.streams = second.streams = people_streams();
    second.org = "org-2";
    for (MemoryRemote* remote : {&first, &second})
        remote->create("Contacts", {{"Last_Name", Value("Li")}});
    clock.advance(seconds{60});
    Device device(clock);
    device.connect("crm", first);
    device.prepare("other", second);
    device.settings("other").plugin = device.settings("crm").plugin;
    CHECK(device.try_sync("other"));
}
