// The mapping changes while there is something to say: no edit becomes one without a base, and what
// never leaves does not.
#include <sqlite3.h>

#include <catch2/catch.hpp>

#include "sync/engine/reconcile.hpp"
#include "sync/replica/catalogue.hpp"
#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;
using std::chrono::seconds;

namespace {

merge::GroupMapping& group_of(merge::Mapping& mapping, const std::string& name) {
    for (auto& stream : mapping.streams)
        for (auto& group : stream.groups)
            if (stream.stream == "Contacts" && group.name == name) return group;
    throw std::logic_error("no group " + name);
}

struct MappingFixture {
    MappingFixture() : remote(clock), device(clock) {
        remote.streams = people_streams();
        ada = remote.create("Contacts", {{"Last_Name", Value("L")}, {"Phone", Value("100")}});
        clock.advance(seconds{60});
        device.connect("crm", remote, [](merge::Mapping& mapping) {
            for (auto& stream : mapping.streams)
                for (auto& group : stream.groups) group.policy = merge::Policy::kManual;
        });
        device.sync("crm");
    }
    std::size_t open() { return engine::list_conflicts(device.engine_db(), {})->size(); }
    void never_leaves(const std::string& column, bool leaves = false) {
        const auto id = device.number(
            "SELECT f.id FROM kontor_field f JOIN kontor_entity e ON e.id = f.entity"
            " WHERE e.name = 'contact' AND f.name = '" +
            column + "'");
        auto transaction = replica::Transaction::begin(device.engine_db());
        REQUIRE(transaction);
        REQUIRE(replica::set_leaves(device.engine_db(), id, leaves));
        REQUIRE(transaction->commit());
    }

    FakeClock clock;
    MemoryRemote remote;
    Device device;
    std::string ada;
};

}  // namespace

TEST_CASE("an unsent edit keeps its base when the mapping of its field changes", "[mapping]") {
    MappingFixture f;
    f.device.sql("UPDATE contact SET phone = 'typed'");
    f.device.remap("crm",
                   [](merge::Mapping& m) { group_of(m, "phone").fields[0].max_length = 40; });
    SECTION("and is sent") {
        for (int i = 0; i < 2; ++i) f.device.sync("crm");
        CHECK(f.open() == 0);
        CHECK(f.remote.value("Contacts", f.ada, "Phone") == Value("typed"));
    }
    SECTION("and is a conflict only if they have changed it too") {
        f.remote.edit("Contacts", f.ada, {{"Phone", Value("theirs")}});
        f.device.sync("crm");
        const auto open = *engine::list_conflicts(f.device.engine_db(), {});
        REQUIRE(open.size() == 1);
        CHECK(open[0].kind == "edit");
        CHECK(open[0].fields[0].base == Value("100"));
    }
    SECTION("and is not sent before an image was compared") {
        f.remote.fail_pull_after = 0;
        CHECK(f.device.sync("crm").problem);
        CHECK(f.remote.sent.empty());
    }
}

