// The sequences that break a careless merge base, each as it happens to a user: change both sides,
// sync, compare both sides. The remote keeps stamps of whole seconds; a cycle takes five.
#include <catch2/catch.hpp>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::seconds;

namespace {

/// One device, one remote, one contact Ada with phone "100".
struct ScenariosFixture {
    explicit ScenariosFixture(Instant start = FakeClock().now())
        : clock(start), remote(clock), device(clock) {
        remote.streams = people_streams();
        ada =
            remote.create("Contacts", {{"Last_Name", Value("Lovelace")}, {"Phone", Value("100")}});
        clock.advance(seconds{60});
    }
    void connect(const std::function<void(merge::Mapping&)>& adjust = {}) {
        device.connect("crm", remote, adjust);
        id = std::to_string(device.local("Contacts", ada));
    }
    void set_phone(const std::string& value) {
        device.sql("UPDATE contact SET phone = '" + value + "' WHERE id = " + id);
    }
    std::string phone() {
        return device.text("SELECT coalesce(phone, '') FROM contact WHERE id = " + id);
    }
    std::string remote_phone() { return remote.value("Contacts", ada, "Phone").text(); }
    int writes_of(int cycles) {
        const int before = remote.changes_sent;
        for (int i = 0; i < cycles; ++i) device.sync("crm");
        return remote.changes_sent - before;
    }
    static void policy(merge::Mapping& mapping, const std::string& group, merge::Policy policy) {
        for (auto& stream : mapping.streams)
            for (auto& one : stream.groups)
                if (one.name == group) one.policy = policy;
    }

    FakeClock clock;
    MemoryRemote remote;
    Device device;
    std::string ada, id;
};

Value with_country_code(const std::string&, const std::string& field, Value value) {
    if (field != "Phone" || value.is_blank() || value.text().starts_with("+86 ")) return value;
    return Value("+86 " + value.text());
}

}  // namespace

TEST_CASE("S1: a field that the remote normalises stays editable", "[scenario]") {
    ScenariosFixture f;
    f.remote.normalise = with_country_code;
    f.connect();
    f.set_phone("138");
    f.device.sync("crm");
    CHECK(f.remote_phone() == "+86 138");
    f.device.sync("crm");
    f.set_phone("139");
    f.device.sync("crm");
    CHECK(f.remote_phone() == "+86 139");
    CHECK(f.phone() == "139");
}

TEST_CASE("S2: our own value in the remote's form is neither taken nor pushed again",
          "[scenario]") {
    ScenariosFixture f;
    f.remote.normalise = with_country_code;
    f.connect();
    f.set_phone("138");
    f.device.sync("crm");
    CHECK(f.phone() == "138");
    CHECK(f.writes_of(4) == 0);
    CHECK(f.phone() == "138");
    CHECK(f.remote_phone() == "+86 138");
}

TEST_CASE("S3: two remotes that normalise differently play no ping-pong", "[scenario]") {
    ScenariosFixture f;
    f.remote.normalise = with_country_code;
    MemoryRemote other(f.clock);
    other.streams = people_streams();
    other.normalise = [](const std::string&, const std::string& field, Value value) {
        if (field != "Phone" || value.is_blank() || value.text().starts_with("0")) return value;
        return Value("0" + value.text());
    };
    f.connect();
    f.device.connect("second", other);
    for (int i = 0; i < 3; ++i) {
        f.device.sync("crm");
        f.device.sync("second");
    }
    REQUIRE(other.ids("Contacts").size() == 1);
    f.set_phone("138");
    const int a = f.remote.changes_sent, b = other.changes_sent;
    for (int i = 0; i < 6; ++i) {
        f.device.sync("crm");
        f.device.sync("second");
    }
    CHECK(f.remote.changes_sent - a == 1);
    CHECK(other.changes_sent - b == 1);
    CHECK(f.phone() == "138");
    CHECK(f.remote_phone() == "+86 138");
    CHECK(other.value("Contacts", other.ids("Contacts")[0], "Phone").text() == "0138");
}

