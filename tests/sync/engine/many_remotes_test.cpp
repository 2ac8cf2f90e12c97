// Several systems that know the same people, each with its own spelling, users and automations:
// few questions on first contact, one answer for each, and an end to every fight.
#include <catch2/catch.hpp>
#include <deque>

#include "sync/engine/reconcile.hpp"
#include "sync/engine/verifier.hpp"
#include "sync/merge/mapping_json.hpp"
#include "sync/merge/oscillation.hpp"
#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::seconds;

namespace {

std::vector<remote::StreamSpec> streams_with_users() {
    auto streams = people_streams();
    streams[0].fields.push_back(reference_field("Owner", "owner_id", "Users"));
    streams[0].fields.push_back(text_field("Company", "company"));
    auto users = stream_spec("Users", "user",
                             {text_field("Name", "full_name"), text_field("Email", "email")});
    users.can.create = users.can.update = users.can.remove = false;
    streams.push_back(users);
    return streams;
}

/// Any number of remotes on one replica.
struct Office {
    explicit Office(int count) : device(clock) {
        for (int i = 0; i < count; ++i) {
            auto& remote = remotes.emplace_back(clock);
            remote.streams = streams_with_users();
            for (auto& stream : remote.streams) stream.can.key_field = "Key_" + name(i);
            remote.user = "api-" + name(i);
        }
    }
    static std::string name(int i) { return std::string(1, static_cast<char>('a' + i)); }
    void connect(int i) {
        clock.advance(seconds{60});
        device.connect(name(i), remotes[static_cast<std::size_t>(i)], [&](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups) group.policy = policy;
        });
    }
    void connect_all() {
        for (int i = 0; i < static_cast<int>(remotes.size()); ++i) connect(i);
        rounds(2);
    }
    void round() {
        for (int i = 0; i < static_cast<int>(remotes.size()); ++i) {
            device.sync(name(i));
            clock.advance(seconds{30});
        }
    }
    void rounds(int n) {
        for (int i = 0; i < n; ++i) round();
    }
    std::vector<engine::Conflict> open() { return *engine::list_conflicts(device.engine_db(), {}); }
    void answer(engine::Side side) {
        REQUIRE(engine::resolve(device.engine_db(), clock, device.random, open().front().id, side,
                                "uid:1"));
        clock.advance(seconds{5});
    }
    int writes() const {
        int out = 0;
        for (const auto& remote : remotes) out += remote.changes_sent;
        return out;
    }
    void is_quiet() {
        const int before = writes();
        rounds(3);
        CHECK(writes() == before);
    }

    merge::Policy policy = merge::Policy::kNewest;
    FakeClock clock;
    std::deque<MemoryRemote> remotes;
    Device device;
};

RemoteRow ada(const char* phone) {
    return {{"First_Name", Value("Ada")},
            {"Last_Name", Value("Lovelace")},
            {"Email", Value("ada@example.com")},
            {"Phone", Value(phone)}};
}

}  // namespace

TEST_CASE("one number in three spellings is no question, and stays as each has it", "[many]") {
    Office f(3);
    const char* spellings[] = {"138 0013 8000", "+86-13800138000", "（0）13800138000"};
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < 3; ++i)
        ids.push_back(f.remotes[i].create("Contacts", ada(spellings[i])));
    f.connect_all();
    CHECK(f.open().empty());
    CHECK(f.device.number("SELECT count(*) FROM contact") == 1);
    CHECK(f.device.text("SELECT phone FROM contact") == spellings[0]);
    CHECK(f.writes() == 0);
    for (std::size_t i = 0; i < 3; ++i)
        CHECK(f.remotes[i].value("Contacts", ids[i], "Phone") == Value(spellings[i]));

    f.remotes[2].edit("Contacts", ids[2], {{"Phone", Value("139")}});
    f.rounds(2);
    for (std::size_t i = 0; i < 3; ++i)
        CHECK(f.remotes[i].value("Contacts", ids[i], "Phone") == Value("139"));
    f.is_quiet();
}

namespace {

/// Does something once, while a sync is under way and has committed.
struct Meanwhile final : engine::Observer {
    explicit Meanwhile(std::function<void()> what) : then(std::move(what)) {}
    void committed() override {
        if (const auto run = std::exchange(then, nullptr)) run();
    }
    std::function<void()> then;
};

}  // namespace

