// Who is who, answered for many at once: what was meant, nothing that may be several, taken back as
// long as no sync has acted on it, and with work that grows as their number does.
#include <catch2/catch.hpp>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using engine::Side;
using std::chrono::seconds;

namespace {

/// Pairs of people at two remotes who may be the same: every third by a personal e-mail under
/// another name, the others by a telephone and name that an e-mail contradicts.
struct Uncertain {
    explicit Uncertain(int pairs) : one(clock), two(clock), device(clock) {
        one.streams = two.streams = people_streams();
        for (auto& stream : two.streams) stream.can.key_field = "Key_2";
        for (int i = 0; i < pairs; ++i) {
            const auto n = std::to_string(i);
            const bool by_mail = i % 3 == 0;
            one.create("Contacts", person("Ann", "One" + n, n + "@example.com", phone(i)));
            two.create("Contacts", by_mail
                                       ? person("Bob", "Two" + n, n + "@example.com", "")
                                       : person("Ann", "One" + n, n + "@example.org", phone(i)));
        }
    }
    static std::string phone(int i) { return "138" + std::to_string(10'000'000 + i); }
    static RemoteRow person(const std::string& first, const std::string& last,
                            const std::string& email, const std::string& phone) {
        RemoteRow out{
            {"First_Name", Value(first)}, {"Last_Name", Value(last)}, {"Email", Value(email)}};
        if (!phone.empty()) out["Phone"] = Value(phone);
        return out;
    }
    void connect() {
        clock.advance(seconds{60});
        device.connect("one", one);
        clock.advance(seconds{60});
        device.connect("two", two);
        rounds(2);
    }
    void rounds(int n) {
        for (int i = 0; i < n; ++i)
            for (const char* name : {"one", "two"}) {
                device.sync(name);
                clock.advance(seconds{30});
            }
    }
    engine::ManyDecided decide(const engine::ManyConflicts& which, Side side) {
        auto done =
            engine::decide_many(device.engine_db(), clock, device.random, which, side, "uid:1");
        if (!done) FAIL(done.error().message);
        CHECK(done->failed_total == 0);
        clock.advance(seconds{5});
        return std::move(*done);
    }
    engine::Reopened reopen(std::int64_t run) {
        auto done =
            engine::reopen_run(device.engine_db(), clock, device.random, run, false, "uid:1");
        if (!done) FAIL(done.error().message);
        return std::move(*done);
    }
    std::int64_t open() {
        return device.number(
            "SELECT count(*) FROM kontor_conflict WHERE state = 'open' AND kind = 'match'");
    }
    std::int64_t contacts() { return device.number("SELECT count(*) FROM contact"); }

    FakeClock clock;
    MemoryRemote one, two;
    Device device;
};

}  // namespace

TEST_CASE("many questions who is who are shown, counted by rule and answered by rule",
          "[match][conflicts]") {
    Uncertain w(30);
    w.connect();
    REQUIRE(w.open() == 30);
    const auto preview = *engine::preview_many(w.device.engine_db(), {}, Side::kSame);
    CHECK(preview.decided == 30);
    CHECK(preview.groups.at({"two", "contact", "email"}) == 10);
    CHECK(preview.groups.at({"two", "contact", "phone+name"}) == 20);
    CHECK(preview.conflicts.size() == 30);
    CHECK(w.open() == 30);
    const auto listed =
        *engine::list_conflicts(w.device.engine_db(), {.kind = "match", .rule = "email"});
    CHECK(listed.size() == 10);

    CHECK(w.decide({.connection = "one"}, Side::kSame).decided == 0);
    CHECK(w.decide({.entity = "account"}, Side::kSame).decided == 0);
    CHECK(w.decide({.rule = "phone+name"}, Side::kSame).decided == 20);
    CHECK(w.decide({.rule = "email"}, Side::kApart).decided == 10);
    w.rounds(2);
    CHECK(w.open() == 0);
    CHECK(w.contacts() == 40);  // the twenty are linked, the ten are two each
    CHECK(w.one.ids("Contacts").size() == 40);
    CHECK(w.two.ids("Contacts").size() == 40);
}