TEST_CASE("columns that a mapping names are made where the replica lacks them", "[mapping]") {
    MappingFixture f;
    SECTION("a field that a person wrote into the mapping") {
        remote::FieldSpec size;
        size.name = "Shoe_Size";
        size.label = {"Shoe size", "鞋码"};
        size.type = remote::FieldType::kInteger;
        f.remote.streams[0].fields.push_back(size);
        f.device.settings("crm").streams = f.remote.streams;
        f.remote.edit("Contacts", f.ada, {{"Shoe_Size", Value(std::int64_t{42})}});
        f.device.remap("crm", [](merge::Mapping& m) {
            merge::FieldMapping field;
            field.remote = "Shoe_Size";
            field.columns = {"shoe_size"};
            field.type = remote::FieldType::kInteger;
            group_of(m, "phone").fields.push_back(field);
        });
        for (int i = 0; i < 2; ++i) f.device.sync("crm");
        CHECK(f.open() == 0);  // the rest of the group is as it was
        CHECK(f.device.number("SELECT shoe_size FROM contact") == 42);
        CHECK(f.device.text("SELECT label_zh FROM kontor_field WHERE name = 'shoe_size'") ==
              "鞋码");
        f.device.sql("UPDATE contact SET shoe_size = 43");
        f.device.sync("crm");
        CHECK(f.remote.value("Contacts", f.ada, "Shoe_Size") == Value(std::int64_t{43}));
    }
    SECTION("a name that no column can have") {
        f.device.remap("crm", [](merge::Mapping& m) {
            group_of(m, "phone").fields[0].columns = {"shoe size; --"};
        });
        const auto done = f.device.try_sync("crm");
        REQUIRE_FALSE(done);
        CHECK(done.error().code == Errc::kConfig);
        CHECK(done.error().message.find("shoe size; --") != std::string::npos);
    }
    SECTION("a replica that starts afresh under the mapping of an earlier one") {
        auto mapping = f.device.settings("crm").mapping;
        group_of(mapping, "phone").fields[0].columns = {"their_phone"};
        for (auto& stream : mapping.streams)
            if (stream.stream == "Contacts") stream.entity = "partner";
        Device fresh(f.clock);
        fresh.connect("crm", f.remote, [&](merge::Mapping& m) { m = mapping; });
        fresh.sync("crm");
        CHECK(fresh.text("SELECT their_phone FROM partner") == "100");
    }
}

TEST_CASE("an open question survives a change of the mapping", "[mapping]") {
    MappingFixture f;
    f.device.sql("UPDATE contact SET phone = 'typed'");
    f.remote.edit("Contacts", f.ada, {{"Phone", Value("theirs")}});
    f.device.sync("crm");
    REQUIRE(f.open() == 1);
    f.device.remap("crm",
                   [](merge::Mapping& m) { group_of(m, "phone").fields[0].max_length = 40; });
    for (int i = 0; i < 2; ++i) f.device.sync("crm");
    const auto open = *engine::list_conflicts(f.device.engine_db(), {});
    REQUIRE(open.size() == 1);
    CHECK(open[0].fields[0].base == Value("100"));
    CHECK(open[0].fields[0].theirs == Value("theirs"));
    CHECK(f.remote.value("Contacts", f.ada, "Phone") == Value("theirs"));
}

TEST_CASE("a field that never leaves is sent nowhere: not in an update, a create or a plan",
          "[mapping][leaves]") {
    MappingFixture f;
    f.never_leaves("email");
    f.device.sql(
        "UPDATE contact SET email = 'private', phone = 'public';"
        "INSERT INTO contact(last_name, email) VALUES('New', 'private too')");
    engine::CycleOptions dry;
    dry.dry_run = true;
    const auto planned = f.device.sync("crm", dry).plan;
    for (const auto& change : planned.kept())
        CHECK(std::ranges::count(change.fields, "email") == 0);
    for (int i = 0; i < 3; ++i) f.device.sync("crm");
    CHECK(f.remote.value("Contacts", f.ada, "Phone") == Value("public"));
    CHECK(f.remote.ids("Contacts").size() == 2);
    for (const auto& change : f.remote.sent)
        CHECK(std::ranges::none_of(change.fields,
                                   [](const auto& field) { return field.field == "Email"; }));
    // What they have there does not touch it either, and asks nobody.
    f.remote.edit("Contacts", f.ada, {{"Email", Value("theirs")}});
    f.device.sync("crm");
    CHECK(f.device.text("SELECT email FROM contact WHERE last_name = 'L'") == "private");
    CHECK(f.open() == 0);
    // Nor does another remote get it.
    MemoryRemote other(f.clock);
    other.streams = people_streams();
    f.device.connect("other", other);
    for (int i = 0; i < 2; ++i) f.device.sync("other");
    CHECK(other.ids("Contacts").size() == 2);
    for (const auto& change : other.sent)
        CHECK(std::ranges::none_of(change.fields,
                                   [](const auto& field) { return field.field == "Email"; }));
}