TEST_CASE("two connections that read at the same time meet each other's people", "[many]") {
    const bool loaded = GENERATE(false, true);
    Office f(2);
    if (loaded) {
        f.remotes[0].create("Contacts", {{"Last_Name", Value("Old")}});
        f.connect(0);
        f.clock.advance(seconds{60});
    } else {
        f.device.prepare("a", f.remotes[0]);
    }
    for (int i = 0; i < 10; ++i)  // several pages
        for (auto& remote : f.remotes)
            remote.create("Contacts", {{"Last_Name", Value("P" + std::to_string(i))},
                                       {"Email", Value(std::to_string(i) + "@example.com")}});
    Meanwhile meanwhile([&] {
        f.device.observer = nullptr;
        f.device.prepare("b", f.remotes[1]);
        f.device.sync("b");
    });
    f.device.observer = &meanwhile;
    f.device.sync("a");
    CHECK(f.device.number("SELECT count(*) FROM contact") == (loaded ? 11 : 10));
    CHECK(f.device.number("SELECT count(*) FROM kontor_link WHERE ext_id > ''") ==
          (loaded ? 21 : 20));
    CHECK(f.open().empty());
}

TEST_CASE("numbers that differ, or of which one says more, are asked about", "[many]") {
    const auto* other =
        GENERATE("138 0013 8001", "138 0013 8000 ext. 12", "138 0013 8000 (mother)", "8000");
    Office f(2);
    f.remotes[0].create("Contacts", ada("138 0013 8000"));
    f.remotes[1].create("Contacts", ada(other));
    f.connect_all();
    REQUIRE(f.open().size() == 1);
    CHECK(f.open()[0].group == "phone");
}

TEST_CASE("what was asked about a record that was deleted here is asked again if it is back",
          "[many]") {
    Office f(2);
    f.policy = merge::Policy::kManual;
    const auto first = f.remotes[0].create("Contacts", ada("13800000001"));
    const auto id = f.remotes[1].create("Contacts", ada("13900000002"));
    f.connect_all();
    REQUIRE(f.open().size() == 1);
    f.device.sql("DELETE FROM contact");
    f.device.sync("a");
    CHECK(f.open().empty());
    f.clock.advance(seconds{30});
    // Before the second has heard of it.
    f.remotes[0].restore("Contacts", first);
    f.rounds(2);
    REQUIRE(f.device.number("SELECT count(*) FROM contact") == 1);
    REQUIRE(f.open().size() == 1);
    f.answer(engine::Side::kOurs);
    f.rounds(2);
    CHECK(f.remotes[1].value("Contacts", id, "Phone") == Value("13800000001"));
}

TEST_CASE("a system's users are nobody's elsewhere: each side keeps its owner, unasked", "[many]") {
    Office f(2);
    std::vector<std::string> users, others, people;
    for (auto& remote : f.remotes) {
        const std::string domain = "@" + remote.user + ".example";
        users.push_back(remote.create("Users", {{"Email", Value("u" + domain)}}));
        others.push_back(remote.create("Users", {{"Email", Value("v" + domain)}}));
        auto row = ada("1234567");
        row["Owner"] = Value(users.back());
        people.push_back(remote.create("Contacts", row));
    }
    const auto born = f.remotes[0].create(
        "Contacts", {{"Last_Name", Value("Only here")}, {"Owner", Value(users[0])}});
    f.connect_all();
    CHECK(f.open().empty());
    for (std::size_t i = 0; i < 2; ++i)
        CHECK(f.remotes[i].value("Contacts", people[i], "Owner") == Value(users[i]));
    f.is_quiet();
    for (int i = 0; i < 2; ++i)
        CHECK(f.device.number("SELECT count(*) FROM kontor_link WHERE dirty") == 0);

    // A colleague gives it to somebody else there: that is news here, and no word for it at the
    // other.
    f.remotes[1].edit("Contacts", people[1], {{"Owner", Value(others[1])}});
    f.rounds(2);
    CHECK(f.device.text("SELECT u.email FROM contact c JOIN user u ON u.id = c.owner_id"
                        " WHERE c.email > ''") == "v@api-b.example");
    CHECK(f.remotes[0].value("Contacts", people[0], "Owner") == Value(users[0]));
    f.is_quiet();
    CHECK(f.open().empty());

    // The user gets an account at the other as well: the two can be compared now. What nobody was
    // asked about is not overwritten.
    f.remotes[1].create("Users", {{"Email", Value("u@api-a.example")}});
    f.rounds(2);
    f.is_quiet();
    CHECK(f.remotes[1].value("Contacts", people[1], "Owner") == Value(others[1]));
}

