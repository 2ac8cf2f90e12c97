// D7: records that the remote merges or converts, at every point of what is going on here.
#include <catch2/catch.hpp>
#include <utility>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::seconds;

namespace {

struct SuccessorFixture {
    SuccessorFixture() : remote(clock), device(clock) {
        remote.streams = people_streams();
        account = remote.create("Accounts", {{"Account_Name", Value("Old")}});
        kept = remote.create("Accounts", {{"Account_Name", Value("Kept")}});
        loser = remote.create("Contacts", {{"Last_Name", Value("Loser")}, {"Phone", Value("1")}});
        winner = remote.create("Contacts", {{"Last_Name", Value("Winner")}, {"Phone", Value("1")}});
        child = remote.create("Contacts",
                              {{"Last_Name", Value("Child")}, {"Account_Name", Value(account)}});
        clock.advance(seconds{60});
        device.connect("crm", remote, [](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups) group.policy = merge::Policy::kManual;
        });
        device.sync("crm");
    }
    std::string id(const std::string& ext, const std::string& stream = "Contacts") {
        return std::to_string(device.local(stream, ext));
    }
    void rounds(int n = 2) {
        for (int i = 0; i < n; ++i) device.sync("crm");
    }
    std::vector<engine::Conflict> open() { return *engine::list_conflicts(device.engine_db(), {}); }
    void merge_contacts() {
        clock.advance(seconds{10});
        remote.merge("Contacts", loser, winner);
    }

    FakeClock clock;
    MemoryRemote remote;
    Device device;
    std::string account, kept, loser, winner, child;
};

}  // namespace

TEST_CASE("D7: an edit of a record that was merged away goes on with the winner", "[successor]") {
    SuccessorFixture f;
    f.device.sql("UPDATE contact SET phone = 'typed', email = 'l@x.cn' WHERE id = " +
                 f.id(f.loser));
    f.merge_contacts();
    f.rounds();
    CHECK(f.device.number("SELECT count(*) FROM contact") == 2);
    CHECK(f.device.text("SELECT phone FROM contact WHERE id = " + f.id(f.winner)) == "typed");
    CHECK(f.remote.value("Contacts", f.winner, "Phone") == Value("typed"));
    CHECK(f.remote.value("Contacts", f.winner, "Email") == Value("l@x.cn"));
    CHECK(f.remote.value("Contacts", f.winner, "Last_Name") == Value("Winner"));
    CHECK(f.remote.ids("Contacts").size() == 2);  // nothing was created again
    CHECK(f.open().empty());
    CHECK(f.device.number("SELECT count(*) FROM kontor_notice WHERE kind = 'merged_there'") == 1);
}

TEST_CASE("D7: where the winner holds another value a person decides, and both are there",
          "[successor]") {
    SuccessorFixture f;
    f.remote.edit("Contacts", f.winner, {{"Phone", Value("2")}});
    f.clock.advance(seconds{10});
    f.device.sync("crm");
    f.device.sql("UPDATE contact SET phone = 'typed' WHERE id = " + f.id(f.loser));
    f.merge_contacts();
    f.rounds();
    f.clock.advance(seconds{10});
    f.remote.edit("Contacts", f.winner, {{"First_Name", Value("another field")}});
    f.rounds();
    REQUIRE(f.open().size() == 1);
    CHECK(f.open()[0].fields[0].ours == Value("typed"));
    CHECK(f.open()[0].fields[0].theirs == Value("2"));
    CHECK(f.remote.value("Contacts", f.winner, "Phone") == Value("2"));
    const auto side = GENERATE(engine::Side::kOurs, engine::Side::kTheirs);
    REQUIRE(engine::resolve(f.device.engine_db(), f.clock, f.device.random, f.open()[0].id, side,
                            "uid:1"));
    f.rounds();
    const char* chosen = side == engine::Side::kOurs ? "typed" : "2";
    CHECK(f.remote.value("Contacts", f.winner, "Phone") == Value(chosen));
    CHECK(f.device.text("SELECT phone FROM contact WHERE id = " + f.id(f.winner)) == chosen);
}

