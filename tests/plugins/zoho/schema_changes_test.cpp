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