TEST_CASE("S4: a request lost on its way is sent again, and the user's value stays", "[scenario]") {
    ScenariosFixture f;
    f.connect();
    f.set_phone("138");
    f.remote.next_push = MemoryRemote::Fault::kLostRequest;
    const auto cut = f.device.sync("crm");
    REQUIRE(cut.problem);
    CHECK(cut.problem->retryable());
    CHECK(f.phone() == "138");
    CHECK(f.remote_phone() == "100");
    f.device.sync("crm");
    CHECK(f.phone() == "138");
    CHECK(f.remote_phone() == "138");
    CHECK(f.writes_of(3) == 0);
}

TEST_CASE("S4b: an answer lost after the commit is found out, not repeated", "[scenario]") {
    ScenariosFixture f;
    f.connect();
    f.set_phone("138");
    f.remote.next_push = MemoryRemote::Fault::kLostAnswer;
    f.device.sync("crm");
    CHECK(f.remote_phone() == "138");
    CHECK(f.writes_of(3) == 0);
    CHECK(f.phone() == "138");
    CHECK(f.device.number("SELECT count(*) FROM kontor_intent WHERE state <> 'acked'") == 0);
}

TEST_CASE("S5: nothing of a parked conflict is sent", "[scenario]") {
    ScenariosFixture f;
    f.connect(
        [](auto& mapping) { ScenariosFixture::policy(mapping, "phone", merge::Policy::kManual); });
    f.set_phone("138");
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("999")}});
    CHECK(f.writes_of(3) == 0);
    CHECK(f.remote_phone() == "999");
    CHECK(f.phone() == "138");
    const auto open = engine::list_conflicts(f.device.engine_db(), {});
    REQUIRE(open);
    REQUIRE(open->size() == 1);
    CHECK(open->front().fields.front().base == Value("100"));
    CHECK(open->front().fields.front().ours == Value("138"));
    CHECK(open->front().fields.front().theirs == Value("999"));

    SECTION("another group of the record goes on") {
        f.device.sql("UPDATE contact SET email = 'ada@example.org' WHERE id = " + f.id);
        f.device.sync("crm");
        CHECK(f.remote.value("Contacts", f.ada, "Email").text() == "ada@example.org");
        CHECK(f.remote_phone() == "999");
    }
    SECTION("choosing ours pushes it") {
        REQUIRE(engine::resolve(f.device.engine_db(), f.clock, f.device.random, open->front().id,
                                engine::Side::kOurs, "uid:1"));
        f.device.sync("crm");
        CHECK(f.remote_phone() == "138");
        CHECK(f.phone() == "138");
        CHECK(f.writes_of(2) == 0);
    }
    SECTION("choosing theirs writes it here") {
        REQUIRE(engine::resolve(f.device.engine_db(), f.clock, f.device.random, open->front().id,
                                engine::Side::kTheirs, "uid:1"));
        CHECK(f.phone() == "999");
        CHECK(f.writes_of(3) == 0);
        CHECK(f.device.number("SELECT count(*) FROM kontor_history WHERE old = '138'") == 1);
    }
    SECTION("the colleague goes back: ours is pushed without a question") {
        f.remote.edit("Contacts", f.ada, {{"Phone", Value("100")}});
        f.device.sync("crm");
        CHECK(f.remote_phone() == "138");
        CHECK(engine::list_conflicts(f.device.engine_db(), {})->empty());
    }
}

TEST_CASE("S5b: reading the same image again does not decide a parked conflict", "[scenario]") {
    // SQLite stamps local edits with the machine's time, which `newest` compares with theirs.
    ScenariosFixture f(SystemClock().now());
    f.connect();
    f.set_phone("138");
    f.clock.advance(seconds{20});
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("999")}});
    f.device.sync("crm");
    REQUIRE(engine::list_conflicts(f.device.engine_db(), {})->size() == 1);
    // Pushing another field looks at the record again.
    f.device.sql("UPDATE contact SET email = 'ada@example.org' WHERE id = " + f.id);
    for (int i = 0; i < 3; ++i) f.device.sync("crm");
    CHECK(engine::list_conflicts(f.device.engine_db(), {})->size() == 1);
    CHECK(f.phone() == "138");
    CHECK(f.remote_phone() == "999");
    CHECK(f.remote.value("Contacts", f.ada, "Email") == Value("ada@example.org"));
}