TEST_CASE("what waits to be sent is sent once the mapping sends it again", "[mapping][leaves]") {
    MappingFixture f;
    engine::Session session;
    f.device.session = &session;
    const auto stream = [&](merge::Mapping& m) -> merge::StreamMapping& {
        return *std::ranges::find(m.streams, "Contacts", &merge::StreamMapping::stream);
    };
    const auto push = [&](bool on) {
        return [&stream, on](merge::Mapping& m) { stream(m).push = on; };
    };
    const auto direction = [](merge::Direction to) {
        return [to](merge::Mapping& m) { group_of(m, "phone").fields[0].direction = to; };
    };
    const auto sync_twice = [&] {
        for (int i = 0; i < 2; ++i) f.device.sync("crm");
    };
    const auto to_push = [&] {
        return f.device.number("SELECT count(*) FROM kontor_link WHERE dirty");
    };
    SECTION("an edit") {
        f.device.sql("UPDATE contact SET phone = 'typed'");
        SECTION("of a kind that is not sent for a while") {
            f.device.remap("crm", push(false));
            sync_twice();
            CHECK(to_push() == 0);
            f.device.remap("crm", push(true));
        }
        SECTION("… by what is asked outside of a sync") {
            const auto take = [&] {
                REQUIRE(engine::take_policies(f.device.engine_db(), f.clock, f.device.random, "crm",
                                              f.device.settings("crm").mapping));
            };
            f.device.remap("crm", push(false));
            take();
            sync_twice();
            f.device.remap("crm", push(true));
            take();
        }
        SECTION("of a field that only comes in for a while") {
            f.device.remap("crm", direction(merge::Direction::kIn));
            sync_twice();
            CHECK(to_push() == 0);
            f.device.remap("crm", direction(merge::Direction::kBoth));
        }
        SECTION("of a column that does not leave for a while") {
            f.never_leaves("phone");
            sync_twice();
            CHECK(to_push() == 0);
            f.never_leaves("phone", true);
        }
        CHECK(f.remote.value("Contacts", f.ada, "Phone") == Value("100"));
        sync_twice();
        CHECK(f.remote.value("Contacts", f.ada, "Phone") == Value("typed"));
    }
    SECTION("a deletion") {
        f.device.sql("DELETE FROM contact");
        f.device.remap("crm", push(false));
        sync_twice();
        CHECK(to_push() == 0);
        CHECK(f.remote.ids("Contacts").size() == 1);
        f.device.remap("crm", push(true));
        sync_twice();
        CHECK(f.remote.ids("Contacts").empty());
    }
    SECTION("but a deletion that is asked about waits for its answer") {
        f.device.remap(
            "crm", [&](merge::Mapping& m) { stream(m).delete_there = merge::DeletePolicy::kAsk; });
        f.device.sync("crm");
        f.device.sql("DELETE FROM contact");
        f.device.sync("crm");
        f.device.remap("crm", push(false));
        sync_twice();
        f.device.remap("crm", push(true));
        sync_twice();
        CHECK(to_push() == 0);
        CHECK(f.open() == 1);
        CHECK(f.remote.ids("Contacts").size() == 1);
    }
    CHECK(to_push() == 0);
}

