// A world that does not play along: fights over a field, values that the remote would refuse,
// parents that cannot be created.
#include <catch2/catch.hpp>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

/// Two remotes whose automation rewrites Ada's phone each time somebody else has changed it.
struct Fight {
    explicit Fight(merge::Policy policy = merge::Policy::kNewest)
        : one(clock), two(clock), device(clock) {
        one.streams = two.streams = people_streams();
        ada = one.create("Contacts", {{"Last_Name", Value("Lovelace")}, {"Phone", Value("x")}});
        clock.advance(seconds{60});
        device.connect("one", one, [&](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups) group.policy = policy;
        });
        device.connect("two", two);
        round();
        there = two.ids("Contacts").front();
        id = std::to_string(device.local("Contacts", ada));
    }
    void round() {
        for (const char* name : {"one", "two"}) {
            device.sync(name);
            clock.advance(seconds{30});
        }
    }
    void automations() {
        insist(one, ada, "x");
        insist(two, there, "y");
    }
    void insist(MemoryRemote& remote, const std::string& record, const char* value) {
        if (remote.value("Contacts", record, "Phone") != Value(value))
            remote.edit("Contacts", record, {{"Phone", Value(value)}}, "automation");
        clock.advance(seconds{5});
    }
    int writes() const { return one.changes_sent + two.changes_sent; }
    std::vector<engine::Conflict> open() { return *engine::list_conflicts(device.engine_db(), {}); }

    FakeClock clock;
    MemoryRemote one, two;
    Device device;
    std::string ada, there, id;
};

}  // namespace

TEST_CASE("C3: two automations that fight over a field are parted, and other fields flow",
          "[hostile][oscillation]") {
    Fight f;
    for (int i = 0; i < 12; ++i) {
        f.automations();
        f.round();
    }
    const auto open = f.open();
    REQUIRE(open.size() == 1);
    CHECK(open[0].kind == "oscillation");
    CHECK(open[0].group == "phone");
    CHECK(f.device.number("SELECT count(*) FROM kontor_notice WHERE kind = 'oscillation'") == 1);

    const int before = f.writes();
    for (int i = 0; i < 5; ++i) {
        f.automations();
        f.round();
    }
    CHECK(f.writes() == before);
    CHECK(f.open().size() == 1);

    f.device.sql("UPDATE contact SET email = 'ada@example.com' WHERE id = " + f.id);
    f.one.edit("Contacts", f.ada, {{"First_Name", Value("Ada")}});
    f.round();
    f.round();
    CHECK(f.one.value("Contacts", f.ada, "Email") == Value("ada@example.com"));
    CHECK(f.two.value("Contacts", f.there, "Email") == Value("ada@example.com"));
    CHECK(f.two.value("Contacts", f.there, "First_Name") == Value("Ada"));
    CHECK(f.two.value("Contacts", f.there, "Phone") == Value("y"));
}

TEST_CASE("C3: a person's decision about a fight is carried out, and the count begins anew",
          "[hostile][oscillation]") {
    Fight f;
    for (int i = 0; i < 12; ++i) {
        f.automations();
        f.round();
    }
    REQUIRE(f.open().size() == 1);
    const auto side = GENERATE(engine::Side::kOurs, engine::Side::kTheirs);
    REQUIRE(engine::resolve(f.device.engine_db(), f.clock, f.device.random, f.open()[0].id, side,
                            "uid:1"));
    f.clock.advance(seconds{5});
    SECTION("the automations have been switched off") {
        for (int i = 0; i < 3; ++i) f.round();
        CHECK(f.open().empty());
        CHECK(f.one.value("Contacts", f.ada, "Phone") == f.two.value("Contacts", f.there, "Phone"));
    }
    SECTION("they go on: it is parked again, not at once") {
        f.automations();
        f.round();
        CHECK(f.open().empty());
        for (int i = 0; i < 12; ++i) {
            f.automations();
            f.round();
        }
        CHECK(f.open().size() == 1);
    }
}

