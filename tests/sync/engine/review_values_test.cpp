// Sequences found by reading the engine as an adversary: what gets lost, doubled, stuck or wrongly
// pushed when records refer to each other, and what is not shown or not ours.
#include <utility>

#include "tests/sync/engine/review.hpp"

using namespace kontor;
using namespace kontor::test;
using namespace kontor::test::review;

// --- loads, references, several remotes

TEST_CASE("R13: references to records that a first load brings later are completed", "[review]") {
    Fixture f;
    f.remote.streams[1].fields.push_back(
        reference_field("Parent_Account", "parent_account_id", "Accounts"));
    // The child has the older stamp, so it is read first.
    const auto child = f.remote.create("Accounts", {{"Account_Name", Value("Child")}});
    const auto parent = f.remote.create("Accounts", {{"Account_Name", Value("Parent")}});
    f.remote.edit("Accounts", child, {{"Parent_Account", Value(parent)}});
    f.clock.advance(seconds{2});
    f.remote.edit("Accounts", parent, {{"Account_Name", Value("Parent Ltd")}});
    f.clock.advance(seconds{60});
    f.connect();
    CHECK(f.device.number("SELECT coalesce(parent_account_id, 0) FROM account WHERE name = "
                          "'Child'") == f.device.local("Accounts", parent));
    CHECK(f.device.number("SELECT count(*) FROM kontor_waiting") == 0);
    CHECK(f.device.number("SELECT count(*) FROM kontor_shadow") == 0);
    CHECK(f.writes_of(2) == 0);
    CHECK(f.remote.value("Accounts", child, "Parent_Account") == Value(parent));
}

TEST_CASE("R14: what a first load brings reaches a remote that was connected before", "[review]") {
    Fixture f;
    MemoryRemote other(f.clock);
    other.streams = people_streams();
    f.device.connect("second", other);
    f.device.sync("second");
    f.connect();
    for (int i = 0; i < 2; ++i) {
        f.device.sync("second");
        f.sync();
    }
    CHECK(other.ids("Contacts").size() == 1);
    CHECK(f.remote.ids("Contacts").size() == 1);
}

TEST_CASE("R15: a look-up that has not arrived blanks it at no other remote", "[review]") {
    Fixture f;
    MemoryRemote other(f.clock);
    other.streams = people_streams();
    const auto acme = f.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    f.remote.edit("Contacts", f.ada, {{"Account_Name", Value(acme)}});
    f.clock.advance(seconds{60});
    f.connect();
    f.device.connect("second", other);
    for (int i = 0; i < 2; ++i) f.device.sync("second");
    REQUIRE(other.ids("Contacts").size() == 1);
    const auto theirs = other.ids("Contacts")[0];
    REQUIRE_FALSE(other.value("Contacts", theirs, "Account_Name").is_blank());
    f.remote.edit("Contacts", f.ada, {{"Account_Name", Value("Accounts-777")}});
    f.sync();
    f.device.sync("second");
    CHECK_FALSE(other.value("Contacts", theirs, "Account_Name").is_blank());
    CHECK(f.remote.value("Contacts", f.ada, "Account_Name").text() == "Accounts-777");
}

TEST_CASE("R16: text in a reference column is never sent", "[review]") {
    Fixture f;
    f.connect();
    f.edit("account_id = 'Acme'");
    CHECK(f.writes_of(2) == 0);
    CHECK(engine::list_blocked(f.device.engine_db(), 10, 0)->size() == 1);
    // A question shows it as it was typed.
    f.device.remap("crm", [](merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            for (auto& group : stream.groups) group.policy = merge::Policy::kManual;
    });
    const auto acme = f.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    f.remote.edit("Contacts", f.ada, {{"Account_Name", Value(acme)}});
    f.sync(2);
    const auto asked = *engine::list_conflicts(f.device.engine_db(), {});
    REQUIRE(asked.size() == 1);
    REQUIRE(asked[0].fields.size() == 1);
    CHECK(asked[0].fields[0].ours == Value("Acme"));
}

TEST_CASE("R16b: a mistyped id is not sent as no reference, one of a deleted record is",
          "[review]") {
    Fixture f;
    const auto acme = f.remote.create("Accounts", {{"Account_Name", Value("Acme")}});
    const auto late = f.remote.create("Accounts", {{"Account_Name", Value("Late")}});
    f.remote.edit("Contacts", f.ada, {{"Account_Name", Value(acme)}});
    f.clock.advance(seconds{60});
    f.connect();
    const auto gone = f.device.local("Accounts", late);

    f.edit("account_id = 4711");
    f.sync(2);
    CHECK(f.remote.value("Contacts", f.ada, "Account_Name") == Value(acme));
    CHECK(f.device.number("SELECT account_id FROM contact") == 4711);
    const auto blocked = *engine::list_blocked(f.device.engine_db(), 10, 0);
    REQUIRE(blocked.size() == 1);
    CHECK(blocked[0].code == "KONTOR_REFERENCE");
    CHECK(blocked[0].column == "account_id");
    // What is no record's at all, until it is one's.
    f.device.sql("INSERT INTO account(id, name) VALUES(4711, 'Typed later')");
    f.sync(2);
    CHECK(engine::list_blocked(f.device.engine_db(), 10, 0)->empty());
    CHECK(f.remote.value("Contacts", f.ada, "Account_Name") ==
          Value(f.device.remote_id("Accounts", 4711)));

    f.edit("account_id = " + std::to_string(gone));
    f.device.sql("DELETE FROM account WHERE id = " + std::to_string(gone));
    f.sync(2);
    CHECK(f.remote.value("Contacts", f.ada, "Account_Name").is_blank());
    CHECK(engine::list_blocked(f.device.engine_db(), 10, 0)->empty());
}

