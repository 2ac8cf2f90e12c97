// The connector against the simulated organisation, in-process: both sides of what Zoho's documents
// leave open, many at once. The oracle is the peer's own dump.
#include <catch2/catch.hpp>

#include "connectors/sdk/canonical.hpp"
#include "tests/plugins/zoho/account.hpp"
#include "tests/plugins/zoho/organisation.hpp"

using namespace kontor;
using test::Organisation;
using test::Switches;

namespace {

const std::vector<std::string> kPeerFields{
    "Last_Name",   "Email",        "Account_Name",  "Owner",       "Phone",
    "Lead_Source", "Created_Time", "Email_Opt_Out", "Modified_By", "Mailing_City"};

std::map<std::string, std::string> names(const std::map<std::string, test::EmittedRecord>& mirror) {
    std::map<std::string, std::string> out;
    for (const auto& [id, record] : mirror) out[id] = test::shown(record, 0);
    return out;
}

std::map<std::string, std::string> names(const std::map<std::string, sdk::Json>& dump) {
    std::map<std::string, std::string> out;
    for (const auto& [id, name] : dump) out[id] = name.get<std::string>();
    return out;
}

void check_equal(Organisation& at) {
    CHECK(names(at.mirror["Contacts"]) == names(at.dump("Contacts", "Last_Name")));
    CHECK(at.violations() == "");
}

const Switches kDefaults;
const Switches kOthers{{"page_token_mode", "position"}, {"if_modified_since_inclusive", "true"},
                       {"unknown_field", "invalid"},    {"missing_record", "400"},
                       {"deleted_order", "asc"},        {"deleted_envelope", "data"},
                       {"bulk_lookup", "name_columns"}, {"bulk_boolean", "title"},
                       {"bulk_crlf", "true"},           {"zip_level", "0"},
                       {"coql_limit_max", "200"},       {"all_failed_status", "202"},
                       {"json_type_missing", "true"},   {"bulk_page_size", "400"}};

}  // namespace

TEST_CASE("pages and exports give the same replica, and increments keep it", "[zoho][peer]") {
    const bool others = GENERATE(false, true);
    CAPTURE(others);
    const Switches& switches = others ? kOthers : kDefaults;
    Organisation paged(R"({"bulk":"never"})", switches);
    Organisation exported(R"({"bulk":"always"})", switches);
    for (Organisation* each : {&paged, &exported}) {
        each->pull("Contacts", kPeerFields);
        CHECK(each->mirror["Contacts"].size() == 1000);
        check_equal(*each);

        // More than two pages within one second.
        each->control("bulk_edit", R"({"module":"Contacts","count":700,"same_time":true,
                                       "set":{"Last_Name":"Edited"}})");
        each->host.clock_ms += 60'000;
        each->pull("Contacts", kPeerFields);
        check_equal(*each);
        const std::string first = each->mirror["Contacts"].begin()->first;
        each->control("delete", R"({"module":"Contacts","id":")" + first + R"("})");
        each->control("create", R"({"module":"Contacts","count":3,"set":{"Last_Name":"New {n}"}})");
        each->host.clock_ms += 60'000;
        each->pull("Contacts", kPeerFields);
        check_equal(*each);
        CHECK(each->mirror["Contacts"].count(first) == 0);

        each->host.clock_ms += 1'800'000;
        each->pull("Contacts", kPeerFields);
        each->pull("Contacts", kPeerFields);
        CHECK(each->host.requests.size() == 2);
    }
    const auto& others_images = exported.mirror["Contacts"];
    for (const auto& [id, image] : paged.mirror["Contacts"]) {
        const auto other = others_images.find(id);
        // Those written during the test were written at other times there.
        if (other == others_images.end() || other->second.version != image.version) continue;
        for (std::uint16_t i = 1; i < 8; ++i) {
            CAPTURE(id, i);
            CHECK(test::shown(image, i) == test::shown(other->second, i));
        }
    }
}

