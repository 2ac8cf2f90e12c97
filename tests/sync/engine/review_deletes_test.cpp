// Sequences found by reading the engine as an adversary: what gets lost, doubled, stuck or wrongly
// pushed when deletes, undo and lost answers meet.
#include "tests/sync/engine/review.hpp"

using namespace kontor;
using namespace kontor::test;
using namespace kontor::test::review;

// --- deletes and undo

TEST_CASE("R1: a delete that is taken back before the remote was told is called off", "[review]") {
    Fixture f;
    f.connect();
    f.erase_here();
    engine::CycleOptions quiet;
    quiet.push = false;
    f.sync(1, quiet);
    SECTION("as it was") {
        f.restore_here();
        f.sync(2);
        CHECK_FALSE(f.remote.at("Contacts", f.ada).deleted);
        CHECK(f.phone() == "100");
        CHECK(f.writes_of(2) == 0);
    }
    SECTION("with another value") {
        f.restore_here("138");
        f.sync(2);
        CHECK_FALSE(f.remote.at("Contacts", f.ada).deleted);
        CHECK(f.remote_phone() == "138");
    }
    SECTION("and the colleague changes it meanwhile") {
        f.restore_here();
        f.remote.edit("Contacts", f.ada, {{"Phone", Value("999")}});
        f.sync(2);
        CHECK_FALSE(f.remote.at("Contacts", f.ada).deleted);
        CHECK(f.phone() == "999");
    }
    CHECK(f.remote.ids("Contacts").size() == 1);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 1);
}

TEST_CASE("R2: a record restored here after the delete went through is created there anew",
          "[review]") {
    Fixture f;
    f.connect();
    SECTION("deleted here") {
        f.erase_here();
        f.sync();
        REQUIRE(f.remote.at("Contacts", f.ada).deleted);
    }
    SECTION("deleted there") {
        f.remote.erase("Contacts", f.ada);
        f.sync();
        REQUIRE(f.device.number("SELECT count(*) FROM contact") == 0);
    }
    f.restore_here("200");
    f.sync(2);
    const auto again = f.device.remote_id("Contacts", std::stoll(f.id));
    REQUIRE_FALSE(again.empty());
    CHECK(again != f.ada);
    CHECK(f.remote.value("Contacts", again, "Phone").text() == "200");
    f.edit("phone = '201'");
    f.sync();
    CHECK(f.remote.value("Contacts", again, "Phone").text() == "201");
    CHECK(f.remote.ids("Contacts").size() == 1);
}

TEST_CASE("R3: a delete that asks first does not break the cycle", "[review]") {
    Fixture f;
    f.connect([](merge::Mapping& m) {
        Fixture::contacts(m, [](auto& s) { s.delete_there = merge::DeletePolicy::kAsk; });
    });
    f.erase_here();
    SECTION("alone") {}
    SECTION("as the mapping changes") {
        f.device.remap("crm", [](merge::Mapping& m) {
            Fixture::contacts(m, [](auto& s) { s.groups[0].policy = merge::Policy::kLocal; });
        });
    }
    const auto report = f.device.sync("crm");
    std::int64_t conflicts = 0;
    for (const auto& stream : report.streams) conflicts += stream.conflicts;
    CHECK(conflicts == 1);  // it was counted
    REQUIRE(f.open().size() == 1);
    f.remote.edit("Contacts", f.ada, {{"Last_Name", Value("Byron")}});
    REQUIRE(f.device.try_sync("crm"));
    CHECK_FALSE(f.remote.at("Contacts", f.ada).deleted);
}

TEST_CASE("R3b: a delete that asks is carried out when a person says so", "[review]") {
    Fixture f;
    f.connect([](merge::Mapping& m) {
        Fixture::contacts(m, [](auto& s) { s.delete_there = merge::DeletePolicy::kAsk; });
    });
    f.erase_here();
    f.sync(2);
    REQUIRE(f.open().size() == 1);
    f.resolve(f.open().front().id, engine::Side::kOurs);
    f.sync();
    CHECK(f.remote.at("Contacts", f.ada).deleted);
    CHECK(f.open().empty());
}

TEST_CASE("R4: a delete whose request was lost is sent again", "[review]") {
    Fixture f;
    f.connect();
    SECTION("alone") {}
    SECTION("after an edit whose answer was lost") {
        f.edit("phone = '138'");
        f.remote.next_push = MemoryRemote::Fault::kLostAnswer;
        f.sync();
        REQUIRE(f.remote_phone() == "138");
    }
    f.erase_here();
    f.remote.next_push = MemoryRemote::Fault::kLostRequest;
    f.sync();
    f.sync(3);
    CHECK(f.remote.at("Contacts", f.ada).deleted);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 0);
    CHECK(f.device.number("SELECT count(*) FROM kontor_intent") == 0);
}