TEST_CASE("D7: both had been edited here: the winner's edit goes out, the other's is kept",
          "[successor]") {
    SuccessorFixture f;
    f.device.sql("UPDATE contact SET phone = 'of loser' WHERE id = " + f.id(f.loser));
    f.device.sql("UPDATE contact SET phone = 'of winner' WHERE id = " + f.id(f.winner));
    f.merge_contacts();
    f.rounds();
    CHECK(f.remote.value("Contacts", f.winner, "Phone") == Value("of winner"));
    engine::ConflictQuery decided;
    decided.state = engine::ConflictQuery::State::kDecided;
    const auto listed = *engine::list_conflicts(f.device.engine_db(), decided);
    REQUIRE(listed.size() == 1);
    CHECK(listed[0].fields[0].ours == Value("of loser"));
}

TEST_CASE("D7: what we made there and has been merged before it was read is not made once more",
          "[successor]") {
    SuccessorFixture f;
    f.remote.answers_version = false;
    f.device.sql("INSERT INTO contact(last_name, phone) VALUES('Made', '9')");
    const bool typed = GENERATE(false, true);  // into it, since it was sent
    CAPTURE(typed);
    bool merged = false;
    f.remote.after_push = [&] {
        if (std::exchange(merged, true)) return;
        REQUIRE(f.remote.ids("Contacts").size() == 4);
        if (typed) f.device.sql("UPDATE contact SET phone = '10' WHERE last_name = 'Made'");
        f.remote.merge("Contacts", f.remote.ids("Contacts").back(), f.winner);
    };
    f.rounds(3);
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE last_name = 'Made'") == 0);
    CHECK(f.remote.ids("Contacts").size() == 3);
    CHECK(f.device.number("SELECT count(*) FROM kontor_conflict WHERE kind = 'delete'") == 0);
    const auto kept = f.device.number("SELECT count(*) FROM kontor_history WHERE old = '10'");
    const auto stands = f.device.number("SELECT count(*) FROM contact WHERE phone = '10'");
    CHECK((kept + stands > 0) == typed);
}

TEST_CASE("D7: who referred to the loser refers to the winner", "[successor]") {
    SuccessorFixture f;
    const auto child = f.id(f.child);
    f.device.sql("INSERT INTO contact(last_name, account_id) VALUES('New', " +
                 f.id(f.account, "Accounts") + ")");
    f.clock.advance(seconds{10});
    f.remote.merge("Accounts", f.account, f.kept);
    const bool remote_follows = GENERATE(true, false);
    if (remote_follows) f.remote.edit("Contacts", f.child, {{"Account_Name", Value(f.kept)}});
    f.rounds(3);
    CHECK(f.device.number("SELECT account_id FROM contact WHERE id = " + child) ==
          f.device.local("Accounts", f.kept));
    CHECK(f.remote.value("Contacts", f.child, "Account_Name") == Value(f.kept));
    const auto made = f.device.remote_id(
        "Contacts", f.device.number("SELECT id FROM contact WHERE last_name = 'New'"));
    CHECK(f.remote.value("Contacts", made, "Account_Name") == Value(f.kept));
    CHECK(f.device.number("SELECT count(*) FROM account") == 1);
}

TEST_CASE("D7: a merge that nobody tells of: whoever followed it there is not asked about here",
          "[successor]") {
    SuccessorFixture f;
    const auto child = f.id(f.child);
    const bool loser_edited = GENERATE(true, false);
    if (loser_edited)
        f.device.sql("UPDATE account SET name = 'typed' WHERE id = " + f.id(f.account, "Accounts"));
    f.clock.advance(seconds{10});
    f.remote.erase("Accounts", f.account);
    // With the deletion, or read once the loser has been made again for what was typed.
    const bool later = GENERATE(false, true);
    if (later) f.rounds();
    f.clock.advance(seconds{10});
    f.remote.edit("Contacts", f.child, {{"Account_Name", Value(f.kept)}});
    f.rounds(3);
    CHECK(f.open().empty());
    CHECK(f.device.number("SELECT account_id FROM contact WHERE id = " + child) ==
          f.device.local("Accounts", f.kept));
    CHECK(f.remote.value("Contacts", f.child, "Account_Name") == Value(f.kept));
    CHECK(f.remote.ids("Accounts").size() == (loser_edited ? 2 : 1));
}

