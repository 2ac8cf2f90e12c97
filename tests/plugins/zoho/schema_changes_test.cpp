// What an administrator changes at the remote is noticed by reads, not only by the daily look.
#include <catch2/catch.hpp>

#include "tests/plugins/zoho/account.hpp"
#include "tests/plugins/zoho/organisation.hpp"

using namespace kontor;
using test::Organisation;

namespace {

const std::vector<std::string> kChangedFields{"Last_Name", "WeChat_ID", "Loyalty_Points"};

void change_schema(Organisation& at, const std::string& params) {
    at.control("fault", R"({"kind":"schema","params":)" + params + "}");
}

/// What the connector says of a field now; nullptr if there is none.
const sdk::FieldSpec* described(Organisation& at, const std::string& module,
                                const std::string& name) {
    static std::vector<sdk::StreamSpec> streams;
    streams = at.connector.describe();
    for (const auto& stream : streams)
        if (stream.name == module)
            for (const auto& field : stream.fields)
                if (field.name == name) return &field;
    return nullptr;
}

void edit_some(Organisation& at) {
    at.host.clock_ms += 60'000;
    at.control("bulk_edit", R"({"module":"Contacts","count":5,"set":{"Phone":"+86 1"}})");
    at.host.clock_ms += 60'000;
}

}  // namespace

TEST_CASE("a field that is gone stops the stream and asks for new metadata", "[zoho][schema]") {
    const std::string unknown = GENERATE("ignore", "invalid");
    const std::string change = GENERATE(R"("drop")", R"("rename","to":"WeChat")");
    CAPTURE(unknown, change);
    Organisation at(R"({"bulk":"never"})", {{"unknown_field", unknown}}, 100);
    at.pull("Contacts", kChangedFields);
    change_schema(at, R"({"change":)" + change + R"(,"module":"Contacts","field":"WeChat_ID"})");
    edit_some(at);
    const std::string before = at.cursors["Contacts"];
    try {
        at.pull("Contacts", kChangedFields);
        FAIL("nothing was noticed");
    } catch (const sdk::Error& error) {
        INFO(error.what());
        const auto args = sdk::parse_json(error.args_json(), "args");
        CHECK(args["unknown_field"] == "WeChat_ID");
        CHECK(error.status() == KONTOR_E_INVALID);
    }
    CHECK(at.host.batches.empty());
    CHECK(at.cursors["Contacts"] == before);

    std::vector<std::string> described;
    for (const auto& stream : at.connector.describe())
        if (stream.name == "Contacts")
            for (const auto& field : stream.fields) described.push_back(field.name);
    CHECK(std::find(described.begin(), described.end(), "WeChat_ID") == described.end());
    at.pull("Contacts", {"Last_Name", "Loyalty_Points"});
    CHECK(at.host.records().size() == 5);
}

TEST_CASE("a field that is hidden from our role counts as gone", "[zoho][schema]") {
    Organisation at(R"({"bulk":"never"})", {}, 100);
    at.pull("Contacts", kChangedFields);
    at.control("fault", R"({"kind":"role","params":{"change":"hide_field","module":"Contacts",
                            "field":"Loyalty_Points"}})");
    edit_some(at);
    CHECK_THROWS_WITH(at.pull("Contacts", kChangedFields), Catch::Contains("Loyalty_Points"));
}

// Such pages are asked for with $se_module, and again without it should Zoho refuse that name.
TEST_CASE("a field that is gone is noticed where references may lead to any module",
          "[zoho][schema]") {
    Organisation at(R"({"bulk":"never"})", {}, 100);
    const std::vector<std::string> fields{"Note_Title", "Parent_Id"};
    at.pull("Notes", fields);
    REQUIRE_FALSE(at.mirror["Notes"].empty());
    change_schema(at, R"({"change":"drop","module":"Notes","field":"Note_Title"})");
    at.cursors["Notes"].clear();
    CHECK_THROWS_WITH(at.pull("Notes", fields), Catch::Contains("Note_Title"));
    CHECK(at.host.batches.empty());
}

TEST_CASE("a field that exists and is never shown is asked after once", "[zoho][schema]") {
    test::Account account;
    account.on("GET /crm/v8/Contacts",
               test::page(test::contact("1", "Ada", "2026-05-20T10:00:00+08:00")));
    account.on("GET /crm/v8/Contacts/actions/count", test::json(R"({"count":1})"));
    account.on("GET /crm/v8/Contacts/deleted", test::FakeResponse{204, "", {}, KONTOR_OK});
    const auto asked = test::request("Contacts", {"Last_Name", "Mailing_Street"});
    std::string cursor = account.connector->pull(asked, "");
    account.host.clear();
    account.connector->pull(asked, cursor);
    CHECK(account.asked("GET /crm/v8/settings/fields") == 0);
    CHECK(account.asked("GET /crm/v8/Contacts") == 1);
}