TEST_CASE("C3: an automation that always writes over a policy's choice is parked too",
          "[hostile][oscillation]") {
    FakeClock clock;
    MemoryRemote remote(clock);
    remote.streams = people_streams();
    const auto ada = remote.create("Contacts", {{"Last_Name", Value("L")}, {"Phone", Value("y")}});
    Device device(clock);
    const auto direction = GENERATE(merge::Direction::kBoth, merge::Direction::kOut);
    device.connect("crm", remote, [&](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups)
                if (group.name == "phone") {
                    group.policy = merge::Policy::kLocal;
                    group.fields[0].direction = direction;
                }
    });
    for (int i = 0; i < 8; ++i) {
        if (direction == merge::Direction::kBoth || i == 0)
            device.sql("UPDATE contact SET phone = 'x'");
        device.sync("crm");
        clock.advance(seconds{30});
        if (remote.value("Contacts", ada, "Phone") != Value("y"))
            remote.edit("Contacts", ada, {{"Phone", Value("y")}}, "automation");
        if (direction == merge::Direction::kBoth) device.sql("UPDATE contact SET phone = 'z'");
        clock.advance(seconds{30});
    }
    const int before = remote.changes_sent;
    for (int i = 0; i < 3; ++i) {
        device.sync("crm");
        clock.advance(seconds{30});
    }
    CHECK(remote.changes_sent <= before + 1);
    if (direction == merge::Direction::kOut)
        CHECK(engine::list_conflicts(device.engine_db(), {})->size() == 1);
}

TEST_CASE("C3: a colleague who changes his mind is no fight", "[hostile][oscillation]") {
    FakeClock clock;
    MemoryRemote remote(clock);
    remote.streams = people_streams();
    const auto ada = remote.create("Contacts", {{"Last_Name", Value("L")}, {"Phone", Value("a")}});
    Device device(clock);
    device.connect("crm", remote);
    for (int i = 0; i < 10; ++i) {
        clock.advance(seconds{30});
        remote.edit("Contacts", ada, {{"Phone", Value(i % 2 == 0 ? "b" : "a")}});
        device.sync("crm");
        CHECK(device.text("SELECT phone FROM contact") == (i % 2 == 0 ? "b" : "a"));
    }
    CHECK(engine::list_conflicts(device.engine_db(), {})->empty());
}

TEST_CASE("C3: the same values on different days are no fight", "[hostile][oscillation]") {
    Fight f;
    for (int i = 0; i < 12; ++i) {
        f.automations();
        f.round();
        f.clock.advance(hours{13});
    }
    CHECK(f.open().empty());
}

namespace {

/// One remote with rules for what it takes.
struct Rules {
    Rules() : remote(clock), device(clock) {
        remote.streams = people_streams();
        auto& contacts = remote.streams[0];
        contacts.fields[1].required = true;  // Last_Name
        contacts.fields[3].type = remote::FieldType::kEmail;
        contacts.fields[3].max_length = 20;
        auto source = text_field("Lead_Source", "lead_source");
        source.type = remote::FieldType::kChoice;
        source.choices = {{"Web", "Web"}, {"Fair", "Fair"}};
        contacts.fields.push_back(source);
        ada = remote.create("Contacts",
                            {{"Last_Name", Value("L")}, {"Lead_Source", Value("Old source")}});
        clock.advance(seconds{60});
        device.connect("crm", remote);
    }
    engine::Blocked refused() {
        const auto blocked = engine::list_blocked(device.engine_db(), 10, 0);
        REQUIRE(blocked->size() == 1);
        return blocked->front();
    }
    FakeClock clock;
    MemoryRemote remote;
    Device device;
    std::string ada;
};

}  // namespace

TEST_CASE("C6: what the remote would refuse is blocked before any request, with the field",
          "[hostile][rules]") {
    Rules f;
    const auto [sql, column, code] = GENERATE(table<std::string, std::string, std::string>({
        {"UPDATE contact SET last_name = NULL", "last_name", "KONTOR_REQUIRED"},
        {"UPDATE contact SET last_name = ''", "last_name", "KONTOR_REQUIRED"},
        {"UPDATE contact SET lead_source = 'Friend'", "lead_source", "KONTOR_CHOICE"},
        {"UPDATE contact SET email = 'a.very.long.name@example.com'", "email", "KONTOR_LENGTH"},
        {"INSERT INTO contact(first_name) VALUES('No last name')", "last_name", "KONTOR_REQUIRED"},
    }));
    CAPTURE(sql);
    const int fetches = f.remote.fetches;
    f.device.sql(sql);
    f.device.sync("crm");
    CHECK(f.remote.pushes == 0);
    const auto blocked = f.refused();
    CHECK(blocked.column == column);
    CHECK(blocked.code == code);
    if (blocked.op == "create") CHECK(f.remote.fetches == fetches);

    // It stays so until it is mended, and goes then.
    f.device.sync("crm");
    CHECK(f.remote.pushes == 0);
    f.device.sql("UPDATE contact SET last_name = 'L2', lead_source = 'Web', email = 'a@b.cn'");
    f.device.sync("crm");
    CHECK(engine::list_blocked(f.device.engine_db(), 10, 0)->empty());
    CHECK(f.remote.value("Contacts", f.ada, "Lead_Source") == Value("Web"));
    CHECK(f.remote.value("Contacts", f.ada, "Last_Name") == Value("L2"));
}