TEST_CASE("what was born while none were made there is made there once they are again",
          "[mapping][many]") {
    MappingFixture f;
    MemoryRemote other(f.clock);
    other.streams = people_streams();
    f.device.connect("other", other);
    for (int i = 0; i < 2; ++i) f.device.sync("other");
    const bool pushes = GENERATE(true, false);
    const auto makes = [&](bool on) {
        f.device.remap("crm", [&](merge::Mapping& m) {
            for (auto& stream : m.streams) (pushes ? stream.create : stream.push) = on;
        });
    };
    const auto sync = [&] {
        for (int i = 0; i < 2; ++i)
            for (const char* name : {"crm", "other"}) f.device.sync(name);
    };
    sync();
    makes(false);
    sync();
    f.device.sql("INSERT INTO contact(last_name) VALUES('Born')");
    other.create("Contacts", {{"Last_Name", Value("Theirs")}});
    sync();
    CHECK(f.remote.ids("Contacts").size() == 1);
    CHECK(other.ids("Contacts").size() == 3);
    makes(true);
    for (int i = 0; i < 2; ++i) {
        sync();
        CHECK(f.remote.ids("Contacts").size() == 3);
        CHECK(other.ids("Contacts").size() == 3);
    }
}

TEST_CASE("what never leaves is merged apart from what is sent of its group", "[mapping]") {
    MappingFixture f;
    f.never_leaves("mailing_city");
    SECTION("update") {
        f.device.sql("UPDATE contact SET mailing_city = 'private', mailing_street = 'public'");
        for (int i = 0; i < 3; ++i) f.device.sync("crm");
        CHECK(f.remote.value("Contacts", f.ada, "Mailing_Street") == Value("public"));
        CHECK(f.device.text("SELECT mailing_city FROM contact WHERE last_name = 'L'") == "private");
        f.remote.edit("Contacts", f.ada, {{"Phone", Value("5")}});
        f.device.sync("crm");
        CHECK(f.device.text("SELECT mailing_city FROM contact WHERE last_name = 'L'") == "private");
        f.remote.edit("Contacts", f.ada, {{"Mailing_Street", Value("theirs")}});
        f.device.sync("crm");
        CHECK(f.device.text("SELECT mailing_city FROM contact WHERE last_name = 'L'") == "private");
        CHECK(f.device.text("SELECT mailing_street FROM contact WHERE last_name = 'L'") ==
              "theirs");
        f.never_leaves("mailing_city", true);
        for (int i = 0; i < 3; ++i) f.device.sync("crm");
        CHECK(f.remote.value("Contacts", f.ada, "Mailing_City") == Value("private"));
    }
    SECTION("create") {
        f.device.sql(
            "INSERT INTO contact(last_name, mailing_city, mailing_street) VALUES('New', 'private',"
            " 'public')");
        for (int i = 0; i < 3; ++i) f.device.sync("crm");
        CHECK(f.device.text("SELECT mailing_city FROM contact WHERE last_name = 'New'") ==
              "private");
        f.never_leaves("mailing_city", true);
        for (int i = 0; i < 3; ++i) f.device.sync("crm");
        CHECK(f.remote.ids("Contacts").size() == 2);
        CHECK(f.device.text("SELECT mailing_city FROM contact WHERE last_name = 'New'") ==
              "private");
        CHECK(f.remote.value("Contacts", f.remote.ids("Contacts")[1], "Mailing_City") ==
              Value("private"));
    }
}

TEST_CASE("values that are translated otherwise are an edit of ours, with a base", "[mapping]") {
    MappingFixture f;
    const auto translate = [](merge::Mapping& m) {
        auto& field = group_of(m, "phone").fields[0];
        field.lens = merge::LensKind::kChoiceMap;
        field.choices = {{"eins", "100"}};
    };
    SECTION("sent, and no question to anybody") {
        f.device.remap("crm", translate);
        for (int i = 0; i < 2; ++i) f.device.sync("crm");
        CHECK(f.open() == 0);
        CHECK(f.remote.value("Contacts", f.ada, "Phone") == Value("eins"));
        CHECK(f.device.text("SELECT phone FROM contact") == "100");
        CHECK(f.device.number("SELECT count(*) FROM kontor_shadow") == 0);
    }
    SECTION("and only if the remote has not changed it as well") {
        f.device.remap("crm", translate);
        f.remote.edit("Contacts", f.ada, {{"Phone", Value("theirs")}});
        f.device.sync("crm");
        const auto open = *engine::list_conflicts(f.device.engine_db(), {});
        REQUIRE(open.size() == 1);
        CHECK(open[0].kind == "edit");
        CHECK(open[0].fields[0].base == Value("100"));
    }
    SECTION("a value that is the same in both forms stays clean") {
        f.remote.edit("Contacts", f.ada, {{"Phone", Value("200")}});
        f.device.sync("crm");
        f.remote.sent.clear();
        f.device.remap("crm", translate);
        for (int i = 0; i < 2; ++i) f.device.sync("crm");
        CHECK(f.remote.sent.empty());
    }
}