TEST_CASE("a record goes there and back", "[zoho][peer]") {
    const bool others = GENERATE(false, true);
    CAPTURE(others);
    Organisation organisation("{}", others ? kOthers : kDefaults);
    const std::vector<std::string> fields{"Last_Name", "Email_Opt_Out", "Date_of_Birth"};
    const auto push = [&](abi::BatchWriter& batch) {
        return organisation.push("Contacts", fields, batch);
    };
    abi::BatchWriter batch;
    batch.begin(abi::Op::kCreate, "", "", "uid-1");
    batch.add(0, "Ada");
    batch.add(1, std::int64_t{1});
    batch.add(2, "1815-12-10");
    batch.begin(abi::Op::kCreate, "", "", "uid-2");
    auto results = push(batch);
    REQUIRE(results.size() == 2);
    REQUIRE(results[0].status == "ok");
    CHECK(results[1].status == "invalid");
    CHECK(results[1].field == "Last_Name");
    const std::string id = results[0].id, version = results[0].version;

    auto wanted = test::request("Contacts", fields);
    wanted.field = "Kontor_Id";
    wanted.values = {"uid-1", "uid-2"};
    organisation.host.clear();
    organisation.connector.find(wanted);
    auto found = organisation.host.records();
    REQUIRE(found.size() == 1);
    CHECK(found[0].id == id);
    CHECK(found[0].version == version);
    CHECK(test::shown(found[0], 1) == "1");
    CHECK(test::shown(found[0], 2) == "1815-12-10");
    CHECK(found[0].actor == organisation.connector.check().user_id);

    organisation.host.clock_ms += 10'000;
    organisation.control(
        "edit", R"({"module":"Contacts","id":")" + id + R"(","set":{"Last_Name":"Theirs"}})");
    batch.begin(abi::Op::kUpdate, id, version);
    batch.add(0, "Ours");
    CHECK(push(batch)[0].status == "changed");
    batch.begin(abi::Op::kUpdate, id);
    batch.add(0, "Ours");
    CHECK(push(batch)[0].status == "ok");
    batch.begin(abi::Op::kDelete, id);
    CHECK(push(batch)[0].status == "ok");
    batch.begin(abi::Op::kDelete, id);
    batch.begin(abi::Op::kUpdate, id);
    batch.add(0, "Too late");
    for (const auto& each : push(batch)) CHECK(each.status == "missing");

    auto again = test::request("Contacts", fields);
    again.ids = {id};
    organisation.host.clear();
    organisation.connector.fetch(again);
    REQUIRE(organisation.host.records().size() == 1);
    CHECK(organisation.host.records()[0].op == abi::Op::kMissing);
}

TEST_CASE("a refused value of a record that is there is no missing record", "[zoho][peer]") {
    Organisation organisation;
    organisation.pull("Contacts", {"Last_Name"});
    const std::string id = organisation.mirror["Contacts"].begin()->first;
    organisation.control("fault", R"({"kind":"reject_record","count":1,"params":{"field":"Title",
        "contains":"BAD","code":"INVALID_DATA","details":{"api_name":"Title"}}})");
    abi::BatchWriter batch;
    batch.begin(abi::Op::kUpdate, id);
    batch.add(0, "BADone");
    const auto results = organisation.push("Contacts", {"Title"}, batch);
    REQUIRE(results.size() == 1);
    CHECK(results[0].status == "invalid");
    CHECK(results[0].field == "Title");
    CHECK(results[0].code == "INVALID_DATA");
}

TEST_CASE("a lost answer to a create is unknown, and the key finds what became of it",
          "[zoho][peer]") {
    Organisation organisation;
    organisation.connector.describe();
    organisation.control("fault", R"({"kind":"lost_answer","match":{"method":"POST"},"count":1})");
    abi::BatchWriter batch;
    batch.begin(abi::Op::kCreate, "", "", "uid-7");
    batch.add(0, "Lost");
    const std::string bytes(batch.bytes());
    const auto results = organisation.connector.push(test::request("Contacts", {"Last_Name"}),
                                                     abi::BatchReader(bytes));
    CHECK(results[0].status == "unknown");
    auto wanted = test::request("Contacts", {"Last_Name"});
    wanted.field = "Kontor_Id";
    wanted.values = {"uid-7"};
    organisation.connector.find(wanted);
    CHECK(organisation.host.records().size() == 1);
}

