// Proposing what a mapping in use lacks, and taking some of it over.
#include "sync/engine/propose.hpp"

#include <catch2/catch.hpp>

#include "sync/base/clock.hpp"
#include "sync/engine/reconcile.hpp"
#include "tests/sync/engine/device.hpp"

using namespace kontor;
using namespace kontor::test;

namespace {

struct ProposeFixture {
    ProposeFixture() : device(clock), remote(clock) {
        remote.streams = people_streams();
        catalogue = *replica::Catalogue::load(device.engine_db());
        mapping = engine::propose(remote.streams, catalogue, "crm").mapping;
    }
    merge::StreamMapping& contacts() {
        return *std::ranges::find(mapping.streams, "Contacts", &merge::StreamMapping::stream);
    }
    void forget(const std::string& field) {
        for (auto& group : contacts().groups)
            std::erase_if(group.fields, [&](const auto& each) { return each.remote == field; });
        std::erase_if(contacts().groups, [](const auto& group) { return group.fields.empty(); });
    }
    engine::Proposal rest() { return engine::propose(remote.streams, catalogue, "crm", mapping); }
    const merge::FieldMapping* field(const std::string& name) {
        for (const auto& group : contacts().groups)
            for (const auto& each : group.fields)
                if (each.remote == name) return &each;
        return nullptr;
    }
    FakeClock clock;
    Device device;
    MemoryRemote remote;
    replica::Catalogue catalogue;
    merge::Mapping mapping;
};

std::vector<std::string> names(const merge::Mapping& mapping) {
    std::vector<std::string> out;
    for (const auto& stream : mapping.streams)
        for (const auto& name : stream.remote_fields()) out.push_back(stream.stream + "." + name);
    return out;
}

}  // namespace

TEST_CASE("only what a mapping lacks is proposed beside it", "[propose]") {
    ProposeFixture f;
    CHECK(names(f.rest().mapping).empty());
    f.forget("Phone");
    f.forget("Mailing_City");
    CHECK(names(f.rest().mapping) ==
          std::vector<std::string>{"Contacts.Phone", "Contacts.Mailing_City"});
}

TEST_CASE("a column that is in use is not proposed again, nor another entity", "[propose]") {
    ProposeFixture f;
    f.forget("Phone");
    f.contacts().entity = "lead";
    for (auto& group : f.contacts().groups)
        for (auto& field : group.fields)
            if (field.remote == "Email") field.columns = {"phone"};
    const auto rest = f.rest();
    REQUIRE(rest.mapping.streams.size() == 1);
    CHECK(rest.mapping.streams[0].entity == "lead");
    CHECK(rest.mapping.streams[0].groups.at(0).fields.at(0).columns ==
          std::vector<std::string>{"phone_2"});
}

TEST_CASE("a connection that is set up anew finds the columns that were made for it", "[propose]") {
    FakeClock clock;
    Device device(clock);
    MemoryRemote remote(clock);
    // Not what a contact's title is, twice over, and one that is called as the evaded name.
    auto number = text_field("Title", "title");
    number.type = remote::FieldType::kInteger;
    auto again = text_field("TITLE", "");
    again.type = remote::FieldType::kBoolean;
    auto evaded = text_field("Title_2", "");
    evaded.type = remote::FieldType::kInteger;
    const bool evaded_first = GENERATE(true, false);
    remote.streams = {stream_spec(
        "Contacts", "contact",
        evaded_first ? std::vector{evaded, number, again} : std::vector{number, again, evaded})};
    device.prepare("crm", remote);
    const auto made = device.settings("crm").mapping;
    device.sync("crm");
    const auto before = *engine::mapping_taken_last(device.engine_db(), "crm");
    CHECK(before == made);
    const auto now = *replica::Catalogue::load(device.engine_db());
    const auto proposal = engine::propose(remote.streams, now, "crm", {}, before);
    CHECK(proposal.mapping == made);
    CHECK(proposal.entities.empty());
    // Not what does not fit any more, nor another connection's.
    remote.streams[0].fields.back().type = remote::FieldType::kText;
    CHECK(engine::propose(remote.streams, now, "crm", {}, before).entities.size() == 1);
    CHECK(engine::propose(remote.streams, now, "other").entities.size() == 1);
}