TEST_CASE("R16c: a text that looks like our word for a reference is a text", "[review]") {
    Fixture f;
    f.connect();
    f.edit("phone = 'local:account:1'");
    f.sync();
    CHECK(f.remote_phone() == "local:account:1");
    f.edit("phone = 'local:? call first'");
    f.sync();
    CHECK(f.remote_phone() == "local:? call first");
}

// --- what is not shown, what is not ours

TEST_CASE("R17: a field hidden from the start is not overwritten unseen", "[review]") {
    Fixture f;
    f.remote.hidden_fields = {"Phone"};
    f.connect();
    CHECK(f.phone().empty());
    f.edit("phone = '138'");
    f.sync(2);
    CHECK(f.remote_phone() == "100");
    CHECK(f.phone() == "138");
    // It waits, and says so.
    const auto to_push = [&] {
        const auto status = engine::connection_status(f.device.engine_db());
        const auto& streams = status->front().streams;
        return std::ranges::find(streams, "Contacts", &engine::StreamStatus::stream)->to_push;
    };
    CHECK(to_push() == 1);
    f.remote.hidden_fields.clear();
    f.remote.edit("Contacts", f.ada, {{"Email", Value("a@example.org")}});
    f.sync(2);
    // Both have a value and neither has seen the other's: a policy decides, nothing is lost.
    const auto all = f.device.number("SELECT count(*) FROM kontor_conflict");
    CHECK(all == 1);
}

TEST_CASE("R18: records that must be read by id are read between pulls, each once", "[review]") {
    Fixture f;
    for (auto& field : f.remote.streams[0].fields)
        if (field.name == "Phone") field.may_be_cut = true;
    f.remote.cut_fields = {"Phone"};
    f.connect();
    for (int i = 0; i < 7; ++i)
        f.remote.create("Contacts", {{"Last_Name", Value("N" + std::to_string(i))},
                                     {"Phone", Value("long " + std::to_string(i))}});
    const auto old = f.remote.at("Contacts", f.ada);
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("200")}});
    f.remote.replay("Contacts", f.ada, old);
    const auto report = f.strict_sync();
    CHECK_FALSE(report.problem);
    CHECK(f.phone() == "200");
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE phone LIKE 'long %'") == 7);
}