TEST_CASE("an id that is none of Zoho's is missing without being sent", "[zoho][peer]") {
    Organisation at(R"({"bulk":"never"})", {}, 60);
    const auto contacts = at.dump("Contacts", "Last_Name");
    const std::string one = contacts.begin()->first, two = contacts.rbegin()->first;
    auto wanted = test::request("Contacts", {"Last_Name"});
    wanted.ids = {"../../etc/passwd", one, "-1", "a,b", two};
    at.host.clear();
    at.connector.fetch(wanted);
    std::map<std::string, abi::Op> got;
    for (const auto& record : at.host.records()) got[record.id] = record.op;
    CHECK(got == std::map<std::string, abi::Op>{{"../../etc/passwd", abi::Op::kMissing},
                                                {"-1", abi::Op::kMissing},
                                                {"a,b", abi::Op::kMissing},
                                                {one, abi::Op::kRecord},
                                                {two, abi::Op::kRecord}});
    abi::BatchWriter batch;
    batch.begin(abi::Op::kUpdate, "1;DROP TABLE x");
    batch.add(0, "Nobody");
    batch.begin(abi::Op::kUpdate, one);
    batch.add(0, "Somebody");
    batch.begin(abi::Op::kDelete, "-1");
    const auto results = at.push("Contacts", {"Last_Name"}, batch);
    REQUIRE(results.size() == 3);
    CHECK(results[0].status == "missing");
    CHECK(results[1].status == "ok");
    CHECK(results[2].status == "missing");
    CHECK(at.dump("Contacts", "Last_Name").at(one) == "Somebody");
    CHECK(at.violations() == "");
}

TEST_CASE("what becomes visible late is read by the pull that looks back so far, else by the sweep",
          "[zoho][peer]") {
    const std::int64_t late_s = GENERATE(100, 400);
    const bool beyond = late_s > 120;
    CAPTURE(late_s);
    Organisation at(R"({"bulk":"never"})", {}, 60);
    at.pull("Contacts", {"Last_Name"});
    const std::string edited = std::next(at.mirror["Contacts"].begin(), 5)->first;
    at.host.clock_ms += 3'600'000;
    const auto late = [&](std::int64_t seconds) {
        at.control("fault", R"({"kind":"late_visible","params":{"seconds":)" +
                                std::to_string(seconds) + "}}");
    };
    late(late_s);
    at.control("create", R"({"module":"Contacts","set":{"Last_Name":"Late"}})");
    at.control("edit",
               R"({"module":"Contacts","id":")" + edited + R"(","set":{"Last_Name":"Changed"}})");
    late(0);
    const auto shown = [&] {
        std::size_t count = 0;
        for (const auto& [id, record] : at.mirror["Contacts"])
            count += test::shown(record, 0) == "Late" || test::shown(record, 0) == "Changed";
        return count;
    };
    // What is seen meanwhile moves the cursor on.
    at.host.clock_ms += (late_s - 20) * 1'000;
    at.control("create", R"({"module":"Contacts","set":{"Last_Name":"Seen"}})");
    at.pull("Contacts", {"Last_Name"});
    CHECK(shown() == 0);
    CHECK(at.mirror["Contacts"].size() == 61);
    at.host.clock_ms += 30'000;
    at.pull("Contacts", {"Last_Name"});
    CHECK(shown() == (beyond ? 0 : 2));
    if (!beyond) {
        check_equal(at);
        return;
    }
    // The sweep names the one that is not known, and another version of the one that is.
    CHECK(at.sweep("Contacts") == test::ids_of(at.dump("Contacts", "Last_Name")));
    for (const auto& record : at.host.records())
        if (record.id == edited) CHECK(record.version > at.mirror["Contacts"].at(edited).version);
}