TEST_CASE("S6: a newly mapped field that is empty there does not wipe ours", "[scenario]") {
    ScenariosFixture f;
    merge::GroupMapping email;
    f.connect([&](merge::Mapping& mapping) {
        auto& groups = mapping.streams.front().groups;
        const auto found = std::ranges::find(groups, "email", &merge::GroupMapping::name);
        email = *found;
        groups.erase(found);
    });
    f.device.sql("UPDATE contact SET email = 'ada@example.org' WHERE id = " + f.id);
    f.device.sync("crm");
    CHECK(f.remote.value("Contacts", f.ada, "Email").is_null());
    f.device.remap("crm", [&](merge::Mapping& m) { m.streams.front().groups.push_back(email); });
    f.device.sync("crm");
    CHECK(f.device.text("SELECT email FROM contact WHERE id = " + f.id) == "ada@example.org");
    f.device.sync("crm");
    CHECK(f.remote.value("Contacts", f.ada, "Email").text() == "ada@example.org");
    CHECK(f.writes_of(2) == 0);
}

TEST_CASE("S7: a second remote without the phone takes it, and wipes nobody's", "[scenario]") {
    ScenariosFixture f;
    MemoryRemote other(f.clock);
    other.streams = people_streams();
    f.connect();
    f.device.connect("second", other);
    for (int i = 0; i < 2; ++i) {
        f.device.sync("second");
        f.device.sync("crm");
    }
    REQUIRE(other.ids("Contacts").size() == 1);
    const auto theirs = other.ids("Contacts")[0];
    CHECK(other.value("Contacts", theirs, "Phone").text() == "100");
    CHECK(f.phone() == "100");
    CHECK(f.remote_phone() == "100");
    // Its own blank field says nothing about ours as long as it never agreed to a value.
    other.edit("Contacts", theirs, {{"Email", Value("ada@second.example")}});
    for (int i = 0; i < 2; ++i) {
        f.device.sync("second");
        f.device.sync("crm");
    }
    CHECK(f.remote.value("Contacts", f.ada, "Email").text() == "ada@second.example");
    CHECK(f.remote_phone() == "100");
}

TEST_CASE("S8: both columns of a joined name edited before the engine looks", "[scenario]") {
    ScenariosFixture f;
    auto people = people_streams();
    people[0].fields[1].name = "Full_Name";
    f.remote.streams = people;
    f.remote.edit("Contacts", f.ada, {{"Full_Name", Value("Ada Lovelace")}});
    f.connect([](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams) {
            if (stream.stream != "Contacts") continue;
            std::erase_if(stream.groups, [](const auto& g) { return g.name == "first_name"; });
            auto& name = *std::ranges::find(stream.groups, "last_name", &merge::GroupMapping::name);
            name.fields[0].lens = merge::LensKind::kFullName;
            name.fields[0].columns = {"first_name", "last_name"};
        }
    });
    CHECK(f.device.text("SELECT first_name || '|' || last_name FROM contact") == "Ada|Lovelace");
    f.device.sql("UPDATE contact SET first_name = 'Augusta' WHERE id = " + f.id);
    f.device.sql("UPDATE contact SET last_name = 'King' WHERE id = " + f.id);
    const auto report = f.device.sync("crm");
    CHECK(f.remote.value("Contacts", f.ada, "Full_Name").text() == "Augusta King");
    for (const auto& counts : report.streams) CHECK(counts.conflicts == 0);
    CHECK(f.writes_of(2) == 0);
}

TEST_CASE("S9: a contact of an account made offline is pushed with the account's new id",
          "[scenario]") {
    ScenariosFixture f;
    f.connect();
    f.device.sql("INSERT INTO account(name) VALUES('Acme 公司')");
    const auto account = f.device.number("SELECT max(id) FROM account");
    f.device.sql("UPDATE contact SET account_id = " + std::to_string(account) +
                 " WHERE id = " + f.id);
    f.device.sync("crm");
    f.device.sync("crm");
    const auto ext = f.device.remote_id("Accounts", account);
    REQUIRE_FALSE(ext.empty());
    CHECK(f.remote.value("Contacts", f.ada, "Account_Name").text() == ext);
    for (const auto& change : f.remote.sent)
        for (const auto& field : change.fields)
            if (field.field == "Account_Name" && change.id == f.ada)
                CHECK(field.value == Value(ext));
    CHECK(f.writes_of(2) == 0);
}