TEST_CASE("a module without Modified_Time is read whole every time", "[zoho][schema]") {
    Organisation at(R"({"bulk":"never"})", {}, 1000);
    change_schema(at, R"({"change":"drop","module":"Service_Visits","field":"Modified_Time"})");
    const auto all = at.dump("Service_Visits", "Name");
    for (int i = 0; i < 2; ++i) {
        at.pull("Service_Visits", {"Name"});
        CHECK(at.host.records().size() == all.size());
        CHECK(test::ids_of(at.mirror["Service_Visits"]) == test::ids_of(all));
        at.host.clock_ms += 60'000;
    }
    CHECK(at.violations() == "");
}

TEST_CASE("a value that is added to a pick list is read, listed and written", "[zoho][schema]") {
    const std::string bulk = GENERATE(R"({"bulk":"never"})", R"({"bulk":"always"})");
    Organisation at(bulk, {}, 100);
    const std::vector<std::string> fields{"Last_Name", "Customer_Level"};
    at.pull("Contacts", fields);
    const std::string theirs = at.mirror["Contacts"].begin()->first,
                      ours = std::next(at.mirror["Contacts"].begin())->first;
    abi::BatchWriter batch;
    const auto write = [&] {
        at.host.clock_ms += 5'000;
        batch.begin(abi::Op::kUpdate, ours);
        batch.add(1, "D");
        return at.push("Contacts", fields, batch).at(0);
    };
    const auto refused = write();
    CHECK(refused.status == "invalid");
    CHECK(refused.field == "Customer_Level");
    change_schema(at, R"({"change":"add_value","module":"Contacts","field":"Customer_Level",
                          "value":"D"})");
    at.control("edit",
               R"({"module":"Contacts","id":")" + theirs + R"(","set":{"Customer_Level":"D"}})");
    CHECK(write().status == "ok");
    at.host.clock_ms += 60'000;
    at.pull("Contacts", fields);
    CHECK(test::shown(at.mirror["Contacts"].at(theirs), 1) == "D");
    CHECK(test::shown(at.mirror["Contacts"].at(ours), 1) == "D");
    const auto* level = described(at, "Contacts", "Customer_Level");
    REQUIRE(level != nullptr);
    CHECK(std::any_of(level->choices.begin(), level->choices.end(),
                      [](const auto& each) { return each.value == "D"; }));
    CHECK(at.violations() == "");
}

TEST_CASE("a field that becomes mandatory is named where it lacks", "[zoho][schema]") {
    Organisation at(R"({"bulk":"never"})", {}, 100);
    at.pull("Contacts", {"Last_Name", "Title"});
    CHECK_FALSE(described(at, "Contacts", "Title")->required);
    change_schema(at, R"({"change":"mandatory","module":"Contacts","field":"Title"})");
    abi::BatchWriter batch;
    batch.begin(abi::Op::kCreate, "", "", "uid-1");
    batch.add(0, "Nobody");
    batch.begin(abi::Op::kUpdate, at.mirror["Contacts"].begin()->first);
    batch.add_null(1);
    batch.begin(abi::Op::kCreate, "", "", "uid-2");
    batch.add(0, "Somebody");
    batch.add(1, "Boss");
    const auto results = at.push("Contacts", {"Last_Name", "Title"}, batch);
    REQUIRE(results.size() == 3);
    for (const int i : {0, 1}) {
        CAPTURE(i);
        CHECK(results[i].status == "invalid");
        CHECK(results[i].code == "MANDATORY_NOT_FOUND");
        CHECK(results[i].field == "Title");
    }
    CHECK(results[2].status == "ok");
    CHECK(described(at, "Contacts", "Title")->required);
    CHECK(at.violations() == "");
}

TEST_CASE("a field of another type is read as it is now, and written once its type is known",
          "[zoho][schema]") {
    Organisation at(R"({"bulk":"never"})", {}, 100);
    at.pull("Contacts", kChangedFields);
    auto with_points = at.mirror["Contacts"].begin();
    while (test::shown(with_points->second, 2) == "<null>") ++with_points;
    const std::string id = with_points->first, points = test::shown(with_points->second, 2);
    change_schema(at, R"({"change":"retype","module":"Contacts","field":"Loyalty_Points",
                          "type":"text"})");
    const auto edit = [&](const std::string& set) {
        at.host.clock_ms += 60'000;
        at.control("edit", R"({"module":"Contacts","id":")" + id + R"(","set":)" + set + "}");
        at.host.clock_ms += 60'000;
        at.pull("Contacts", kChangedFields);
        return test::shown(at.mirror["Contacts"].at(id), 2);
    };
    CHECK(edit(R"({"Title":"Boss"})") == points);
    CHECK(edit(R"({"Loyalty_Points":"many"})") == "many");
    CHECK(described(at, "Contacts", "Loyalty_Points")->type == "text");
    abi::BatchWriter batch;
    batch.begin(abi::Op::kUpdate, id);
    batch.add(2, "none");
    CHECK(at.push("Contacts", kChangedFields, batch).at(0).status == "ok");
    CHECK(at.dump("Contacts", "Loyalty_Points").at(id) == "none");
    CHECK(edit(R"({"Loyalty_Points":"few"})") == "few");

    // And back: what is no number is none at the account.
    change_schema(at, R"({"change":"retype","module":"Contacts","field":"Loyalty_Points",
                          "type":"integer","length":9})");
    CHECK(edit(R"({"Title":"Chief"})") == "<null>");
    CHECK(edit(R"({"Loyalty_Points":7})") == "7");
    CHECK(described(at, "Contacts", "Loyalty_Points")->type == "integer");
    CHECK(edit(R"({"Loyalty_Points":8})") == "8");
    CHECK(at.violations() == "");
}