TEST_CASE("while it is asked which company one is, its people are not asked about", "[many]") {
    Office f(2);
    std::vector<std::string> companies, people;
    for (auto& remote : f.remotes) {
        companies.push_back(
            remote.create("Accounts", {{"Account_Name", Value("北京云山科技有限公司")}}));
        auto row = ada("1234567");
        row["Account_Name"] = Value(companies.back());
        people.push_back(remote.create("Contacts", row));
    }
    f.connect_all();
    REQUIRE(f.open().size() == 1);
    CHECK(f.open()[0].entity == "account");
    CHECK(f.open()[0].kind == "match");
    f.is_quiet();
    CHECK(f.open().size() == 1);

    SECTION("the same: nothing is left to ask") {
        f.answer(engine::Side::kSame);
        f.rounds(2);
        CHECK(f.open().empty());
        CHECK(f.device.number("SELECT count(*) FROM account") == 1);
        CHECK(f.device.number("SELECT count(*) FROM kontor_waiting") == 0);
        for (std::size_t i = 0; i < 2; ++i)
            CHECK(f.remotes[i].value("Contacts", people[i], "Account_Name") == Value(companies[i]));
        CHECK(f.writes() == 0);
        f.remotes[1].edit("Contacts", people[1], {{"Account_Name", Value::null()}});
        f.rounds(2);
        CHECK(f.remotes[0].value("Contacts", people[0], "Account_Name").is_blank());
    }
    SECTION("two companies: then the two differ") {
        f.answer(engine::Side::kApart);
        f.rounds(2);
        REQUIRE(f.open().size() == 1);
        CHECK(f.open()[0].kind == "uncovered");
        CHECK(f.open()[0].group == "account_id");
        for (std::size_t i = 0; i < 2; ++i)
            CHECK(f.remotes[i].value("Contacts", people[i], "Account_Name") == Value(companies[i]));
    }
}

TEST_CASE("a company's name on a card counts as well as the company it belongs to", "[many]") {
    Office f(2);
    f.remotes[0].create("Contacts", {{"First_Name", Value("伟")},
                                     {"Last_Name", Value("陈")},
                                     {"Company", Value("北京云山科技有限公司")}});
    const auto company =
        f.remotes[1].create("Accounts", {{"Account_Name", Value("北京云山科技有限公司")}});
    f.remotes[1].create("Contacts", {{"First_Name", Value("伟")},
                                     {"Last_Name", Value("陈")},
                                     {"Account_Name", Value(company)}});
    f.connect_all();
    REQUIRE(f.open().size() == 1);
    CHECK(f.open()[0].kind == "match");
    CHECK(f.open()[0].rule == "name+company");
}

namespace {

/// Each remote's automation sets Ada's phone by its own rule, soon after somebody else has changed
/// it.
struct Quarrel : Office {
    explicit Quarrel(int count, merge::Policy by = merge::Policy::kNewest) : Office(count) {
        policy = by;
        remotes[0].create("Contacts", ada("1234567"));
        connect_all();
        for (auto& remote : remotes) ids.push_back(remote.ids("Contacts").front());
    }
    template <class Rule>
    void round_of(Rule rule) {
        for (std::size_t i = 0; i < remotes.size(); ++i) {
            const auto now = remotes[i].value("Contacts", ids[i], "Phone");
            const Value wanted(rule(i, now.text()));
            if (wanted != now)
                remotes[i].edit("Contacts", ids[i], {{"Phone", wanted}}, "automation");
            clock.advance(seconds{5});
            // In whatever order the connections' turns come.
            device.sync(name(static_cast<int>((i * 3 + turn) % remotes.size())));
            clock.advance(seconds{20});
        }
        ++turn;
    }
    template <class Rule>
    void ends(Rule rule, int writes_max) {
        const int started = writes();
        for (int i = 0; i < 40; ++i) round_of(rule);
        CHECK(writes() - started <= writes_max);
        const auto parked = open();
        CHECK_FALSE(parked.empty());
        CHECK(parked.size() < remotes.size());  // at least one side has its value here
        // Edits that cross may be asked about sooner.
        for (const auto& one : parked)
            CHECK((one.kind == "oscillation" || policy != merge::Policy::kRemote));
        const int before = writes();
        for (int i = 0; i < 10; ++i) round_of(rule);
        CHECK(writes() == before);
        // Everything else goes on.
        device.sql("UPDATE contact SET first_name = 'Augusta'");
        rounds(2);
        for (std::size_t i = 0; i < remotes.size(); ++i)
            CHECK(remotes[i].value("Contacts", ids[i], "First_Name") == Value("Augusta"));
    }
    std::vector<std::string> ids;
    std::size_t turn = 0;
};

}  // namespace