TEST_CASE("S10: an account that is created again under a new id keeps its contacts", "[scenario]") {
    ScenariosFixture f;
    const auto acme = f.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    f.remote.edit("Contacts", f.ada, {{"Account_Name", Value(acme)}});
    f.clock.advance(seconds{60});
    f.connect();
    const auto account = f.device.local("Accounts", acme);
    REQUIRE(f.device.number("SELECT account_id FROM contact WHERE id = " + f.id) == account);
    // Deleted there while it was edited here: the edit wins and it is created anew. The remote
    // has nulled the look-up.
    f.device.sql("UPDATE account SET name = 'Acme Ltd' WHERE id = " + std::to_string(account));
    f.remote.erase("Accounts", acme);
    f.remote.edit("Contacts", f.ada, {{"Account_Name", Value::null()}});
    for (int i = 0; i < 3; ++i) f.device.sync("crm");
    const auto again = f.device.remote_id("Accounts", account);
    REQUIRE_FALSE(again.empty());
    CHECK(again != acme);
    CHECK(f.device.number("SELECT account_id FROM contact WHERE id = " + f.id) == account);
    CHECK(f.remote.value("Contacts", f.ada, "Account_Name").text() == again);
}

TEST_CASE("S11: a look-up whose target has not arrived is kept and completed", "[scenario]") {
    ScenariosFixture f;
    f.connect();
    // Late-visible: the contact shows the account before the account itself shows.
    const auto late = f.remote.create("Accounts", {{"Account_Name", Value("Late")}});
    f.remote.unlisted.insert(late);
    f.remote.edit("Contacts", f.ada, {{"Account_Name", Value(late)}});
    CHECK(f.writes_of(2) == 0);
    CHECK(f.remote.value("Contacts", f.ada, "Account_Name").text() == late);
    CHECK(f.device.number("SELECT count(*) FROM account") == 0);
    CHECK(f.device.number("SELECT count(*) FROM kontor_waiting") == 1);
    // It arrives, and nobody edits anything.
    f.remote.unlisted.erase(late);
    f.remote.replay("Accounts", late, f.remote.at("Accounts", late));
    CHECK(f.writes_of(1) == 0);
    REQUIRE(f.device.number("SELECT count(*) FROM account WHERE name = 'Late'") == 1);
    CHECK(f.device.number("SELECT account_id FROM contact WHERE id = " + f.id) ==
          f.device.local("Accounts", late));
    CHECK(f.device.number("SELECT count(*) FROM kontor_waiting") == 0);
    CHECK(f.writes_of(2) == 0);
    CHECK(f.remote.value("Contacts", f.ada, "Account_Name").text() == late);
}

TEST_CASE("S12: an older image after an acknowledged push is not merged", "[scenario]") {
    ScenariosFixture f;
    f.connect();
    const auto old = f.remote.at("Contacts", f.ada);
    f.clock.advance(seconds{10});
    f.set_phone("138");
    f.device.sync("crm");
    REQUIRE(f.remote_phone() == "138");
    f.remote.replay("Contacts", f.ada, old);
    CHECK(f.writes_of(2) == 0);
    CHECK(f.phone() == "138");
}

TEST_CASE("S13: a group moves as one", "[scenario]") {
    ScenariosFixture f;
    f.connect(
        [](auto& m) { ScenariosFixture::policy(m, "mailing_address", merge::Policy::kManual); });
    f.remote.edit("Contacts", f.ada,
                  {{"Mailing_City", Value("Beijing")}, {"Mailing_Street", Value("Chang'an")}});
    f.device.sync("crm");
    f.device.sql("UPDATE contact SET mailing_city = 'London' WHERE id = " + f.id);
    f.remote.edit("Contacts", f.ada,
                  {{"Mailing_City", Value("Shanghai")}, {"Mailing_Street", Value("Nanjing Lu")}});
    for (int i = 0; i < 2; ++i) f.device.sync("crm");
    CHECK(f.device.text("SELECT mailing_city || ', ' || mailing_street FROM contact") ==
          "London, Chang'an");
    CHECK(f.remote.value("Contacts", f.ada, "Mailing_Street").text() == "Nanjing Lu");
    CHECK(engine::list_conflicts(f.device.engine_db(), {})->size() == 1);
}