TEST_CASE("D7: who followed a merge here and is turned elsewhere there is not asked about",
          "[successor]") {
    SuccessorFixture f;
    const auto third = f.remote.create("Accounts", {{"Account_Name", Value("Third")}});
    f.clock.advance(seconds{10});
    f.device.sync("crm");
    f.remote.merge("Accounts", f.account, f.kept);
    f.remote.edit("Contacts", f.child, {{"Account_Name", Value(third)}});
    SECTION("nobody has turned it here") {
        f.rounds(3);
        CHECK(f.open().empty());
        CHECK(f.device.number("SELECT account_id FROM contact WHERE id = " + f.id(f.child)) ==
              f.device.local("Accounts", third));
    }
    SECTION("somebody has, before the merge") {
        f.device.sql(
            "INSERT INTO account(name) VALUES('Of ours'); UPDATE contact SET account_id ="
            " (SELECT id FROM account WHERE name = 'Of ours') WHERE id = " +
            f.id(f.child));
        f.rounds(3);
        CHECK(f.open().size() == 1);
    }
    CHECK(f.remote.value("Contacts", f.child, "Account_Name") == Value(third));
}

TEST_CASE("D7: a reference that was turned elsewhere here is asked about though its target is gone",
          "[successor]") {
    SuccessorFixture f;
    const auto third = f.remote.create("Accounts", {{"Account_Name", Value("Third")}});
    f.clock.advance(seconds{10});
    f.device.sync("crm");
    f.device.sql("UPDATE account SET name = 'typed' WHERE id = " + f.id(f.account, "Accounts"));
    f.device.sql("UPDATE contact SET account_id = " + f.id(third, "Accounts") +
                 " WHERE id = " + f.id(f.child));
    f.remote.erase("Accounts", f.account);
    f.remote.edit("Contacts", f.child, {{"Account_Name", Value(f.kept)}});
    f.rounds(3);
    REQUIRE(f.open().size() == 1);
    const auto asked = f.open()[0].fields[0];
    CHECK(asked.ours == Value(third));
    CHECK(asked.theirs == Value(f.kept));
    // As the column holds them, and what it was before although the remote has lost it.
    CHECK(asked.ours_here == Value(f.device.local("Accounts", third)));
    CHECK(asked.theirs_here == Value(f.device.local("Accounts", f.kept)));
    CHECK(asked.base_here == Value(f.device.number("SELECT id FROM account WHERE name = 'typed'")));
}

TEST_CASE("a reference to a record that has no id there yet is shown as its column holds it",
          "[successor]") {
    SuccessorFixture f;
    f.remote.refuse = [](const std::string& stream, const remote::Change&) {
        remote::PushResult no;
        no.status = remote::PushStatus::kInvalid;
        return stream == "Accounts" ? std::optional(no) : std::nullopt;
    };
    f.device.sql("INSERT INTO account(name) VALUES('New')");
    const auto made = f.device.number("SELECT id FROM account WHERE name = 'New'");
    f.device.sql("UPDATE contact SET account_id = " + std::to_string(made) +
                 " WHERE id = " + f.id(f.child));
    f.clock.advance(seconds{10});
    f.remote.edit("Contacts", f.child, {{"Account_Name", Value(f.kept)}});
    f.rounds();
    REQUIRE(f.open().size() == 1);
    const auto asked = f.open()[0].fields[0];
    CHECK(asked.ours_here == Value(made));
    CHECK(asked.theirs_here == Value(f.device.local("Accounts", f.kept)));
}