TEST_CASE("every module is described and can be pulled", "[zoho][peer]") {
    Organisation organisation(R"({"bulk":"never"})", {{"unknown_field", "invalid"}}, 200);
    const auto streams = organisation.connector.describe();
    CHECK(streams.size() >= 15);
    for (const auto& stream : streams) {
        CAPTURE(stream.name);
        sdk::Request request;
        request.stream = stream.name;
        for (const auto& field : stream.fields) request.fields.push_back(field.name);
        organisation.host.clear();
        CHECK_NOTHROW(organisation.connector.pull(request, ""));
        std::set<std::string> pulled, listed;
        for (const auto& record : organisation.host.records())
            if (record.op == abi::Op::kRecord) pulled.insert(record.id);
        organisation.host.clear();
        CHECK(organisation.connector.list_ids(test::request(stream.name, {})));
        for (const auto& record : organisation.host.records()) listed.insert(record.id);
        CHECK(pulled == listed);
    }
    CHECK(organisation.violations() == "");
}

TEST_CASE("a converted lead stays, and says which account, contact and deal it has become",
          "[zoho][peer]") {
    const std::vector<std::string> fields{"Last_Name", "Converted__s", "Converted_Account",
                                          "Converted_Contact", "Converted_Deal"};
    Organisation at;
    at.pull("Leads", fields);
    std::string lead;
    for (const auto& [id, record] : at.mirror["Leads"])
        if (test::shown(record, 1) == "0") lead = id;
    REQUIRE_FALSE(lead.empty());
    at.host.clock_ms += 5'000;
    const auto made = sdk::parse_json(
        at.control("convert", R"({"module":"Leads","id":")" + lead + R"(","deal":"First order"})"),
        "answer");
    at.host.clock_ms += 60'000;
    at.pull("Leads", fields);
    for (const char* module : {"Accounts", "Contacts", "Deals"})
        at.pull(module, {module == std::string("Deals")      ? "Deal_Name"
                         : module == std::string("Accounts") ? "Account_Name"
                                                             : "Last_Name"});
    const auto& record = at.mirror["Leads"].at(lead);
    CHECK(test::shown(record, 1) == "1");
    CHECK(test::shown(record, 2) == made["account"].get<std::string>());
    CHECK(test::shown(record, 3) == made["contact"].get<std::string>());
    CHECK(test::shown(record, 4) == made["deal"].get<std::string>());
    CHECK(at.mirror["Accounts"].contains(test::shown(record, 2)));
    CHECK(at.mirror["Contacts"].contains(test::shown(record, 3)));
    CHECK(at.mirror["Deals"].contains(test::shown(record, 4)));
    CHECK(at.violations() == "");
}

TEST_CASE("the participants of a meeting are the list that the account has, read only",
          "[zoho][peer]") {
    for (const char* missing : {"false", "true"}) {
        CAPTURE(missing);
        Organisation at(R"({"bulk":"never"})", {{"json_type_missing", missing}}, 100);
        const auto streams = at.connector.describe();
        const auto events = std::find_if(streams.begin(), streams.end(),
                                         [](const auto& each) { return each.name == "Events"; });
        REQUIRE(events != streams.end());
        const auto field =
            std::find_if(events->fields.begin(), events->fields.end(),
                         [](const auto& each) { return each.name == "Participants"; });
        REQUIRE(field != events->fields.end());
        CHECK(field->type == "json");
        CHECK(field->read_only);
        const std::string id = at.dump("Events", "Participants").begin()->first;
        const std::string ada = R"([{"type":"email","participant":"ada@example.com","name":null,)"
                                R"("Email":"ada@example.com","invited":true,"status":"accepted"}])";
        at.control("edit", R"({"module":"Events","id":")" + id + R"(","set":{"Participants":)" +
                               ada + "}}");
        at.pull("Events", {"Event_Title", "Participants"});
        for (const auto& [each, record] : at.mirror["Events"]) {
            const std::string shown = test::shown(record, 1);
            if (each == id)
                CHECK(sdk::parse_json(shown, "shown") == sdk::parse_json(ada, "ada"));
            else
                CHECK(shown == "<null>");
        }
        CHECK(at.violations() == "");
    }
}