TEST_CASE("C3: however many remotes insist each on its own value, it ends", "[many][oscillation]") {
    const int count = GENERATE(2, 3, 4);
    const auto policy = GENERATE(merge::Policy::kNewest, merge::Policy::kRemote);
    Quarrel f(count, policy);
    f.ends([](std::size_t i, const std::string&) { return "spelling " + std::to_string(i); },
           2 * count);
}

TEST_CASE("C3: automations that each add to what the other has end as well",
          "[many][oscillation]") {
    Quarrel f(2, merge::Policy::kRemote);
    f.ends(
        [](std::size_t i, const std::string& now) {
            const std::string mark = i == 0 ? "+" : "-";
            return now.ends_with(mark) ? now : now + mark;
        },
        merge::kRelayMax);
}

TEST_CASE("a connector that ends while it writes may have written: nothing is made twice",
          "[many]") {
    const auto trouble = GENERATE(Errc::kConnector, Errc::kCancelled);
    const auto fault =
        GENERATE(MemoryRemote::Fault::kLostAnswer, MemoryRemote::Fault::kLostRequest);
    Office f(1);
    MemoryRemote& remote = f.remotes[0];
    remote.normalise = [](const std::string&, const std::string& field, Value value) {
        return field == "Email" ? Value("normal@example.com") : std::move(value);
    };
    const auto id = remote.create("Contacts", ada("1234567"));
    f.connect_all();
    remote.push_trouble = trouble;

    remote.next_push = fault;
    f.device.sql("UPDATE contact SET email = 'Normal@Example.com'");
    CHECK(f.device.try_sync("a").error().code == trouble);
    f.clock.advance(seconds{30});
    f.rounds(2);
    CHECK(f.open().empty());
    CHECK(f.device.text("SELECT email FROM contact") == "Normal@Example.com");
    CHECK(remote.value("Contacts", id, "Email") == Value("normal@example.com"));

    remote.next_push = fault;
    f.device.sql("INSERT INTO contact(last_name) VALUES('New')");
    CHECK(f.device.try_sync("a").error().code == trouble);
    f.clock.advance(seconds{30});
    f.rounds(2);
    CHECK(remote.ids("Contacts").size() == 2);
    f.is_quiet();
}

TEST_CASE("a policy holds for what other connections do, before its own has synced again",
          "[many][mapping]") {
    Office f(2);
    const auto there = f.remotes[0].create("Contacts", ada("1"));
    f.connect_all();
    const auto take = [&](const std::function<void(merge::StreamMapping&)>& adjust) {
        f.device.remap("b", [&](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams) adjust(stream);
        });
        const auto& mapping = f.device.settings("b").mapping;
        const auto change = engine::policies_change(f.device.engine_db(), "b", mapping);
        REQUIRE(change);
        CHECK(*change);
        REQUIRE(
            engine::take_policies(f.device.engine_db(), f.clock, f.device.random, "b", mapping));
        CHECK_FALSE(*engine::policies_change(f.device.engine_db(), "b", mapping));
    };
    const auto left_at_b = [&] { return f.remotes[1].ids("Contacts").size(); };
    REQUIRE(left_at_b() == 1);

    SECTION("a deletion at another remote") {
        take([](auto& stream) { stream.delete_relayed = merge::DeletePolicy::kMirror; });
        f.remotes[0].erase("Contacts", there);
        f.device.sync("a");  // it is here that all links of the record are told
        f.rounds(2);
        CHECK(left_at_b() == 0);
    }
    SECTION("a deletion here, that another connection's sync takes in") {
        take([](auto& stream) { stream.delete_there = merge::DeletePolicy::kUnlink; });
        f.device.sql("DELETE FROM contact");
        f.device.sync("a");
        f.rounds(2);
        CHECK(left_at_b() == 1);
    }
    SECTION("what was deleted before it was changed is absorbed by the old one") {
        f.device.sql("DELETE FROM contact");
        take([](auto& stream) { stream.delete_there = merge::DeletePolicy::kUnlink; });
        f.device.sync("a");
        f.rounds(2);
        CHECK(left_at_b() == 0);
    }
    SECTION("fields are left to the connection's own sync") {
        const auto stored =
            "SELECT s.mapping FROM kontor_stream s JOIN kontor_connection c ON c.id = s.connection"
            " WHERE c.name = 'b' AND s.name = 'Contacts'";
        const auto before = f.device.text(stored);
        take([](auto& stream) {
            stream.push = false;
            stream.groups.pop_back();
        });
        auto now = *merge::stream_mapping_from_json(f.device.text(stored));
        CHECK_FALSE(now.push);
        now.push = true;
        CHECK(merge::to_json(now) == before);
    }
    // Nothing to take of a connection that has never synced.
    CHECK_FALSE(
        *engine::policies_change(f.device.engine_db(), "c", f.device.settings("b").mapping));
}