TEST_CASE("R5: a record deleted here while its create was in doubt stays deleted", "[review]") {
    Fixture f;
    f.connect();
    f.device.sql("INSERT INTO contact(last_name) VALUES('Ghost')");
    f.remote.next_push =
        GENERATE(MemoryRemote::Fault::kLostRequest, MemoryRemote::Fault::kLostAnswer);
    f.sync();
    f.device.sql("DELETE FROM contact WHERE last_name = 'Ghost'");
    f.sync(4);
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE last_name = 'Ghost'") == 0);
    CHECK(f.remote.ids("Contacts").size() == 1);
    CHECK(f.device.number("SELECT count(*) FROM kontor_intent") == 0);
    CHECK(f.writes_of(2) == 0);
}

TEST_CASE(
    "R5b: a record whose create was in doubt and whose deletion is asked about is not to be sent",
    "[review]") {
    Fixture f;
    f.connect([](merge::Mapping& m) {
        Fixture::contacts(m, [](auto& s) { s.delete_there = merge::DeletePolicy::kAsk; });
    });
    f.device.sql("INSERT INTO contact(last_name) VALUES('Ghost')");
    f.remote.next_push = MemoryRemote::Fault::kLostAnswer;
    f.sync();
    f.device.sql("DELETE FROM contact WHERE last_name = 'Ghost'");
    f.sync(3);
    REQUIRE(f.open().size() == 1);
    CHECK(f.device.number("SELECT count(*) FROM kontor_link WHERE dirty") == 0);
    CHECK(f.remote.ids("Contacts").size() == 2);
    f.resolve(f.open().front().id, engine::Side::kOurs);
    f.sync(2);
    CHECK(f.remote.ids("Contacts").size() == 1);
    CHECK(f.device.number("SELECT count(*) FROM kontor_link WHERE dirty") == 0);
}

TEST_CASE("R6: a decided delete conflict does not ask again", "[review]") {
    Fixture f;
    f.connect([](merge::Mapping& m) {
        Fixture::contacts(m, [](auto& s) { s.delete_against_edit = merge::Policy::kManual; });
    });
    f.erase_here();
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("999")}});
    f.sync(2);
    REQUIRE(f.open().size() == 1);
    SECTION("it goes") {
        f.resolve(f.open().front().id, engine::Side::kOurs);
        f.sync(2);
        CHECK(f.remote.at("Contacts", f.ada).deleted);
    }
    SECTION("it comes back with their value") {
        f.resolve(f.open().front().id, engine::Side::kTheirs);
        f.sync(2);
        CHECK(f.phone() == "999");
        CHECK(f.remote_phone() == "999");
    }
    CHECK(f.open().empty());
}

TEST_CASE("R6: what was typed there within the tick of what a delete conflict is about is new",
          "[review]") {
    const auto policy = GENERATE(merge::Policy::kManual, merge::Policy::kRemote);
    Fixture f;
    f.connect([&](merge::Mapping& m) {
        Fixture::contacts(m, [&](auto& s) { s.delete_against_edit = policy; });
    });
    const bool asks = policy == merge::Policy::kManual;
    CAPTURE(asks);
    f.erase_here();
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("999")}});
    engine::CycleOptions receive;
    receive.push = false;
    f.device.sync("crm", receive);
    const auto version = f.remote.at("Contacts", f.ada).version;
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("1000")}});
    f.remote.set_version("Contacts", f.ada, version);
    if (asks) f.resolve(f.open().front().id, engine::Side::kOurs);
    f.sync(2);
    CHECK(f.open().size() == (asks ? 1 : 0));
    CHECK(f.remote.at("Contacts", f.ada).deleted == !asks);
    CHECK(f.device.number("SELECT count(*) FROM kontor_history WHERE op = 'k' AND old = '1000'") ==
          1);
    CHECK(f.device.number("SELECT count(*) FROM kontor_history WHERE op = 'k' AND old = '999'") ==
          1);
}

