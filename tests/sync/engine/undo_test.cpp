// Undo on a replica that syncs: what a remote made is not deleted there by taking a sync back, and
// what is only read is left alone.
#include "sync/replica/undo.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "sync/engine/only_read.hpp"
#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using replica::UndoPlan;
using replica::UndoScope;

namespace {

struct UndoOffice {
    UndoOffice() : remote(clock), device(clock) {
        remote.streams = people_streams();
        for (const char* name : {"Ada", "Bo", "Cy"}) make(name);
        clock.advance(std::chrono::seconds{60});
    }
    std::string make(const std::string& name) {
        return remote.create("Contacts", {{"Last_Name", Value(name)}, {"Phone", Value("100")}});
    }
    /// A new handle of the device's file, through which an undo is captured.
    [[nodiscard]] replica::Database open() const {
        auto db = replica::Database::open(device.path(), {});
        if (!db) FAIL(db.error().message);
        return std::move(*db);
    }
    UndoPlan undo(const UndoScope& scope) {
        const auto db = open();
        const auto catalogue = replica::Catalogue::load(db);
        REQUIRE(catalogue);
        const auto only_read = engine::only_read_of(db);
        const auto preview = replica::preview_undo(db, *catalogue, scope, only_read);
        auto done = replica::undo(db, *catalogue, scope, "uid:1", only_read);
        if (!done) FAIL(done.error().message);
        REQUIRE(preview);
        CHECK(preview->steps.size() == done->plan.steps.size());
        CHECK(preview->skipped.size() == done->plan.skipped.size());
        return std::move(done->plan);
    }
    std::int64_t last_run() { return device.number("SELECT max(id) FROM kontor_run"); }
    std::int64_t contacts() { return device.number("SELECT count(*) FROM contact"); }
    std::int64_t last_change() { return device.number("SELECT max(seq) FROM kontor_history"); }

    FakeClock clock;
    MemoryRemote remote;
    Device device;
};

std::int64_t skipped(const UndoPlan& plan, std::string_view reason) {
    return std::ranges::count(plan.skipped, reason,
                              [](const auto& skip) { return to_string(skip.reason); });
}

merge::StreamMapping& contacts_of(merge::Mapping& mapping) {
    for (auto& stream : mapping.streams)
        if (stream.stream == "Contacts") return stream;
    throw std::runtime_error("no Contacts");
}

void whole_name(merge::Mapping& mapping) {
    auto& groups = contacts_of(mapping).groups;
    std::erase_if(groups, [](const auto& group) { return group.name == "first_name"; });
    auto& name = *std::ranges::find(groups, "last_name", &merge::GroupMapping::name);
    name.fields[0].lens = merge::LensKind::kFullName;
    name.fields[0].columns = {"first_name", "last_name"};
}

}  // namespace

TEST_CASE("undoing a first load deletes nothing, however its records came in", "[engine][undo]") {
    UndoOffice office;
    std::int64_t loaded = 0;
    std::int64_t from_remote = 0;
    SECTION("a field that stands for two columns: none goes the loader's way") {
        office.device.connect("crm", office.remote, whole_name);
        from_remote = 3;
    }
    SECTION("a text that lists cut is read by id, and fills what was blank here") {
        office.remote.streams[0].fields[2].may_be_cut = true;
        office.remote.cut_fields = {"Phone"};
        office.device.connect("crm", office.remote);
        REQUIRE(office.device.number("SELECT count(*) FROM contact WHERE phone = '100'") == 3);
        from_remote = 6;  // the records, and a value of each
    }
    SECTION("a record that refers to one that has not arrived goes another way than the rest") {
        office.remote.create("Contacts",
                             {{"Last_Name", Value("Di")}, {"Account_Name", Value("Accounts-999")}});
        office.device.connect("crm", office.remote);
        loaded = 1;  // one entry for the three
        from_remote = 1;
    }
    const auto there = office.remote.ids("Contacts");
    const auto plan = office.undo(UndoScope::of_run(1));
    CHECK(plan.steps.empty());
    CHECK(skipped(plan, "loaded") == loaded);
    CHECK(skipped(plan, "from_remote") == from_remote);
    office.device.sync("crm");
    CHECK(office.remote.pushes == 0);
    CHECK(office.remote.ids("Contacts") == there);
    CHECK(office.contacts() == static_cast<std::int64_t>(there.size()));
}