TEST_CASE("what is wanted joins its group, the rest stays proposed", "[propose]") {
    ProposeFixture f;
    const auto whole = f.mapping;
    f.forget("Phone");
    f.forget("Mailing_City");
    auto rest = f.rest();
    const auto made = engine::adopt(f.mapping, rest, {"Contacts.Mailing_City"});
    REQUIRE(made);
    CHECK(made->empty());  // its column is there already
    CHECK(f.field("Mailing_City") != nullptr);
    CHECK(f.field("Phone") == nullptr);
    CHECK(names(rest.mapping) == std::vector<std::string>{"Contacts.Phone"});
    const auto groups =
        std::ranges::count(f.contacts().groups, "mailing_address", &merge::GroupMapping::name);
    CHECK(groups == 1);

    REQUIRE(engine::adopt(f.mapping, rest, {"Contacts"}));
    CHECK(names(rest.mapping).empty());
    auto before = names(whole), after = names(f.mapping);
    std::ranges::sort(before);
    std::ranges::sort(after);
    CHECK(before == after);
}

TEST_CASE("only the columns of what is taken over are made", "[propose]") {
    ProposeFixture f;
    for (auto& stream : f.remote.streams)
        if (stream.name == "Contacts")
            for (const char* name : {"Blood_Type", "Shoe_Size"})
                stream.fields.push_back(text_field(name, ""));
    auto rest = f.rest();
    const auto made = engine::adopt(f.mapping, rest, {"Contacts.Blood_Type"});
    REQUIRE(made);
    REQUIRE(made->size() == 1);
    CHECK(made->front().field("blood_type") != nullptr);
    CHECK(made->front().field("shoe_size") == nullptr);
}

TEST_CASE("what cannot be taken over changes nothing", "[propose]") {
    ProposeFixture f;
    std::erase_if(f.mapping.streams, [](const auto& each) { return each.stream == "Accounts"; });
    f.forget("Account_Name");
    f.forget("Phone");
    const auto before = f.mapping;
    auto rest = f.rest();
    const auto proposed = names(rest.mapping);

    const auto unknown = engine::adopt(f.mapping, rest, {"Contacts.Phone", "Contacts.Nowhere"});
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == Errc::kNotFound);
    CHECK(unknown.error().message.find("Contacts.Nowhere") != std::string::npos);

    const auto dangling = engine::adopt(f.mapping, rest, {"Contacts.Account_Name"});
    REQUIRE_FALSE(dangling);
    CHECK(dangling.error().code == Errc::kInvalid);
    CHECK(dangling.error().message.find("Accounts") != std::string::npos);

    CHECK(f.mapping == before);
    CHECK(names(rest.mapping) == proposed);
    CHECK(engine::adopt(f.mapping, rest, {"Contacts.Account_Name", "Accounts"}));
    CHECK(f.field("Account_Name")->references == std::vector<std::string>{"Accounts"});
}

TEST_CASE("a person's whole name is kept in its two parts, if it can be written", "[propose]") {
    const bool read_only = GENERATE(false, true);
    ProposeFixture f;
    remote::StreamSpec stream;
    stream.name = "People";
    stream.entity_hint = "contact";
    stream.fields.resize(1);
    stream.fields[0].name = "name";
    stream.fields[0].column_hint = "full_name";
    stream.fields[0].read_only = read_only;
    const auto proposal = engine::propose({stream}, f.catalogue, "other");
    REQUIRE(proposal.mapping.streams.size() == 1);
    const auto& field = proposal.mapping.streams[0].groups.at(0).fields.at(0);
    CHECK(field.columns == (read_only ? std::vector<std::string>{"full_name"}
                                      : std::vector<std::string>{"first_name", "last_name"}));
    CHECK(field.lens == (read_only ? merge::LensKind::kPlain : merge::LensKind::kFullName));
}