TEST_CASE("R7: a delete there against an edit here, decided by a person, is remembered",
          "[review]") {
    Fixture f;
    f.connect([](merge::Mapping& m) {
        Fixture::contacts(m, [](auto& s) { s.delete_against_edit = merge::Policy::kManual; });
    });
    f.edit("phone = '138'");
    f.remote.erase("Contacts", f.ada);
    f.sync(2);
    REQUIRE(f.open().size() == 1);
    SECTION("created again") {
        f.resolve(f.open().front().id, engine::Side::kOurs);
        f.sync(2);
        const auto again = f.device.remote_id("Contacts", std::stoll(f.id));
        REQUIRE_FALSE(again.empty());
        CHECK(f.remote.value("Contacts", again, "Phone").text() == "138");
        engine::ConflictQuery decided;
        decided.state = engine::ConflictQuery::State::kDecided;
        CHECK(engine::list_conflicts(f.device.engine_db(), decided)->size() == 1);
    }
    SECTION("restored there meanwhile: the question is moot and the edit goes out") {
        f.remote.restore("Contacts", f.ada);
        f.remote.edit("Contacts", f.ada, {{"Email", Value("a@example.org")}});
        f.sync(2);
        CHECK(f.open().empty());
        CHECK(f.remote_phone() == "138");
    }
    SECTION("deleted here too: the question is moot") {
        f.erase_here();
        f.sync(2);
        CHECK(f.open().empty());
        CHECK(f.device.number("SELECT count(*) FROM contact") == 0);
    }
}

namespace {

/// 138 here and 999 there, which somebody has to decide.
void ask_about_phone(Fixture& f) {
    f.connect([](merge::Mapping& m) {
        Fixture::contacts(
            m, [](auto& s) { Fixture::group(s, "phone").policy = merge::Policy::kManual; });
    });
    f.edit("phone = '138'");
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("999")}});
    f.sync();
    REQUIRE(f.open().size() == 1);
}

}  // namespace

TEST_CASE("R8: a conflict of a record that is deleted does not stay open for ever", "[review]") {
    Fixture f;
    ask_about_phone(f);
    SECTION("deleted here") {
        f.erase_here();
    }
    SECTION("its field is no longer mapped") {
        f.device.remap("crm", [](merge::Mapping& m) {
            Fixture::contacts(m, [](auto& s) {
                std::erase_if(s.groups, [](const auto& g) { return g.name == "phone"; });
            });
        });
    }
    f.sync(2);
    CHECK(f.open().empty());
}

TEST_CASE("R8: a record that is made again there keeps what stood there and was not taken",
          "[review]") {
    Fixture f;
    ask_about_phone(f);
    const auto asked = f.open().front().id;
    f.remote.erase("Contacts", f.ada);
    f.sync(2);
    CHECK(f.open().empty());
    const auto decided = engine::get_conflict(f.device.engine_db(), asked);
    REQUIRE(decided);
    CHECK(decided->state == "decided");
    CHECK(decided->chosen == "ours");
    REQUIRE(decided->fields.size() == 1);
    CHECK(decided->fields[0].theirs == Value("999"));
    REQUIRE(engine::resolve(f.device.engine_db(), f.clock, f.device.random, asked,
                            engine::Side::kTheirs, "uid:1"));
    f.sync();
    CHECK(f.remote.value("Contacts", f.remote.ids("Contacts").back(), "Phone") == Value("999"));
}

TEST_CASE("R9: what the remote has made of our own write holds up no deletion", "[review]") {
    Fixture f;
    f.remote.tells_user = GENERATE(true, false);
    f.remote.normalise = [](const std::string&, const std::string& field, Value value) {
        return field == "Phone" && !value.is_blank() ? Value("+86 " + value.text()) : value;
    };
    f.connect();
    f.edit("phone = '138'");
    f.remote.after_push = [&] { f.remote.no_pull["Contacts"] = Errc::kUnavailable; };
    static_cast<void>(f.device.try_sync("crm"));
    f.remote.after_push = {};
    f.remote.no_pull.clear();
    REQUIRE(f.remote_phone() == "+86 138");
    f.erase_here();
    f.sync(2);
    CHECK(f.remote.at("Contacts", f.ada).deleted);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 0);
}

TEST_CASE("R9: a deletion here, and another content under the version that was merged last",
          "[review]") {
    Fixture f;
    f.connect();
    const auto before = f.remote.at("Contacts", f.ada);
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("200")}});
    SECTION("a colleague's edit of the same second wins") {
        f.remote.set_version("Contacts", f.ada, before.version);
        f.erase_here();
        f.sync(2);
        CHECK_FALSE(f.remote.at("Contacts", f.ada).deleted);
        CHECK(f.phone() == "200");
    }
    SECTION("one of the same second from a list that lags revives nothing") {
        f.sync();
        REQUIRE(f.phone() == "200");
        f.erase_here();
        auto late = before;
        late.version = f.remote.at("Contacts", f.ada).version;
        f.remote.replay("Contacts", f.ada, late);
        f.sync(2);
        CHECK(f.remote.at("Contacts", f.ada).deleted);
        CHECK(f.device.number("SELECT count(*) FROM contact") == 0);
    }
}

