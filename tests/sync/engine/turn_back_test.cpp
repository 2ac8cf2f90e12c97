// A replica as it was at any moment of its history, and what its remote is told of that: nothing.
#include <catch2/catch.hpp>

#include "sync/engine/epoch.hpp"
#include "sync/engine/turn_back.hpp"
#include "sync/replica/chain.hpp"
#include "sync/replica/integrity.hpp"
#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

struct TurnBackFixture {
    TurnBackFixture() : remote(clock), device(clock) {
        remote.streams = people_streams();
        for (const char* name : {"Ada", "Bob", "Cy", "Dee"})
            ids.push_back(
                remote.create("Contacts", {{"Last_Name", Value(name)}, {"Phone", Value("1")}}));
        clock.advance(seconds{60});
        device.connect("crm", remote);
        later();
    }
    void later() { clock.advance(hours{1}); }
    std::string now() const { return format_instant(clock.now()); }
    /// An edit of this moment: the triggers take SQLite's clock.
    void type(const std::string& sql) {
        const auto before = device.text("SELECT max(seq) FROM kontor_history");
        device.sql(sql);
        device.sql("UPDATE kontor_history SET at = '" + now() + "' WHERE seq > " + before);
    }
    void set_phone(const std::string& name, const std::string& phone) {
        type("UPDATE contact SET phone = '" + phone + "' WHERE last_name = '" + name + "'");
    }
    /// All that people see.
    std::string rows() {
        return device.text(
            "SELECT group_concat(line, '; ') FROM (SELECT id || ' ' || coalesce(uid, '') || ' ' ||"
            " last_name || ' ' || coalesce(phone, '') AS line FROM contact ORDER BY id)");
    }
    void turn_back(const std::string& at) {
        SeededRandom random{1};
        const auto done = engine::turn_back(device.engine_db(), clock, random, at);
        REQUIRE(done);
        const auto problems =
            *replica::check_integrity(device.engine_db(), replica::IntegrityDepth::kFull);
        for (const auto& problem : problems) FAIL_CHECK(problem.detail);
        const auto chain = replica::verify_history(device.engine_db());
        CHECK_FALSE(chain->first_bad);
        CHECK(chain->unsealed == 0);
        REQUIRE(engine::start_epoch(device.engine_db()));
    }
    void sync() {
        engine::CycleOptions sweep;
        sweep.sweep = true;
        for (int i = 0; i < 2; ++i) device.sync("crm", sweep);
    }
    std::string there() {
        std::string out;
        for (const auto& id : remote.ids("Contacts"))
            out += remote.value("Contacts", id, "Last_Name").text() + " " +
                   remote.value("Contacts", id, "Phone").text() + "; ";
        return out;
    }

    FakeClock clock;
    MemoryRemote remote;
    Device device;
    std::vector<std::string> ids;
};

}  // namespace

TEST_CASE("a replica is what it was, and the remote's later state comes back over it",
          "[turn_back]") {
    TurnBackFixture f;
    f.set_phone("Ada", "2");
    f.type("INSERT INTO contact(last_name, phone) VALUES('Ede', '1')");
    f.device.sync("crm");
    const auto before = f.rows();
    const auto at = f.now();
    f.later();
    f.set_phone("Ada", "3");
    f.type("DELETE FROM contact WHERE last_name = 'Bob'");
    f.type("INSERT INTO contact(last_name, phone) VALUES('Fay', '1')");
    f.remote.edit("Contacts", f.ids[2], {{"Phone", Value("colleague")}});
    f.remote.create("Contacts", {{"Last_Name", Value("Gus")}});
    f.remote.erase("Contacts", f.ids[3]);
    f.later();
    f.sync();
    const auto after = f.rows();
    REQUIRE(after != before);
    const auto there = f.there();
    f.later();
    f.set_phone("Ada", "unsent");  // over what was sent since

    f.turn_back(at);
    CHECK(f.rows() == before);
    f.sync();
    CHECK(f.there() == there);
    CHECK(f.device.number("SELECT count(*) FROM contact") == 5);  // Ada Cy Ede Fay Gus
    CHECK(f.device.number("SELECT count(*) FROM kontor_link WHERE state = 0 AND ext_id IS NULL") ==
          0);
    CHECK(f.device.text("SELECT phone FROM contact WHERE last_name = 'Ada'") == "3");
    CHECK(f.device.text("SELECT phone FROM contact WHERE last_name = 'Cy'") == "colleague");
    CHECK(engine::list_conflicts(f.device.engine_db(), {})->empty());
    CHECK(f.device.number("SELECT records FROM kontor_stream WHERE name = 'Contacts'") == 5);

    f.set_phone("Ada", "4");
    f.sync();
    CHECK(f.remote.value("Contacts", f.ids[0], "Phone") == Value("4"));
}

TEST_CASE("what was typed and not sent stays to be sent", "[turn_back]") {
    TurnBackFixture f;
    f.set_phone("Ada", "before");
    f.type("INSERT INTO contact(last_name) VALUES('Ede')");
    f.type("DELETE FROM contact WHERE last_name = 'Dee'");
    f.later();
    const auto before = f.rows();
    const auto at = f.now();
    f.later();
    f.set_phone("Ada", "after");
    f.set_phone("Bob", "after");
    f.type("DELETE FROM contact WHERE last_name IN ('Cy', 'Ede')");
    SECTION("the connection was not at work since") {
        f.turn_back(at);
        CHECK(f.rows() == before);
        f.sync();
        CHECK(f.there() == "Ada before; Bob 1; Cy 1; Ede ; ");
    }
    SECTION("it was, so that what is there now counts") {
        f.device.sync("crm");
        const auto there = f.there();
        f.turn_back(at);
        CHECK(f.rows() == before);
        f.sync();
        // Only Ede may never have been there.
        CHECK(f.there() == there + "Ede ; ");
        CHECK(f.device.text("SELECT phone FROM contact WHERE last_name = 'Ada'") == "after");
    }
}

TEST_CASE("a moment before the first load has no records of it", "[turn_back]") {
    TurnBackFixture f;
    const auto first = f.device.text("SELECT min(at) FROM kontor_history");
    const auto early =
        engine::turn_back(f.device.engine_db(), f.clock, f.device.random,
                          format_instant(*parse_instant(first) - std::chrono::milliseconds(1)));
    REQUIRE_FALSE(early);
    CHECK(early.error().args.at("reason") == "history_too_young");
    CHECK(f.device.number("SELECT count(*) FROM contact") == 4);
}

TEST_CASE("what was turned back can be looked up and turned to again", "[turn_back]") {
    TurnBackFixture f;
    const auto at = f.now();
    f.later();
    f.set_phone("Ada", "typed");
    f.type("DELETE FROM contact WHERE last_name = 'Bob'");
    const auto typed = f.rows();
    const auto later = f.now();
    f.later();
    f.turn_back(at);
    CHECK(f.device.number("SELECT count(*) FROM kontor_history WHERE old = 'typed' AND rule ="
                          " 'restored'") == 1);
    f.later();
    f.turn_back(later);
    CHECK(f.rows() == typed);
}