TEST_CASE("S14: an edit while a create is on its way follows as an update", "[scenario]") {
    ScenariosFixture f;
    f.connect();
    f.device.sql("INSERT INTO contact(last_name, phone) VALUES('Turing', '1')");
    f.remote.after_push = [&] {
        f.device.sql("UPDATE contact SET phone = '2' WHERE last_name = 'Turing'");
    };
    f.device.sync("crm");
    f.device.sync("crm");
    REQUIRE(f.remote.ids("Contacts").size() == 2);
    const auto id = f.remote.ids("Contacts").back();
    CHECK(f.remote.value("Contacts", id, "Phone").text() == "2");
    CHECK(f.device.text("SELECT phone FROM contact WHERE last_name = 'Turing'") == "2");
    CHECK(f.writes_of(2) == 0);
}

TEST_CASE("S15: a counter is summed once although the answer was lost", "[scenario]") {
    ScenariosFixture f;
    auto people = people_streams();
    people[0].fields[2].type = remote::FieldType::kInteger;  // Phone as a counter in its own column
    people[0].fields[2].name = "Visits";
    people[0].fields[2].column_hint = "visits";
    f.remote.streams = people;
    f.remote.edit("Contacts", f.ada, {{"Visits", Value(std::int64_t{15})}});
    f.connect([](auto& m) { ScenariosFixture::policy(m, "visits", merge::Policy::kSum); });
    f.device.sql("UPDATE contact SET visits = visits + 2 WHERE id = " + f.id);
    f.remote.next_push = MemoryRemote::Fault::kLostAnswer;
    f.remote.after_push = [&] {
        f.clock.advance(seconds{2});
        f.remote.edit("Contacts", f.ada, {{"Visits", Value(std::int64_t{20})}});
    };
    f.device.sync("crm");
    for (int i = 0; i < 3; ++i) f.device.sync("crm");
    CHECK(f.remote.value("Contacts", f.ada, "Visits") == Value(std::int64_t{20}));
    CHECK(f.device.number("SELECT visits FROM contact WHERE id = " + f.id) == 20);
}

TEST_CASE("S16: a field that is dropped and comes back empty keeps our value", "[scenario]") {
    ScenariosFixture f;
    f.connect();
    const auto before = f.device.settings("crm").mapping;
    f.device.remap("crm", [](merge::Mapping& m) {
        std::erase_if(m.streams.front().groups, [](const auto& g) { return g.name == "phone"; });
    });
    f.remote.edit("Contacts", f.ada, {{"Phone", Value::null()}});
    f.device.sync("crm");
    CHECK(f.phone() == "100");
    f.device.remap("crm", [&](merge::Mapping& m) { m = before; });
    f.device.sync("crm");
    f.device.sync("crm");
    CHECK(f.phone() == "100");
    CHECK(f.remote_phone() == "100");
}

TEST_CASE("S17: a field cut in lists is read whole by id", "[scenario]") {
    ScenariosFixture f;
    auto people = people_streams();
    people[0].fields[2].may_be_cut = true;
    f.remote.streams = people;
    f.remote.cut_fields = {"Phone"};
    f.connect();
    CHECK(f.phone() == "100");
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("a long text with a tail")}});
    f.device.sync("crm");
    CHECK(f.phone() == "a long text with a tail");
    CHECK(f.writes_of(2) == 0);
}

TEST_CASE("S18: a second edit within the same second is found", "[scenario]") {
    ScenariosFixture f;
    f.connect();
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("200")}});
    const auto stamp = f.remote.at("Contacts", f.ada).version;
    f.device.sync("crm");
    REQUIRE(f.phone() == "200");
    // The clock has moved on, yet the edit carries the stamp that was read already.
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("201")}});
    auto late = f.remote.at("Contacts", f.ada);
    late.version = stamp;
    f.remote.replay("Contacts", f.ada, late);
    f.device.sync("crm");
    CHECK(f.phone() == "201");
}