TEST_CASE("C6: a value that the remote holds already is not held against an edit",
          "[hostile][rules]") {
    Rules f;  // its source is no longer on the list
    f.device.sql("UPDATE contact SET first_name = 'Ada'");
    f.device.sync("crm");
    CHECK(f.remote.value("Contacts", f.ada, "First_Name") == Value("Ada"));
    CHECK(f.remote.value("Contacts", f.ada, "Lead_Source") == Value("Old source"));
    CHECK(engine::list_blocked(f.device.engine_db(), 10, 0)->empty());
}

TEST_CASE("C6: what the remote says of a field stands with our field", "[hostile][rules]") {
    Rules f;
    f.remote.refuse = [](const std::string&,
                         const remote::Change&) -> std::optional<remote::PushResult> {
        remote::PushResult out;
        out.status = remote::PushStatus::kInvalid;
        out.code = "INVALID_DATA";
        out.field = "Phone";
        out.message = "not in this country";
        return out;
    };
    f.device.sql("UPDATE contact SET phone = '1'");
    f.device.sync("crm");
    const auto blocked = f.refused();
    CHECK(blocked.field == "Phone");
    CHECK(blocked.column == "phone");
    CHECK(blocked.message == "not in this country");
}

TEST_CASE(
    "D6: a refused parent blocks its children, says so, and lets them go when it goes or is "
    "deleted",
    "[hostile][order]") {
    Rules f;
    f.remote.streams[1].fields[0].required = true;
    f.device.settings("crm").streams = f.remote.streams;
    f.device.sql(
        "INSERT INTO account(id, website) VALUES(70, 'no name');"
        "INSERT INTO contact(last_name, account_id) VALUES('Child', 70)");
    f.device.sync("crm");
    auto blocked = *engine::list_blocked(f.device.engine_db(), 10, 0);
    REQUIRE(blocked.size() == 2);
    const auto& child = blocked[0].entity == "contact" ? blocked[0] : blocked[1];
    CHECK(child.code == "KONTOR_PARENT");
    CHECK(child.column == "account_id");
    CHECK_THAT(child.message, Catch::Contains("account:70"));
    CHECK(f.remote.ids("Contacts").size() == 1);

    const bool goes = GENERATE(false, true);
    f.device.sql(goes ? "DELETE FROM account WHERE id = 70"
                      : "UPDATE account SET name = 'Named' WHERE id = 70");
    f.device.sync("crm");
    CHECK(engine::list_blocked(f.device.engine_db(), 10, 0)->empty());
    REQUIRE(f.remote.ids("Contacts").size() == 2);
    if (goes) return;
    const auto created = f.device.remote_id(
        "Contacts", f.device.number("SELECT id FROM contact WHERE last_name = 'Child'"));
    CHECK(f.remote.value("Contacts", created, "Account_Name").text() ==
          f.remote.ids("Accounts").front());
}

TEST_CASE("the system of record wins where both sides changed", "[policy][owner]") {
    FakeClock clock;
    MemoryRemote remote(clock);
    remote.streams = people_streams();
    const auto ada = remote.create("Contacts", {{"Last_Name", Value("L")}, {"Phone", Value("1")}});
    clock.advance(seconds{60});
    Device device(clock);
    const std::string owner = GENERATE("crm", "other", "");
    device.connect("crm", remote, [&](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups) {
                group.policy = merge::Policy::kOwner;
                group.owner = owner;
            }
    });
    device.sql("UPDATE contact SET phone = 'ours'");
    remote.edit("Contacts", ada, {{"Phone", Value("theirs")}});
    device.sync("crm");
    const std::string winner = owner == "crm" ? "theirs" : "ours";
    CHECK(device.text("SELECT phone FROM contact") == winner);
    CHECK(remote.value("Contacts", ada, "Phone") == Value(winner));
    engine::ConflictQuery decided;
    decided.state = engine::ConflictQuery::State::kDecided;
    const auto listed = *engine::list_conflicts(device.engine_db(), decided);
    REQUIRE(listed.size() == 1);
    CHECK(listed[0].rule == "owner:" + winner);
}