TEST_CASE("a side has no use for the other's filter", "[match][conflicts]") {
    Uncertain w(1);
    w.connect();
    for (const auto& [which, side] :
         {std::pair{engine::ManyConflicts{.field = "phone"}, Side::kSame},
          std::pair{engine::ManyConflicts{.rule = "email"}, Side::kOurs}}) {
        const auto preview = engine::preview_many(w.device.engine_db(), which, side);
        REQUIRE_FALSE(preview);
        CHECK(preview.error().code == Errc::kInvalid);
        CHECK_FALSE(engine::decide_many(w.device.engine_db(), w.clock, w.device.random, which, side,
                                        "uid:1"));
    }
    CHECK(w.open() == 1);
    // Values and who is who do not answer each other's questions.
    CHECK(engine::preview_many(w.device.engine_db(), {}, Side::kOurs)->decided == 0);
}

TEST_CASE("who may be more than one record is not called the same among many",
          "[match][conflicts]") {
    Uncertain w(4);
    // Another one here for the first, and another one there for the fourth.
    w.one.create("Contacts", Uncertain::person("Cid", "Three", "0@example.com", ""));
    w.two.create("Contacts", Uncertain::person("Dan", "Four", "3@example.com", ""));
    w.connect();
    REQUIRE(w.open() == 4);
    const auto done = w.decide({}, Side::kSame);
    CHECK(done.decided == 2);
    CHECK(done.left == 2);
    w.rounds(2);
    CHECK(w.open() == 2);
    CHECK(w.contacts() == 5);
    // Apart is said of each pair: then the next candidate is asked about.
    CHECK(w.decide({}, Side::kApart).decided == 2);
    w.rounds(1);
    CHECK(w.open() == 2);
}

TEST_CASE("answers about many are taken back until a sync has acted on them",
          "[match][conflicts]") {
    Uncertain w(6);
    w.connect();
    const auto side = GENERATE(Side::kSame, Side::kApart);
    const auto first = w.decide({}, side);
    CHECK(w.open() == 0);
    const auto back = w.reopen(first.run);
    CHECK(back.reopened == 6);
    CHECK(back.kept == 0);
    CHECK(w.open() == 6);
    CHECK(engine::preview_many(w.device.engine_db(), {.rule = "phone+name"}, side)->decided == 4);
    w.rounds(2);
    CHECK(w.open() == 6);  // nothing has come of the answer
    CHECK(w.contacts() == 6);

    const auto second = w.decide({}, side);
    w.rounds(1);
    CHECK(w.contacts() == (side == Side::kSame ? 6 : 12));
    const auto late = w.reopen(second.run);
    CHECK(late.reopened == 0);
    CHECK(late.kept == 6);
    CHECK(w.open() == 0);
}

TEST_CASE("the work of asking, answering and acting on it grows as the questions do",
          "[match][conflicts]") {
    const auto steps = [](int pairs) {
        Uncertain w(pairs);
        w.connect();
        const auto counted = [&](const std::function<void()>& work) {
            return database_steps(w.device.engine_db(), work);
        };
        std::vector<int> out;
        out.push_back(counted([&] { w.rounds(1); }));  // all wait
        out.push_back(counted([&] { w.decide({.rule = "phone+name"}, Side::kSame); }));
        out.push_back(counted([&] { w.decide({}, Side::kApart); }));
        out.push_back(counted([&] { w.rounds(1); }));
        CHECK(w.open() == 0);
        return out;
    };
    const auto few = steps(100), many = steps(400);
    for (std::size_t i = 0; i < few.size(); ++i) {
        INFO(i << ": " << few[i] << " and " << many[i]);
        CHECK(many[i] < few[i] * 8);
    }
}