TEST_CASE("one that was merged at one remote and stays here is at all remotes again", "[many]") {
    Office office(2);
    office.connect(0);
    office.clock.advance(seconds{60});
    office.device.connect("b", office.remotes[1], [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) stream.delete_here = merge::DeletePolicy::kAsk;
    });
    office.device.sql("INSERT INTO contact(last_name) VALUES('One')");
    office.rounds(3);
    auto& a = office.remotes[0];
    auto& b = office.remotes[1];
    REQUIRE(a.ids("Contacts").size() == 1);
    const auto one = b.ids("Contacts").front();
    const auto other = b.create("Contacts", {{"Phone", Value("12345678")}});
    office.clock.advance(seconds{10});
    b.merge("Contacts", one, other);
    office.rounds(3);
    // It goes on as the other, also at a; that it is to be deleted here is asked about.
    CHECK(a.ids("Contacts").size() == 1);
    REQUIRE(office.open().size() == 1);
    REQUIRE(office.device.number("SELECT count(*) FROM contact") == 2);

    const auto verify = [&] {
        std::vector<engine::VerifyFinding> found;
        engine::Observer observer;
        const std::atomic<bool> cancelled{false};
        engine::Verifier verifier({.db = office.device.engine_db(),
                                   .remote = a,
                                   .observer = observer,
                                   .cancelled = cancelled,
                                   .finding = [&](const auto& f) { found.push_back(f); }},
                                  office.device.settings("a"));
        REQUIRE(verifier.run({}));
        return found;
    };
    auto found = verify();
    REQUIRE(found.size() == 1);
    CHECK(found[0].kind == engine::VerifyFinding::Kind::kOnlyHere);
    CHECK(found[0].reason == engine::VerifyReason::kConflict);
    CHECK(found[0].detail == std::to_string(office.open().front().id));

    office.answer(engine::Side::kOurs);
    office.rounds(3);
    CHECK(a.ids("Contacts").size() == 2);
    CHECK(b.ids("Contacts").size() == 2);
    CHECK(verify().empty());
    office.is_quiet();
}

TEST_CASE("D6: who waits for a record that gets the id of one merged into it waits no longer",
          "[many]") {
    Office office(2);
    office.connect_all();
    auto& a = office.remotes[0];
    auto& b = office.remotes[1];
    const auto loser = b.create("Accounts", {{"Account_Name", Value("Acme")}});
    office.rounds(2);
    REQUIRE(a.ids("Accounts").size() == 1);
    const auto known = a.ids("Accounts").front();

    // The winner is not made at a, nor is who refers to it.
    a.refuse = [](const std::string& stream, const remote::Change&) {
        remote::PushResult refused;
        refused.status = remote::PushStatus::kInvalid;
        return stream == "Accounts" ? std::optional(refused) : std::nullopt;
    };
    const auto winner = b.create("Accounts", {{"Account_Name", Value("Other")}});
    b.create("Contacts", {{"Last_Name", Value("Lee")}, {"Account_Name", Value(winner)}});
    office.rounds(2);
    const std::string held = "SELECT count(*) FROM kontor_blocked WHERE code = 'KONTOR_PARENT'";
    REQUIRE(office.device.number(held) == 1);

    office.clock.advance(seconds{10});
    b.merge("Accounts", loser, winner);
    a.refuse = {};
    office.rounds(3);
    CHECK(office.device.number("SELECT count(*) FROM account") == 1);
    CHECK(office.device.number(held) == 0);
    REQUIRE(a.ids("Contacts").size() == 1);
    CHECK(a.value("Contacts", a.ids("Contacts").front(), "Account_Name") == Value(known));
    CHECK(a.ids("Accounts").size() == 1);
}