// A task's person: a contact here, anything where other remotes are in play.
TEST_CASE("a look-up of one stream is kept where references to anything are", "[propose]") {
    FakeClock clock;
    Device device(clock);
    MemoryRemote remote(clock);
    remote.streams = people_streams();
    remote.streams.push_back(stream_spec(
        "Tasks", "task",
        {text_field("Subject", "subject"), reference_field("Who_Id", "who", "Contacts")}));
    remote.streams.push_back(stream_spec("Leads", "lead", {text_field("Last_Name", "last_name")}));
    const auto ada = remote.create("Contacts", {{"Last_Name", Value("Ada")}});
    const auto lead = remote.create("Leads", {{"Last_Name", Value("Lead")}});
    const auto task = remote.create("Tasks", {{"Subject", Value("call")}, {"Who_Id", Value(ada)}});
    const auto early =
        remote.create("Tasks", {{"Subject", Value("early")}, {"Who_Id", Value("Contacts-9")}});
    remote.unlisted = {ada};
    device.connect("crm", remote);
    const auto who = [&](const std::string& id) {
        return device.text("SELECT who FROM task WHERE id = " +
                           std::to_string(device.local("Tasks", id)));
    };
    CHECK(who(task).empty());  // it waits
    remote.unlisted.clear();
    clock.advance(std::chrono::minutes(10));
    remote.edit("Contacts", ada, {{"Phone", Value("1")}});
    device.sync("crm");
    const auto here = [&](const std::string& stream, const std::string& id) {
        return std::to_string(device.local(stream, id));
    };
    CHECK(who(task) == "contact:" + here("Contacts", ada));
    CHECK(remote.changes_sent == 0);

    device.sql("INSERT INTO contact(last_name) VALUES('Bo')");
    device.sql("UPDATE task SET who = 'contact:' || (SELECT max(id) FROM contact) WHERE id = " +
               here("Tasks", task));
    device.sync("crm");
    const auto bo = device.remote_id("Contacts", device.number("SELECT max(id) FROM contact"));
    CHECK(remote.value("Tasks", task, "Who_Id") == Value(bo));

    // The other way, and to nobody.
    clock.advance(std::chrono::minutes(10));
    remote.edit("Tasks", task, {{"Who_Id", Value(ada)}});
    device.sql("UPDATE task SET subject = 'later' WHERE id = " + here("Tasks", early));
    device.sync("crm");
    CHECK(who(task) == "contact:" + here("Contacts", ada));
    CHECK(remote.value("Tasks", early, "Who_Id") == Value("Contacts-9"));

    // What the field cannot hold is told, and takes nothing away there.
    device.sql("UPDATE task SET who = 'lead:" + here("Leads", lead) +
               "' WHERE id = " + here("Tasks", task));
    device.sync("crm");
    CHECK(remote.value("Tasks", task, "Who_Id") == Value(ada));
    const auto blocked = engine::list_blocked(device.engine_db(), 10, 0);
    REQUIRE(blocked->size() == 1);
    CHECK(blocked->front().column == "who");

    device.sql("UPDATE task SET who = NULL WHERE id = " + here("Tasks", task));
    device.sync("crm");
    CHECK(remote.value("Tasks", task, "Who_Id").is_blank());
    CHECK(engine::list_blocked(device.engine_db(), 10, 0)->empty());

    const int sent = remote.changes_sent;
    device.sync("crm");
    CHECK(remote.changes_sent == sent);
}

// What was made for it before stays in use, so that edits there are not left behind.
TEST_CASE("a look-up that has a column of its own keeps it", "[propose]") {
    FakeClock clock;
    Device device(clock);
    MemoryRemote remote(clock);
    remote.streams = people_streams();
    remote.streams.push_back(
        stream_spec("Tasks", "task", {reference_field("Who_Id", "person", "Contacts")}));
    device.prepare("crm", remote);
    device.sync("crm");
    const auto before = *engine::mapping_taken_last(device.engine_db(), "crm");
    remote.streams.back().fields = {reference_field("Who_Id", "who", "Contacts")};
    const auto now = *replica::Catalogue::load(device.engine_db());
    const auto proposal = engine::propose(remote.streams, now, "crm", {}, before);
    REQUIRE(proposal.mapping.stream("Tasks") != nullptr);
    CHECK(*proposal.mapping.stream("Tasks") == *before.stream("Tasks"));
    CHECK(proposal.entities.empty());
}