TEST_CASE("a reference that came after its record is not blanked by an undo", "[engine][undo]") {
    UndoOffice office;
    const std::string account = office.remote.create("Accounts", {{"Account_Name", Value("Co")}});
    office.remote.forbidden.insert(account);
    const auto di = office.remote.create(
        "Contacts", {{"Last_Name", Value("Di")}, {"Account_Name", Value(account)}});
    office.device.connect("crm", office.remote);
    office.remote.forbidden.clear();
    office.remote.edit("Accounts", account, {{"Account_Name", Value("Co Ltd")}});
    office.device.sync("crm");
    const std::string id = std::to_string(office.device.local("Contacts", di));
    REQUIRE(office.device.text("SELECT account_id IS NOT NULL FROM contact WHERE id = " + id) ==
            "1");
    const auto plan = office.undo(UndoScope::of_run(office.last_run()));
    CHECK(plan.steps.empty());
    CHECK(skipped(plan, "from_remote") == 2);  // the account, and the reference to it
    office.device.sync("crm");
    CHECK(office.remote.value("Contacts", di, "Account_Name") == Value(account));
}

TEST_CASE("undoing a sync takes values back and keeps what a colleague made", "[engine][undo]") {
    UndoOffice office;
    office.device.connect("crm", office.remote);
    const auto ada = office.remote.ids("Contacts").front();
    for (const char* name : {"Xu", "Yu", "Zu"}) office.make(name);
    office.remote.edit("Contacts", ada, {{"Phone", Value("200")}});
    office.device.sync("crm");
    REQUIRE(office.contacts() == 6);

    const auto plan = office.undo(UndoScope::of_run(office.last_run()));
    CHECK(skipped(plan, "from_remote") == 3);
    CHECK(plan.steps.size() == 1);
    CHECK(office.contacts() == 6);
    office.device.sync("crm");
    CHECK(office.remote.ids("Contacts").size() == 6);
    CHECK(office.remote.value("Contacts", ada, "Phone") == Value("100"));
}

TEST_CASE("what a colleague made returns to what it was when it came", "[engine][undo]") {
    UndoOffice office;
    office.device.connect("crm", office.remote);
    const auto first = office.last_change() + 1;
    const auto made = office.make("Xu");
    office.device.sync("crm");
    const auto id = std::to_string(office.device.local("Contacts", made));
    office.device.sql("UPDATE contact SET phone = '7' WHERE id = " + id);
    SECTION("edited since") {}
    SECTION("edited, then deleted") {
        office.device.sql("DELETE FROM contact WHERE id = " + id);
    }
    CHECK(skipped(office.undo(UndoScope::since(first)), "from_remote") == 1);
    CHECK(office.device.text("SELECT phone FROM contact WHERE id = " + id) == "100");
    office.device.sync("crm");
    CHECK(office.remote.ids("Contacts").size() == 4);
    CHECK(office.remote.value("Contacts", made, "Phone") == Value("100"));
}

TEST_CASE("a record that their edit brought back is not deleted again", "[engine][undo]") {
    UndoOffice office;
    office.device.connect("crm", office.remote);
    const auto ada = office.remote.ids("Contacts").front();
    const auto id = std::to_string(office.device.local("Contacts", ada));
    office.device.sql("DELETE FROM contact WHERE id = " + id);
    office.remote.edit("Contacts", ada, {{"Phone", Value("200")}});
    office.device.sync("crm");
    REQUIRE(office.contacts() == 3);
    CHECK(skipped(office.undo(UndoScope::of_run(office.last_run())), "from_remote") == 1);
    office.device.sync("crm");
    CHECK(office.remote.ids("Contacts").size() == 3);
}

TEST_CASE("what was made here is deleted by an undo, at the remote too", "[engine][undo]") {
    UndoOffice office;
    office.device.connect("crm", office.remote);
    office.device.sql("INSERT INTO contact(last_name) VALUES('Mine')");
    const auto made = office.last_change();
    office.device.sync("crm");
    REQUIRE(office.remote.ids("Contacts").size() == 4);
    const auto plan = office.undo(UndoScope::change(made));
    REQUIRE(plan.steps.size() == 1);
    CHECK(plan.steps[0].kind == replica::UndoStep::Kind::kDelete);
    office.device.sync("crm");
    CHECK(office.remote.ids("Contacts").size() == 3);
}