TEST_CASE("a role that may no longer write is told for each record, and reads go on",
          "[zoho][schema]") {
    Organisation at(R"({"bulk":"never"})", {}, 100);
    at.pull("Deals", {"Deal_Name"});
    const std::string id = at.mirror["Deals"].begin()->first;
    at.control("fault", R"({"kind":"role","params":{"change":"deny_write","module":"Deals"}})");
    abi::BatchWriter batch;
    batch.begin(abi::Op::kUpdate, id);
    batch.add(0, "Ours");
    batch.begin(abi::Op::kDelete, id);
    batch.begin(abi::Op::kCreate, "", "", "uid-1");
    batch.add(0, "New");
    batch.add(1, "Qualification");
    const std::vector<std::string> fields{"Deal_Name", "Stage"};
    for (const auto& result : at.push("Deals", fields, batch)) {
        CHECK(result.status == "forbidden");
        CHECK(result.code == "NO_PERMISSION");
    }
    at.pull("Deals", {"Deal_Name"});
    for (const auto& stream : at.connector.describe())
        if (stream.name == "Deals") CHECK_FALSE(stream.capabilities.update);
    at.control("fault", R"({"kind":"role","params":{"change":"deny_write","module":"Deals",
                            "on":false}})");
    batch.begin(abi::Op::kUpdate, id);
    batch.add(0, "Ours");
    CHECK(at.push("Deals", fields, batch).at(0).status == "ok");
    CHECK(at.violations() == "");
}

TEST_CASE("what a layout rule demands is named, and the record passes once it is there",
          "[zoho][schema]") {
    Organisation at(R"({"bulk":"never"})", {{"layout_rules", "always"}}, 100);
    at.control("fault", R"({"kind":"layout_rule","params":{"module":"Deals","when_field":"Stage",
        "equals":"Closed Lost","field":"Reason_For_Loss__s","name":"Why lost"}})");
    const std::vector<std::string> fields{"Deal_Name", "Stage", "Reason_For_Loss__s"};
    const std::string id = at.dump("Deals", "Deal_Name").begin()->first;
    abi::BatchWriter batch;
    batch.begin(abi::Op::kUpdate, id);
    batch.add(1, "Closed Lost");
    batch.begin(abi::Op::kCreate, "", "", "uid-1");
    batch.add(0, "Fine");
    batch.add(1, "Qualification");
    auto results = at.push("Deals", fields, batch);
    REQUIRE(results.size() == 2);
    CHECK(results[0].status == "invalid");
    CHECK(results[0].code == "MANDATORY_NOT_FOUND");
    CHECK(results[0].field == "Reason_For_Loss__s");
    CHECK(results[1].status == "ok");
    batch.begin(abi::Op::kUpdate, id);
    batch.add(1, "Closed Lost");
    batch.add(2, "Price");
    CHECK(at.push("Deals", fields, batch).at(0).status == "ok");
    CHECK(at.dump("Deals", "Stage").at(id) == "Closed Lost");
    CHECK(at.violations() == "");
}

TEST_CASE("a module that is hidden from our role is told from a broken one", "[zoho][schema]") {
    Organisation at(R"({"bulk":"never"})", {}, 100);
    at.pull("Deals", {"Deal_Name"});
    at.control("fault", R"({"kind":"role","params":{"change":"hide_module","module":"Deals"}})");
    try {
        at.pull("Deals", {"Deal_Name"});
        FAIL("nothing was noticed");
    } catch (const sdk::Error& error) {
        CHECK(error.status() == KONTOR_E_PERMISSION);
    }
    for (const auto& stream : at.connector.describe()) CHECK(stream.name != "Deals");
}

TEST_CASE("a scope that is missing is told from a token that has died", "[zoho][schema]") {
    Organisation at(R"({"bulk":"never"})", {}, 100);
    at.control("scope", R"({"scope":"ZohoCRM.modules.contacts.READ,ZohoCRM.settings.READ"})");
    at.control("fault", R"({"kind":"expire_access_tokens"})");
    at.pull("Contacts", {"Last_Name"});
    CHECK(at.mirror["Contacts"].size() == 100);
    try {
        at.pull("Deals", {"Deal_Name"});
        FAIL("nothing was noticed");
    } catch (const sdk::Error& error) {
        INFO(error.what());
        CHECK(error.status() == KONTOR_E_PERMISSION);
        CHECK(std::string(error.what()).find("OAUTH_SCOPE_MISMATCH") != std::string::npos);
    }
}
