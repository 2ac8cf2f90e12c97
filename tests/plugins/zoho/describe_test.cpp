// What the organisation has comes from its metadata, with all its known gaps.
#include <catch2/catch.hpp>

#include "tests/plugins/zoho/account.hpp"

using namespace kontor;

namespace {

const sdk::FieldSpec& field(const sdk::StreamSpec& stream, std::string_view name) {
    for (const auto& each : stream.fields)
        if (each.name == name) return each;
    throw std::runtime_error("no field " + std::string(name));
}

}  // namespace

TEST_CASE("modules become streams", "[zoho]") {
    test::Account account(R"({"modules":["Contacts","Leads","users"]})");
    account.on("GET /crm/v8/settings/modules", test::json(R"({"modules":[
        {"api_name":"Contacts","plural_label":"Contacts","generated_type":"default","api_supported":true},
        {"api_name":"Leads","plural_label":"Leads","generated_type":"default","api_supported":true},
        {"api_name":"Deals","generated_type":"default","api_supported":true},
        {"api_name":"Machines","plural_label":"Machines","generated_type":"custom","api_supported":true,
         "creatable":false},
        {"api_name":"Rows","generated_type":"subform","api_supported":true},
        {"api_name":"Hidden","generated_type":"custom","api_supported":false}]})"));
    account.on("GET /crm/v8/settings/fields", [](const test::FakeRequest& asked) {
        if (asked.query.at("module") == "Leads") return test::refused(403, "NO_PERMISSION");
        return test::json(test::contact_fields());
    });
    const auto streams = account.connector->describe();
    REQUIRE(streams.size() == 3);
    CHECK(streams[0].name == "Contacts");
    CHECK(streams[0].entity_hint == "contact");
    CHECK(streams[0].label.zh == "联系人");
    CHECK(streams[0].capabilities.key_field == "Kontor_Id");
    CHECK(streams[0].capabilities.deleted_feed);
    CHECK(streams[1].name == "Machines");
    CHECK(streams[1].custom);
    CHECK(streams[1].entity_hint.empty());
    CHECK_FALSE(streams[1].capabilities.create);
    CHECK(streams[2].name == "users");
    CHECK_FALSE(streams[2].capabilities.update);
    CHECK(account.host.logs.size() == 1);  // Leads was left out, and that was said
}

TEST_CASE("fields keep what Zoho says of them", "[zoho]") {
    test::Account account(R"({"modules":["Contacts"]})");
    account.on("GET /crm/v8/settings/modules",
               test::json(R"({"modules":[{"api_name":"Contacts","generated_type":"default"}]})"));
    account.on("GET /crm/v8/settings/fields", test::json(test::contact_fields(R"(
        {"api_name":"Strange","data_type":"hologram"},
        {"api_name":"Total","data_type":"formula","formula":{"return_type":"currency"}},
        {"api_name":"No","data_type":"autonumber"},
        {"api_name":"Guests","data_type":"bigint","json_type":"jsonarray"},
        {"api_name":"Number","data_type":"bigint","json_type":null},
        {"api_name":"Bio","data_type":"textarea","textarea":{"type":"rich_text"},"length":50000},
        {"api_name":"Items","data_type":"subform","subform":{"module":"Rows"}},
        {"api_name":"Once","data_type":"text","operation_type":{"api_create":true,"api_update":false}},
        {"api_name":"Last_Name","data_type":"text"})")));
    const auto streams = account.connector->describe();
    REQUIRE(streams.size() == 1);
    const auto& contacts = streams[0];
    CHECK(contacts.fields.size() == 22);  // without id, Last_Name once
    CHECK(field(contacts, "Last_Name").required);
    CHECK(field(contacts, "Last_Name").max_length == 80);
    CHECK(field(contacts, "Last_Name").column_hint == "last_name");
    CHECK(field(contacts, "Email").type == "email");
    CHECK(field(contacts, "Account_Name").references == std::vector<std::string>{"Accounts"});
    CHECK(field(contacts, "Account_Name").column_hint == "account_id");
    CHECK(field(contacts, "Owner").references == std::vector<std::string>{"users"});
    CHECK(field(contacts, "Modified_Time").read_only);
    CHECK(field(contacts, "Modified_Time").column_hint == "remote_modified_at");
    CHECK(field(contacts, "Score").type == "decimal");
    CHECK(field(contacts, "Score").scale == 4);
    CHECK(field(contacts, "Mailing_Street").group == "mailing_address");
    REQUIRE(field(contacts, "Lead_Source").choices.size() == 2);
    CHECK(field(contacts, "Lead_Source").choices[0].value == "web_site");
    CHECK(field(contacts, "Lead_Source").choices[0].label == "Web");
    CHECK(field(contacts, "Strange").type == "json");
    CHECK(field(contacts, "Strange").read_only);
    CHECK(field(contacts, "Total").type == "decimal");
    CHECK(field(contacts, "Total").read_only);
    CHECK(field(contacts, "No").read_only);
    CHECK(field(contacts, "Guests").type == "json");
    CHECK(field(contacts, "Number").type == "integer");
    CHECK(field(contacts, "Bio").may_be_cut);
    CHECK(field(contacts, "Items").type == "json");
    CHECK(field(contacts, "Once").create_only);
    CHECK(field(contacts, "Kontor_Id").unique);
}

TEST_CASE("the external-id field counts only if it is unique there", "[zoho]") {
    test::Account account(R"({"modules":["Contacts"],"external_id_field":"Email"})");
    account.on("GET /crm/v8/settings/modules",
               test::json(R"({"modules":[{"api_name":"Contacts","generated_type":"default"}]})"));
    CHECK(account.connector->describe()[0].capabilities.key_field.empty());
}