TEST_CASE("D7: a winner that is not here yet takes the loser's place", "[successor]") {
    SuccessorFixture f;
    f.device.sql("UPDATE contact SET email = 'typed' WHERE id = " + f.id(f.loser));
    const auto record = f.id(f.loser);
    f.clock.advance(seconds{10});
    const auto fresh =
        f.remote.create("Contacts", {{"Last_Name", Value("Fresh")}, {"Phone", Value("1")}});
    // Loser first: ids order the pages of one second.
    f.remote.merge("Contacts", f.loser, fresh);
    f.rounds(3);
    CHECK(f.device.local("Contacts", fresh) == std::stoll(record));
    CHECK(f.device.text("SELECT last_name FROM contact WHERE id = " + record) == "Fresh");
    CHECK(f.remote.value("Contacts", fresh, "Email") == Value("typed"));
    CHECK(f.remote.value("Contacts", fresh, "Last_Name") == Value("Fresh"));
}

TEST_CASE("D7: what was under way when the loser was merged is not sent to it", "[successor]") {
    SuccessorFixture f;
    f.device.sql("UPDATE contact SET phone = 'typed' WHERE id = " + f.id(f.loser));
    const auto fault = GENERATE(MemoryRemote::Fault::kNone, MemoryRemote::Fault::kLostRequest);
    f.remote.next_push = fault;
    f.remote.before_push = [&] { f.remote.merge("Contacts", f.loser, f.winner); };
    f.device.sync("crm");
    f.clock.advance(seconds{10});
    f.rounds(3);
    CHECK(f.remote.value("Contacts", f.winner, "Phone") == Value("typed"));
    CHECK(f.device.number("SELECT count(*) FROM contact") == 2);
    CHECK(f.remote.ids("Contacts").size() == 2);
}

TEST_CASE("D7: an edit of a lead that has been converted goes on with the contact", "[successor]") {
    FakeClock clock;
    MemoryRemote remote(clock);
    remote.streams = people_streams();
    remote.streams.push_back(
        stream_spec("Leads", "lead",
                    {text_field("Last_Name", "last_name"), text_field("Phone", "phone"),
                     text_field("Company", "company")}));
    const auto lead = remote.create("Leads", {{"Last_Name", Value("L")}, {"Phone", Value("1")}});
    clock.advance(seconds{60});
    Device device(clock);
    device.connect("crm", remote);
    device.sync("crm");
    device.sql("UPDATE lead SET phone = 'typed', company = 'only a lead has one'");
    clock.advance(seconds{10});
    const auto contact =
        remote.create("Contacts", {{"Last_Name", Value("L")}, {"Phone", Value("1")}});
    const bool changed_since = GENERATE(false, true);
    if (changed_since) remote.edit("Contacts", contact, {{"Phone", Value("by a colleague")}});
    remote.merge("Leads", lead, contact, true);
    for (int i = 0; i < 3; ++i) device.sync("crm");
    CHECK(device.number("SELECT count(*) FROM lead") == (0));
    CHECK(remote.value("Contacts", contact, "Phone") ==
          Value(changed_since ? "by a colleague" : "typed"));
    CHECK(device.number("SELECT count(*) FROM kontor_history WHERE old IN ('typed',"
                        " 'only a lead has one')") > 1);
    CHECK(remote.ids("Leads").empty());
}

TEST_CASE("D7: an edit goes on with the winner, also where the loser's base is not known",
          "[successor]") {
    SuccessorFixture f;
    f.device.remap("crm", [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups)
                for (auto& field : group.fields)
                    if (field.remote == "Phone") field.max_length = 12;
    });
    f.remote.fail_pull_after = 0;  // nothing is read by the new mapping yet
    static_cast<void>(f.device.try_sync("crm"));
    f.device.sql("UPDATE contact SET phone = 'typed' WHERE id = " + f.id(f.loser));
    static_cast<void>(f.device.try_sync("crm"));
    f.remote.fail_pull_after = SIZE_MAX;
    f.merge_contacts();
    f.rounds();
    const bool asked = std::ranges::any_of(
        f.open(), [](const auto& one) { return one.fields[0].ours == Value("typed"); });
    const bool kept =
        f.device.number("SELECT count(*) FROM kontor_history WHERE old = 'typed' AND op = 'k'") > 0;
    CHECK((asked || kept));
}