TEST_CASE("R18b: a pull with very many such records is broken off and taken up again", "[review]") {
    Fixture f;
    for (auto& field : f.remote.streams[0].fields)
        if (field.name == "Phone") field.may_be_cut = true;
    f.remote.cut_fields = {"Phone"};
    f.remote.page_size = 200;
    f.connect();
    for (int i = 0; i < 1'500; ++i)
        f.remote.create("Contacts", {{"Last_Name", Value("N")}, {"Phone", Value("long")}});
    f.device.sql("UPDATE kontor_stream SET cursor = ''");
    f.strict.checkpoints = true;
    engine::CycleOptions contacts;
    contacts.streams = {"Contacts"};
    const auto report = f.strict_sync(contacts);
    CHECK_FALSE(report.problem);
    CHECK(f.strict.pulls == 2);
    CHECK(f.device.number("SELECT count(*) FROM contact WHERE phone = 'long'") == 1'500);
    CHECK(f.device.number("SELECT count(*) FROM kontor_shadow") == 0);
    CHECK_FALSE(
        f.device.text("SELECT cursor FROM kontor_stream WHERE name = 'Contacts'").starts_with('#'));
}

TEST_CASE(
    "R18c: what lists cut and changed within its tick is read, also after a pull that was cut",
    "[review]") {
    Fixture f;
    for (auto& field : f.remote.streams[0].fields)
        if (field.name == "Phone") field.may_be_cut = true;
    f.remote.cut_fields = {"Phone"};
    f.remote.page_size = 1;
    f.connect();
    const auto other = f.remote.create("Contacts", {{"Last_Name", Value("Other")}});
    const auto lee = f.remote.create("Contacts", {{"Last_Name", Value("Lee")}});
    f.strict.checkpoints = true;
    f.strict_sync();
    const auto type = [&](const std::string& id, const char* phone) {  // no stamp tells
        const auto version = f.remote.at("Contacts", id).version;
        f.remote.edit("Contacts", id, {{"Phone", Value(phone)}});
        f.remote.set_version("Contacts", id, version);
    };
    const auto phone_of = [&](const char* name) {
        return f.device.text("SELECT coalesce(phone, '') FROM contact WHERE last_name = '" +
                             std::string(name) + "'");
    };
    SECTION("at a page that had a checkpoint") {
        type(lee, "139");
        f.clock.advance(std::chrono::hours{1});
        f.device.sql("UPDATE kontor_stream SET cursor = ''");
        f.remote.fail_pull_after = 2;
        CHECK(f.strict_sync().problem);
        f.remote.fail_pull_after = SIZE_MAX;
        f.device.sql("UPDATE kontor_stream SET cursor = ''");
        f.strict_sync();
        CHECK(phone_of("Lee") == "139");
    }
    SECTION("or that went on for long after it had shown the record, when that was not cut yet") {
        f.remote.cut_fields.clear();
        for (const auto& id : {other, lee}) f.remote.edit("Contacts", id, {{"Phone", Value("1")}});
        bool typed = false;
        f.remote.after_page = [&] {
            if (std::exchange(typed, true)) return;
            f.remote.cut_fields = {"Phone"};
            type(other, "138");
            f.clock.advance(std::chrono::minutes{1});
        };
        f.strict_sync();
        REQUIRE(typed);
        REQUIRE(phone_of("Other") == "1");
        f.strict_sync();
        CHECK(phone_of("Other") == "138");
    }
}

TEST_CASE("R19: a remote that tells no version of what it wrote plays no ping-pong", "[review]") {
    Fixture f;
    f.remote.normalise = [](const std::string&, const std::string& field, Value value) {
        if (field != "Phone" || value.is_blank() || value.text().starts_with("+86 ")) return value;
        return Value("+86 " + value.text());
    };
    f.strict.no_versions = true;
    f.connect();
    f.edit("phone = '138'");
    for (int i = 0; i < 3; ++i) f.strict_sync();
    CHECK(f.phone() == "138");
    CHECK(f.remote_phone() == "+86 138");
}

TEST_CASE("R20: a group with one computed field is still ours to edit", "[review]") {
    Fixture f;
    f.remote.streams[0].fields[4].read_only = true;  // Mailing_City, first of its group
    f.connect([](merge::Mapping& m) {
        Fixture::contacts(m, [](auto& s) {
            Fixture::group(s, "mailing_address").policy = merge::Policy::kManual;
        });
    });
    f.remote.edit("Contacts", f.ada,
                  {{"Mailing_City", Value("Beijing")}, {"Mailing_Street", Value("A")}});
    f.sync();
    f.edit("mailing_street = 'ours'");
    f.remote.edit("Contacts", f.ada, {{"Mailing_Street", Value("theirs")}});
    f.sync();
    CHECK(f.device.text("SELECT mailing_street FROM contact WHERE id = " + f.id) == "ours");
    CHECK(f.open().size() == 1);
}

TEST_CASE("R21: a field that may only be set at creation is not sent later", "[review]") {
    Fixture f;
    for (auto& field : f.remote.streams[0].fields)
        if (field.name == "Phone") field.create_only = true;
    f.connect();
    f.edit("phone = '138'");
    CHECK(f.writes_of(2) == 0);
    CHECK(f.phone() == "138");
}

TEST_CASE("R22: a field that only goes out does not blank what is there", "[review]") {
    Fixture f;
    f.connect([](merge::Mapping& m) {
        Fixture::contacts(m, [](auto& s) {
            Fixture::group(s, "phone").fields[0].direction = merge::Direction::kOut;
        });
    });
    CHECK(f.phone().empty());
    f.remote.edit("Contacts", f.ada, {{"Email", Value("a@example.org")}});
    CHECK(f.writes_of(2) == 0);
    CHECK(f.remote_phone() == "100");
    f.edit("phone = '138'");
    f.sync();
    CHECK(f.remote_phone() == "138");
}

TEST_CASE("R23: whole numbers of a decimal field are no difference", "[review]") {
    Fixture f;
    auto streams = people_streams();
    streams[1].fields.push_back(text_field("Revenue", "annual_revenue"));
    streams[1].fields.back().type = remote::FieldType::kDecimal;
    streams[1].fields.back().precision = 15;
    streams[1].fields.back().scale = 2;
    f.remote.streams = streams;
    const auto acme = f.remote.create("Accounts", {{"Revenue", Value(std::int64_t{120})}});
    f.clock.advance(seconds{60});
    f.connect();
    CHECK(f.device.number("SELECT count(*) FROM kontor_shadow") == 0);
    f.device.sql("UPDATE account SET annual_revenue = 130");
    f.remote.edit("Accounts", acme, {{"Revenue", Value(std::int64_t{130})}});
    CHECK(f.writes_of(2) == 0);
    CHECK(f.device.number("SELECT count(*) FROM kontor_conflict") == 0);
}
