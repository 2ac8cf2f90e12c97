// What no remote takes: an edit of it by SQL is put back with a notice, a record too.
#include "sync/engine/only_read.hpp"

#include <catch2/catch.hpp>

#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;

namespace {

struct OnlyReadOffice {
    OnlyReadOffice() : remote(clock), device(clock) {
        remote.streams = people_streams();
        for (int i = 0; i < 4; ++i)
            ids.push_back(remote.create("Contacts", {{"Last_Name", Value("N" + std::to_string(i))},
                                                     {"Phone", Value("100")}}));
        clock.advance(std::chrono::seconds{60});
    }
    static merge::StreamMapping& contacts(merge::Mapping& mapping) {
        for (auto& stream : mapping.streams)
            if (stream.stream == "Contacts") return stream;
        throw std::runtime_error("no Contacts");
    }
    static void shown_only(merge::Mapping& mapping) {
        for (auto& group : contacts(mapping).groups)
            for (auto& field : group.fields)
                if (field.remote == "Phone") field.direction = merge::Direction::kIn;
    }
    static void pull_only(merge::Mapping& mapping) { contacts(mapping).push = false; }

    std::int64_t notices() {
        return device.number("SELECT count(*) FROM kontor_notice WHERE kind = 'read_only'");
    }
    engine::OnlyRead only() {
        const auto catalogue = replica::Catalogue::load(device.engine_db());
        return *engine::only_read(device.engine_db(), *catalogue->entity("contact"));
    }

    FakeClock clock;
    MemoryRemote remote;
    Device device;
    std::vector<std::string> ids;
};

}  // namespace

TEST_CASE("a column that is only read is put back, with a notice", "[only_read]") {
    OnlyReadOffice office;
    office.device.connect("crm", office.remote, OnlyReadOffice::shown_only);
    CHECK(office.only().column("phone") == "crm");
    CHECK(office.only().column("last_name").empty());
    CHECK(office.only().records().empty());
    office.device.sql("UPDATE contact SET phone = '7', last_name = 'Mine' WHERE id = 2");
    office.device.sync("crm");
    CHECK(office.device.text("SELECT phone FROM contact WHERE id = 2") == "100");
    CHECK(office.device.text("SELECT last_name FROM contact WHERE id = 2") == "Mine");
    CHECK(office.remote.value("Contacts", office.device.remote_id("Contacts", 2), "Last_Name") ==
          Value("Mine"));
    CHECK(office.notices() == 1);
    CHECK(office.device.number("SELECT count(*) FROM kontor_history WHERE rule = 'read_only' AND"
                               " old = '7'") == 1);
    // Taken back by whoever did it: nothing to tell.
    office.device.sql("UPDATE contact SET phone = '8' WHERE id = 3");
    office.device.sql("UPDATE contact SET phone = '100' WHERE id = 3");
    office.device.sync("crm");
    CHECK(office.notices() == 1);
}

TEST_CASE("records that are only read are put back, and taken away again", "[only_read]") {
    OnlyReadOffice office;
    office.device.connect("crm", office.remote, OnlyReadOffice::pull_only);
    CHECK(office.only().records() == "crm");
    CHECK(office.only().column("last_name") == "crm");
    const auto before =
        office.device.text("SELECT group_concat(id || last_name || phone) FROM contact");
    office.device.sql("UPDATE contact SET last_name = 'Mine', department = 'kept' WHERE id = 1");
    office.device.sql("UPDATE contact SET phone = '7' WHERE id = 2");
    office.device.sql("DELETE FROM contact WHERE id IN (2, 3)");
    office.device.sql("INSERT INTO contact(last_name) VALUES('Boss')");
    office.device.sync("crm");
    CHECK(office.device.text("SELECT group_concat(id || last_name || phone) FROM contact") ==
          before);
    // What no mapping has is a person's own.
    CHECK(office.device.text("SELECT department FROM contact WHERE id = 1") == "kept");
    CHECK(office.device.number("SELECT count(*) FROM kontor_tombstone") == 1);
    // Two values, two records back, one gone.
    CHECK(office.notices() == 5);
    CHECK(office.remote.pushes == 0);
    // The records are linked as they were: what the remote changes comes.
    office.remote.edit("Contacts", office.ids[1], {{"Phone", Value("9")}});
    office.device.sync("crm");
    CHECK(office.device.text("SELECT phone FROM contact WHERE id = 2") == "9");
    CHECK(office.notices() == 5);
}

TEST_CASE("what another connection takes, or what never leaves, is not only read", "[only_read]") {
    OnlyReadOffice office;
    office.device.connect("crm", office.remote, OnlyReadOffice::pull_only);
    SECTION("another connection") {
        MemoryRemote other(office.clock);
        other.streams = people_streams();
        office.device.connect("other", other);
        CHECK(office.only().records().empty());
        CHECK(office.only().column("phone").empty());
        office.device.sql("UPDATE contact SET phone = '7' WHERE id = 2");
        office.device.sync("crm");
    }
    SECTION("a column that never leaves") {
        office.device.sql("UPDATE kontor_field SET leaves = 0 WHERE name = 'phone'");
        CHECK(office.only().column("phone").empty());
        CHECK(office.only().column("last_name") == "crm");
        office.device.sql("UPDATE contact SET phone = '7' WHERE id = 2");
        office.device.sync("crm");
    }
    CHECK(office.device.text("SELECT phone FROM contact WHERE id = 2") == "7");
    CHECK(office.notices() == 0);
}

TEST_CASE("what was here before a remote was read stays", "[only_read]") {
    OnlyReadOffice office;
    office.device.sql("INSERT INTO contact(last_name) VALUES('Early')");
    office.device.connect("crm", office.remote, OnlyReadOffice::pull_only);
    office.device.sync("crm");
    CHECK(office.device.number("SELECT count(*) FROM contact WHERE last_name = 'Early'") == 1);
}
