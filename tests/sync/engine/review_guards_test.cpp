// Sequences found by reading the engine as an adversary: what gets lost, doubled, stuck or wrongly
// pushed when mappings change and lists lie.
#include "sync/merge/policy.hpp"
#include "tests/sync/engine/review.hpp"

using namespace kontor;
using namespace kontor::test;
using namespace kontor::test::review;

// --- mappings, sweeps, guards

TEST_CASE("R24: a conflict without a base closes when both sides agree", "[review]") {
    Fixture f;
    merge::GroupMapping email;
    f.remote.edit("Contacts", f.ada, {{"Email", Value("theirs@example.org")}});
    f.connect([&](merge::Mapping& m) {
        Fixture::contacts(m, [&](auto& s) {
            email = Fixture::group(s, "email");
            email.policy = merge::Policy::kManual;
            std::erase_if(s.groups, [](const auto& g) { return g.name == "email"; });
        });
    });
    f.edit("email = 'ours@example.org'");
    f.sync();
    f.device.remap("crm", [&](merge::Mapping& m) {
        Fixture::contacts(m, [&](auto& s) { s.groups.push_back(email); });
    });
    f.sync();
    REQUIRE(f.open().size() == 1);
    f.remote.edit("Contacts", f.ada, {{"Email", Value("ours@example.org")}});
    f.sync();
    CHECK(f.open().empty());
    f.edit("email = 'new@example.org'");
    f.sync();
    CHECK(f.remote.value("Contacts", f.ada, "Email").text() == "new@example.org");
}

TEST_CASE("R25: a deletion is not missed because the mapping changed at the same time",
          "[review]") {
    Fixture f;
    f.connect();
    f.remote.erase("Contacts", f.ada);
    f.device.remap("crm", [](merge::Mapping& m) {
        Fixture::contacts(m, [](auto& s) { Fixture::group(s, "phone").fields[0].max_length = 30; });
    });
    f.sync();
    CHECK(f.device.number("SELECT count(*) FROM contact") == 0);
}

TEST_CASE("R26: a stream is not tied to another kind of record under its old links", "[review]") {
    Fixture f;
    f.connect();
    f.device.sql("INSERT INTO lead(id, last_name, phone) VALUES(" + f.id + ", 'Other', '5')");
    f.device.remap("crm", [](merge::Mapping& m) {
        Fixture::contacts(m, [](auto& s) {
            s.entity = "lead";
            std::erase_if(s.groups,
                          [](const auto& g) { return g.name != "phone" && g.name != "last_name"; });
        });
    });
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("999")}});
    const auto refused = f.device.try_sync("crm");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::kConfig);
    CHECK(f.device.text("SELECT phone FROM lead WHERE last_name = 'Other'") == "5");
}

TEST_CASE("R27: a mass disappearance stops the remote, pushes included", "[review]") {
    Fixture f;
    for (int i = 0; i < 99; ++i)
        f.remote.create("Contacts", {{"Last_Name", Value("N" + std::to_string(i))}});
    f.clock.advance(seconds{60});
    f.connect();
    f.remote.lying_list = true;
    f.edit("phone = '138'");
    engine::CycleOptions sweep;
    sweep.sweep = true;
    const auto report = f.device.sync("crm", sweep);
    REQUIRE(report.problem);
    CHECK(report.problem->code == Errc::kGuard);
    CHECK(f.remote.pushes == 0);
    CHECK(f.device.try_sync("crm").error().code == Errc::kGuard);
    // A person has looked and says that they are really gone.
    REQUIRE(engine::resume(f.device.engine_db(), "crm"));
    sweep.confirm_mass = true;
    CHECK_FALSE(f.device.sync("crm", sweep).problem);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 100);
    CHECK(f.remote_phone() == "138");
}

TEST_CASE("R28: a connection made during another's cycle does not lose edits", "[review]") {
    Fixture f;
    MemoryRemote other(f.clock);
    other.streams = people_streams();
    f.connect();
    f.device.sql("INSERT INTO contact(last_name, phone) VALUES('Turing', '1')");
    std::string theirs;
    // While the first remote's push waits for the network, the second is connected, loaded and
    // edited here.
    f.remote.after_push = [&] {
        other.create("Contacts", {{"Last_Name", Value("Hopper")}, {"Phone", Value("1")}});
        f.device.connect("second", other);
        f.device.sql("UPDATE contact SET phone = '2' WHERE last_name = 'Hopper'");
    };
    f.sync();
    for (int i = 0; i < 2; ++i) f.device.sync("second");
    CHECK(f.device.text("SELECT phone FROM contact WHERE last_name = 'Hopper'") == "2");
    bool pushed = false;
    for (const auto& one : other.ids("Contacts"))
        pushed = pushed || other.value("Contacts", one, "Phone") == Value("2");
    CHECK(pushed);
}

TEST_CASE("R29: deleted and written again under one id, the base is what was there", "[review]") {
    Fixture f;
    f.connect([](merge::Mapping& m) {
        Fixture::contacts(
            m, [](auto& s) { Fixture::group(s, "email").policy = merge::Policy::kManual; });
    });
    f.erase_here();
    f.restore_here();
    f.edit("email = 'a@example.org'");
    f.edit("email = 'b@example.org'");
    f.remote.edit("Contacts", f.ada, {{"Last_Name", Value("Byron")}});
    f.sync(2);
    CHECK(f.open().empty());
    CHECK(f.remote.value("Contacts", f.ada, "Email").text() == "b@example.org");
}

TEST_CASE("R31: an image that is read again does not decide a parked conflict", "[review]") {
    // Triggers stamp local edits with the real time: only a clock close to it leaves it open who
    // was later.
    Fixture f{FakeClock(SystemClock().now())};
    f.connect();
    f.edit("phone = '138'");
    f.clock.advance(seconds{20});
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("999")}});
    f.sync();
    REQUIRE(f.open().size() == 1);
    f.edit("email = 'ada@example.org'");
    f.sync(3);
    CHECK(f.open().size() == 1);
    CHECK(f.phone() == "138");
    CHECK(f.remote_phone() == "999");
    CHECK(f.remote.value("Contacts", f.ada, "Email") == Value("ada@example.org"));
}

TEST_CASE("R30: a sum that does not fit is asked about", "[review][policy]") {
    const merge::Timing none;
    const auto sum = [&](Value base, Value ours, Value theirs) {
        return merge::decide(merge::Policy::kSum, merge::Policy::kManual, merge::GroupValues{base},
                             merge::GroupValues{ours}, merge::GroupValues{theirs}, none, false);
    };
    CHECK(sum(Value(std::int64_t{0}), Value("99999999999999999999"), Value(std::int64_t{1})).kind ==
          merge::Decision::Kind::kPark);
    CHECK(sum(Value(std::int64_t{0}), Value("0.5"), Value(std::int64_t{1})).kind ==
          merge::Decision::Kind::kPark);
    CHECK(sum(Value(0.0), Value("1e399"), Value(1.0)).kind == merge::Decision::Kind::kPark);
}