TEST_CASE("a field that goes to another column erases nothing at the remote", "[mapping]") {
    MappingFixture f;
    const auto move = [](merge::Mapping& m) { group_of(m, "phone").fields[0].columns = {"fax"}; };
    SECTION("of a clean record") {}
    SECTION("of one with an unsent edit in the old column") {
        f.device.sql("UPDATE contact SET phone = 'typed'");
    }
    f.device.remap("crm", move);
    for (int i = 0; i < 2; ++i) f.device.sync("crm");
    CHECK(f.remote.value("Contacts", f.ada, "Phone") == Value("100"));
    CHECK(f.device.text("SELECT fax FROM contact") == "100");
    CHECK(f.open() == 0);
}

TEST_CASE("what a kept session knows of the mapping holds while nothing about it has changed",
          "[mapping]") {
    MappingFixture f;
    engine::Session session;
    f.device.session = &session;
    f.device.sync("crm");
    const auto stored = [&] {
        return f.device.text("SELECT mapping FROM kontor_stream WHERE name = 'Contacts'");
    };
    const auto before = stored();
    const auto longer = [](merge::Mapping& m) { group_of(m, "phone").fields[0].max_length = 40; };
    SECTION("a changed file is taken") {
        f.device.remap("crm", longer);
        f.device.sync("crm");
        CHECK(stored().find("\"max_length\":40") != std::string::npos);
    }
    SECTION("a dry run takes it for its copy alone") {
        f.device.remap("crm", longer);
        engine::CycleOptions dry;
        dry.dry_run = true;
        f.device.sync("crm", dry);
        CHECK(stored() == before);
        f.device.sync("crm");
        CHECK(stored().find("\"max_length\":40") != std::string::npos);
    }
    SECTION("what has been decided outside of a sync meanwhile is the file's again") {
        auto decided = f.device.settings("crm").mapping;
        group_of(decided, "phone").policy = merge::Policy::kLocal;
        REQUIRE(
            engine::take_policies(f.device.engine_db(), f.clock, f.device.random, "crm", decided));
        REQUIRE(stored() != before);
        f.device.sync("crm");
        CHECK(stored() == before);
    }
    SECTION("… but not if the file has been written since it was read") {
        f.device.check_mapping = [&]() -> Result<> {
            CHECK(sqlite3_txn_state(f.device.engine_db().raw(), "main") == SQLITE_TXN_WRITE);
            return fail(Errc::kConflict, "changed just now");
        };
        auto decided = f.device.settings("crm").mapping;
        group_of(decided, "phone").policy = merge::Policy::kLocal;
        REQUIRE(
            engine::take_policies(f.device.engine_db(), f.clock, f.device.random, "crm", decided));
        const auto after = stored();
        const int asked = f.remote.checks + f.remote.pulls;
        CHECK(f.device.try_sync("crm").error().code == Errc::kConflict);
        CHECK(stored() == after);
        CHECK(f.remote.checks + f.remote.pulls == asked);
    }
    SECTION("a column that never leaves any more") {
        f.never_leaves("phone");
        f.device.sql("UPDATE contact SET phone = 'private'");
        for (int i = 0; i < 2; ++i) f.device.sync("crm");
        CHECK(f.remote.value("Contacts", f.ada, "Phone") == Value("100"));
    }
}