TEST_CASE("R9: a deletion that is older than what was merged is asked for by id", "[review]") {
    Fixture f;
    f.connect();
    auto gone = f.remote.at("Contacts", f.ada);
    gone.deleted = true;
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("200")}});
    f.sync();
    f.remote.replay("Contacts", f.ada, gone);
    f.sync();
    CHECK(f.device.number("SELECT count(*) FROM contact") == 1);
}

// --- creates in doubt

TEST_CASE("R10: an edit does not hide a create of unknown fate", "[review]") {
    Fixture f;
    for (auto& stream : f.remote.streams) stream.can.key_field.clear();
    f.connect();
    f.device.sql("INSERT INTO contact(last_name) VALUES('One')");
    f.remote.next_push = MemoryRemote::Fault::kLostRequest;
    f.sync(3);
    REQUIRE(engine::list_blocked(f.device.engine_db(), 10, 0)->size() == 1);
    f.device.sql("UPDATE contact SET phone = '7' WHERE last_name = 'One'");
    f.sync(2);
    const auto blocked = engine::list_blocked(f.device.engine_db(), 10, 0);
    REQUIRE(blocked->size() == 1);
    REQUIRE(*engine::retry_blocked(f.device.engine_db(), blocked->front().link) == 1);
    f.sync(2);
    REQUIRE(f.remote.ids("Contacts").size() == 2);
    CHECK(f.remote.value("Contacts", f.remote.ids("Contacts").back(), "Phone").text() == "7");
}

TEST_CASE("R11: a lost create waits for its look-up, not for a person", "[review]") {
    Fixture f;
    f.connect();
    f.device.sql("INSERT INTO contact(last_name) VALUES('One')");
    f.remote.next_push =
        GENERATE(MemoryRemote::Fault::kLostRequest, MemoryRemote::Fault::kLostAnswer);
    f.sync();
    SECTION("the look-up fails too") {
        f.strict.fail_finds = 1;
        CHECK(f.strict_sync().problem);
    }
    SECTION("another stream is synced alone") {
        engine::CycleOptions accounts;
        accounts.streams = {"Accounts"};
        f.sync(1, accounts);
    }
    CHECK(engine::list_blocked(f.device.engine_db(), 10, 0)->empty());
    f.sync(2);
    CHECK(f.remote.ids("Contacts").size() == 2);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 2);
}

TEST_CASE("R12: a record without values adopts nobody else's", "[review]") {
    Fixture f;
    for (auto& stream : f.remote.streams) stream.can.key_field.clear();
    f.connect();
    f.device.sql("INSERT INTO contact DEFAULT VALUES");
    f.remote.next_push = MemoryRemote::Fault::kLostRequest;
    f.sync();
    f.remote.create("Contacts", {{"Last_Name", Value("Turing")}}, f.remote.user);
    f.sync();
    CHECK(f.device.number("SELECT count(*) FROM contact") == 3);
}

// Seed 3488 of the simulation.
TEST_CASE("what one remote revives is not deleted by an earlier deletion at the other",
          "[review]") {
    FakeClock clock;
    MemoryRemote a(clock), b(clock);
    Device device(clock);
    a.streams = b.streams = people_streams();
    const auto at_a = a.create("Accounts", {{"Account_Name", Value("Acme")}});
    device.connect("a", a);
    device.connect("b", b);
    clock.advance(std::chrono::minutes{1});
    device.sync("b");
    const auto at_b = b.ids("Accounts").at(0);
    clock.advance(std::chrono::minutes{1});
    b.erase("Accounts", at_b);
    device.sync("b");
    REQUIRE(device.number("SELECT count(*) FROM account") == 0);

    a.erase("Accounts", at_a);  // which is not heard of yet
    clock.advance(std::chrono::minutes{1});
    b.restore("Accounts", at_b);
    b.edit("Accounts", at_b, {{"Account_Name", Value("typed")}});
    device.sync("b");
    clock.advance(std::chrono::minutes{1});
    for (int i = 0; i < 2; ++i) device.sync("a");
    CHECK(device.text("SELECT name FROM account") == "typed");
    REQUIRE(a.ids("Accounts").size() == 1);
    CHECK(a.value("Accounts", a.ids("Accounts").front(), "Account_Name") == Value("typed"));
}