TEST_CASE("what is only read is left alone by an undo, and the connection named",
          "[engine][undo][only_read]") {
    UndoOffice office;
    SECTION("records") {
        office.device.connect("crm", office.remote, [](merge::Mapping& mapping) {
            whole_name(mapping);  // so that each has an entry of its own
            contacts_of(mapping).push = false;
        });
        const auto made = office.device.number(
            "SELECT min(seq) FROM kontor_history WHERE op = 'i' AND field IS NULL");
        const auto plan = office.undo(UndoScope::change(made));
        CHECK(plan.steps.empty());
        REQUIRE(skipped(plan, "only_read_records") == 1);
        CHECK(plan.skipped[0].connection == "crm");
        CHECK(office.contacts() == 3);

        const auto gone = office.remote.ids("Contacts").front();
        office.remote.erase("Contacts", gone);
        office.device.sync("crm");
        REQUIRE(office.contacts() == 2);
        const auto back = office.undo(UndoScope::of_run(office.last_run()));
        CHECK(back.steps.empty());
        CHECK(skipped(back, "only_read_records") == 1);
        CHECK(back.skipped.size() == 1);  // not its values one by one
        CHECK(office.contacts() == 2);
    }
    SECTION("a column, of which the others are taken back") {
        office.device.connect("crm", office.remote, [](merge::Mapping& mapping) {
            for (auto& group : contacts_of(mapping).groups)
                for (auto& field : group.fields)
                    if (field.remote == "Phone") field.direction = merge::Direction::kIn;
        });
        const auto ada = office.remote.ids("Contacts").front();
        office.remote.edit("Contacts", ada, {{"Phone", Value("200")}, {"Email", Value("a@b")}});
        office.device.sync("crm");
        const auto plan = office.undo(UndoScope::of_run(office.last_run()));
        REQUIRE(plan.steps.size() == 1);
        CHECK(plan.steps[0].field == "email");
        REQUIRE(skipped(plan, "only_read_field") == 1);
        CHECK(plan.skipped[0].field == "phone");
        CHECK(plan.skipped[0].connection == "crm");
        CHECK(office.device.number("SELECT count(*) FROM contact WHERE phone = '200'") == 1);
    }
}

TEST_CASE("a statement is undone that wrote into what is only read too, which is back already",
          "[engine][undo][only_read]") {
    UndoOffice office;
    office.device.connect("crm", office.remote, [](merge::Mapping& mapping) {
        for (auto& group : contacts_of(mapping).groups)
            for (auto& field : group.fields)
                if (field.remote == "Phone") field.direction = merge::Direction::kIn;
    });
    const auto ada = office.remote.ids("Contacts").front();
    const auto id = std::to_string(office.device.local("Contacts", ada));
    const auto first = office.last_change() + 1;
    SECTION("an update") {
        office.device.sql("UPDATE contact SET phone = 'typed', email = 'a@b' WHERE id = " + id);
    }
    SECTION("a record written over") {
        office.device.sql("INSERT OR REPLACE INTO contact(id, last_name, phone, email) VALUES(" +
                          id + ", 'Over', 'typed', 'a@b')");
    }
    const auto last = office.last_change();
    for (int i = 0; i < 2; ++i) office.device.sync("crm");
    REQUIRE(office.device.text("SELECT phone FROM contact WHERE id = " + id) == "100");
    REQUIRE(office.remote.value("Contacts", ada, "Email") == Value("a@b"));

    const auto plan = office.undo(UndoScope::range(first, last));
    CHECK(plan.skipped.empty());
    const auto now = [&] {
        return office.device.text(
            "SELECT last_name || '|' || phone || '|' || ifnull(email, '') FROM contact WHERE id "
            "= " +
            id);
    };
    CHECK(now() == "Ada|100|");
    for (int i = 0; i < 2; ++i) office.device.sync("crm");
    CHECK(now() == "Ada|100|");
    CHECK(office.remote.value("Contacts", ada, "Email").is_blank());
    CHECK(office.remote.ids("Contacts").size() == 3);
}