TEST_CASE("S19: a remote that keeps five characters does not cost us the tail", "[scenario]") {
    ScenariosFixture f;
    auto people = people_streams();
    people[0].fields[2].max_length = 5;
    f.remote.streams = people;
    f.connect();
    f.set_phone("abcdefgh");
    f.device.sync("crm");
    CHECK(f.remote_phone() == "abcde");
    CHECK(f.phone() == "abcdefgh");
    CHECK(f.writes_of(2) == 0);
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("abXde")}});
    f.device.sync("crm");
    CHECK(f.phone() == "abXdefgh");
    CHECK(f.writes_of(2) == 0);
}

TEST_CASE("S20: a changed form of a field makes no mass push and no mass conflict", "[scenario]") {
    ScenariosFixture f;
    for (int i = 0; i < 20; ++i)
        f.remote.create("Contacts", {{"Last_Name", Value("N" + std::to_string(i))},
                                     {"Email", Value(i % 2 == 0 ? "Yes" : "No")}});
    f.remote.edit("Contacts", f.ada, {{"Email", Value("Yes")}});
    f.clock.advance(seconds{60});
    f.connect();
    // The plugin is upgraded: it shows codes where it showed words, of the same versions, and the
    // mapping says what they stand for.
    const std::map<std::string, std::string> words = {{"1", "Yes"}, {"0", "No"}, {"2", "Perhaps"}};
    for (const auto& id : f.remote.ids("Contacts")) {
        const auto version = f.remote.at("Contacts", id).version;
        const bool yes = f.remote.value("Contacts", id, "Email") == Value("Yes");
        f.remote.edit("Contacts", id, {{"Email", Value(yes ? "1" : "0")}});
        f.remote.set_version("Contacts", id, version);
    }
    f.device.remap("crm", [&](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups)
                if (group.name == "email") {
                    group.fields[0].lens = merge::LensKind::kChoiceMap;
                    group.fields[0].choices = words;
                }
    });
    const auto compared = [&] {
        return f.device.number(
            "SELECT count(*) FROM kontor_link l JOIN kontor_stream s ON s.id = l.stream"
            " WHERE s.name = 'Contacts' AND l.covers >= s.generation");
    };
    const auto as_it_was = [&] {
        return f.device.number("SELECT count(*) FROM contact WHERE email = 'Yes'") == 11 &&
               f.device.number("SELECT count(*) FROM contact WHERE email = 'No'") == 10 &&
               engine::list_conflicts(f.device.engine_db(), {})->empty();
    };
    REQUIRE(compared() == 21);
    // Before the records are read again, and with three of them read.
    const int before = f.remote.changes_sent;
    for (const std::size_t pages : {0, 1}) {
        f.remote.fail_pull_after = pages;
        CHECK(f.device.sync("crm").problem);
        CHECK(compared() == static_cast<std::int64_t>(3 * pages));
        CHECK(f.remote.changes_sent == before);
        CHECK(as_it_was());
    }
    f.remote.fail_pull_after = SIZE_MAX;
    CHECK(f.writes_of(3) == 0);
    CHECK(compared() == 21);
    CHECK(as_it_was());
    f.device.sql("UPDATE contact SET email = 'Perhaps' WHERE id = " + f.id);
    f.device.sync("crm");
    CHECK(f.remote.value("Contacts", f.ada, "Email") == Value("2"));
}

TEST_CASE("S21: an SQL edit of a read-only field is undone with a notice", "[scenario]") {
    ScenariosFixture f;
    auto people = people_streams();
    people[0].fields.push_back(text_field("Score", "score"));
    people[0].fields.back().read_only = true;
    f.remote.streams = people;
    f.remote.edit("Contacts", f.ada, {{"Score", Value("A")}});
    f.connect();
    f.device.sql("UPDATE contact SET score = 'hacked' WHERE id = " + f.id);
    CHECK(f.writes_of(2) == 0);
    CHECK(f.device.text("SELECT score FROM contact WHERE id = " + f.id) == "A");
    CHECK(f.device.number("SELECT count(*) FROM kontor_notice WHERE kind = 'read_only'") == 1);
    CHECK(f.device.number("SELECT count(*) FROM kontor_history WHERE old IN ('A', 'hacked')") == 2);
}
