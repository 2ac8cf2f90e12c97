// D1: which of two values the policy `newest` takes, by clocks that are wrong and stamps that are
// coarse. Where it cannot tell, a person is asked.
#include <catch2/catch.hpp>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

struct NewestWorld {
    NewestWorld() : remote(clock), device(clock) {
        remote.streams = people_streams();
        ada = remote.create("Contacts", {{"Last_Name", Value("Ada")}, {"Phone", Value("old")}});
        clock.advance(minutes{1});
        device.connect("crm", remote, [](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups) {
                    group.policy = merge::Policy::kNewest;
                    group.fallback = merge::Policy::kManual;
                }
        });
        device.stamp_by_clock();
        clock.advance(hours{1});
    }
    void type(const std::string& phone) {
        device.sql("UPDATE contact SET phone = '" + phone + "'");
    }
    void their_edit(const std::string& phone) {
        remote.edit("Contacts", ada, {{"Phone", Value(phone)}});
    }
    /// Our clock jumps; theirs is right.
    void jump(std::chrono::milliseconds by) {
        clock.jump(by);
        remote.clock_skew -= by;
    }
    std::string here() { return device.text("SELECT phone FROM contact"); }
    std::string there() { return remote.value("Contacts", ada, "Phone").text(); }
    std::size_t asked() { return engine::list_conflicts(device.engine_db(), {})->size(); }

    FakeClock clock;
    MemoryRemote remote;
    Device device;
    std::string ada;
};

}  // namespace

TEST_CASE("newest: the last edit here counts, not the one with the latest time",
          "[engine][newest]") {
    NewestWorld w;
    w.jump(hours{2});
    w.type("typed first");
    w.jump(-hours{2});
    w.clock.advance(minutes{1});
    w.type("typed last");
    w.clock.advance(minutes{10});
    w.their_edit("theirs");
    w.clock.advance(minutes{1});
    w.device.sync("crm");
    // It may be from before our edit: theirs is as old as what was read last, or newer.
    CHECK(w.here() == "typed last");
    CHECK(w.there() == "theirs");
    CHECK(w.asked() == 1);
}

TEST_CASE("newest: when what an undo put back was typed is not known", "[engine][newest]") {
    NewestWorld w;
    w.type("typed first");
    w.clock.advance(minutes{10});
    w.their_edit("theirs");
    w.clock.advance(minutes{10});
    w.type("typed last");
    w.type("typed first");
    w.device.sql(
        "UPDATE kontor_history SET rule = 'undo' WHERE seq = (SELECT max(seq) FROM "
        "kontor_history)");
    w.clock.advance(minutes{1});
    w.device.sync("crm");
    CHECK(w.here() == "typed first");
    CHECK(w.there() == "theirs");
    CHECK(w.asked() == 1);
}

TEST_CASE("newest: what was put back as read-only is not typed then", "[engine][newest]") {
    NewestWorld w;
    const auto direction = [&](merge::Direction to) {
        w.device.remap("crm", [to](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups)
                    if (group.name == "phone") group.fields[0].direction = to;
        });
    };
    w.type("typed first");
    direction(merge::Direction::kIn);
    w.device.sync("crm");
    w.type("typed in vain");
    w.clock.advance(minutes{10});
    w.their_edit("theirs");
    w.clock.advance(minutes{10});
    direction(merge::Direction::kBoth);
    w.device.sync("crm");
    CHECK(w.here() == "typed first");
    CHECK(w.there() == "theirs");
    CHECK(w.asked() == 1);
}

TEST_CASE("newest: a stamp of a whole minute may be of any time in it", "[engine][newest]") {
    NewestWorld w;
    const auto past = w.clock.now().time_since_epoch() % minutes{1};
    w.clock.advance(minutes{2} - past);
    w.their_edit("theirs");  // the remote may have cut off the seconds
    w.clock.advance(seconds{30});
    w.type("ours");
    const bool later = GENERATE(false, true);
    CAPTURE(later);
    if (later) {
        w.clock.advance(minutes{1});
        w.type("ours, later");
    }
    w.clock.advance(minutes{5});
    w.device.sync("crm");
    CHECK(w.asked() == (later ? 0 : 1));
    CHECK(w.here() == (later ? "ours, later" : "ours"));
    CHECK(w.there() == (later ? "ours, later" : "theirs"));
}

TEST_CASE("newest: a clock that was set back while the remote told its time decides nothing",
          "[engine][newest]") {
    NewestWorld w;
    w.type("ours");
    w.clock.advance(minutes{5});
    w.their_edit("theirs");
    w.clock.advance(minutes{5});
    w.remote.during_check = [&] { w.jump(-hours{1}); };
    w.device.sync("crm");
    CHECK(w.there() == "theirs");
    CHECK(w.here() == "ours");
    CHECK(w.asked() == 1);
}

TEST_CASE("newest: a version that did not show the field does not tell when it was changed",
          "[engine][newest]") {
    NewestWorld w;
    const auto shown = w.device.settings("crm").streams;
    w.remote.hidden_fields = {"Phone"};
    std::erase_if(w.device.settings("crm").streams.front().fields,
                  [](const auto& field) { return field.name == "Phone"; });
    w.their_edit("theirs");
    w.clock.advance(minutes{1});
    w.type("ours");
    w.clock.advance(minutes{10});
    const bool by_us = GENERATE(true, false);  // moves the version
    CAPTURE(by_us);
    if (by_us)
        w.device.sql("UPDATE contact SET email = 'a@example.com'");
    else
        w.remote.edit("Contacts", w.ada, {{"Email", Value("a@example.com")}});
    w.device.sync("crm");
    w.clock.advance(minutes{1});
    w.remote.hidden_fields.clear();
    w.device.settings("crm").streams = shown;
    w.device.sync("crm");
    CHECK(w.here() == "ours");
    CHECK(w.there() == "theirs");
    CHECK(w.asked() == 1);
}
