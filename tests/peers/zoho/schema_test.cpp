#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/peers/zoho/schema/message_schema.hpp"
#include "tests/peers/zoho/test_client.hpp"

using kontor::peer_zoho::TestClient;
using nlohmann::json;
namespace schema = kontor::zoho_schema;

TEST_CASE("broken messages do not pass") {
    TestClient client(300);
    const json list = client.get("Contacts?fields=Last_Name,Owner").json();
    REQUIRE(schema::validate("list_response", list).empty());
    const auto broken = [&](const std::string& pointer, const json& value) {
        json copy = list;
        copy[json::json_pointer(pointer)] = value;
        return !schema::validate("list_response", copy).empty();
    };
    CHECK(broken("/data/0/id", 4108880000000001LL));
    CHECK(broken("/data/0/id", "x"));
    CHECK(broken("/data/0/Owner", "Li"));
    CHECK(broken("/data", json::array()));
    CHECK(broken("/info/more_records", "true"));
    CHECK(broken("/info/page_token_expiry", "2026-11-20T00:00:00Z"));
    CHECK(broken("/info/surprise", 1));
    CHECK(broken("/surprise", 1));
    json missing = list;
    missing["info"].erase("count");
    CHECK_FALSE(schema::validate("list_response", missing).empty());
    CHECK_FALSE(schema::validate("no_such_kind", list).empty());
    CHECK_FALSE(schema::validate("write_response", list).empty());
    CHECK_FALSE(schema::validate("insert_request", {{"data", {{{"id", "1"}}}}}).empty());
    CHECK_FALSE(schema::validate("coql_request", {{"query", "select"}}).empty());
    CHECK_FALSE(schema::validate("bulk_read_request",
                                 {{"query", {{"module", "Contacts"}}}, {"file_type", "csv"}})
                    .empty());
}

TEST_CASE("a strict peer records requests that do not fit") {
    TestClient client(10, {}, true);
    client.add_contact({{"Last_Name", "A"}});
    const auto violations = [&] {
        return client.call("GET", "/_control/violations").json()["violations"];
    };
    CHECK(violations().empty());
    client.post("Contacts", {{"data", {{{"Last_Name", "A"}}}}, {"triggers", json::array()}});
    REQUIRE(violations().size() == 1);
    CHECK(violations()[0]["kind"] == "insert_request");
}

TEST_CASE("messages fit the shapes of Zoho's own SDK model") {
    const std::string path = KONTOR_ZOHO_OAS_DIR "/zoho-crm-v8.schema.json";
    if (!std::filesystem::exists(path)) {
        WARN("not run: " << path << " is absent");
        return;
    }
    std::ifstream in(path);
    const json model = json::parse(in);
    const auto check = [&](const std::string& definition, const json& message) {
        INFO(definition);
        CHECK(schema::validate_against(model, "#/$defs/" + definition, message) ==
              std::vector<std::string>{});
    };
    TestClient client(300);
    check("record.response_wrapper", client.get("Contacts?fields=Last_Name,Owner").json());
    const json inserted = client.post("Contacts", {{"data", {{{"Last_Name", "A"}}}}}).json();
    check("record.action_wrapper", inserted);
    check("record.body_wrapper", {{"data", {{{"Last_Name", "A"}}}}, {"trigger", json::array()}});
    const std::string id = inserted["data"][0]["details"]["id"];
    client.call("DELETE", "/crm/v8/Contacts/" + id);
    check("record.deleted_records_wrapper", client.get("Contacts/deleted").json());
    check("record.api_exception", client.get("Contacts/abc").json());
    check("fields.response_wrapper", client.get("settings/fields?module=Contacts").json());
    // The model does not know modules of subforms, nor COQL's short info (so that is not checked).
    json modules = client.get("settings/modules").json();
    std::erase_if(modules["modules"].get_ref<json::array_t&>(),
                  [](const json& module) { return module["generated_type"] == "subform"; });
    check("modules.response_wrapper", modules);
    const auto job = client.call("POST", "/crm/bulk/v8/read",
                                 json{{"query", {{"module", {{"api_name", "Deals"}}}}}}.dump());
    check("bulk_read.action_wrapper", job.json());
    const std::string job_id = job.json()["data"][0]["details"]["id"];
    client.advance_s(1);
    check("bulk_read.response_wrapper", client.call("GET", "/crm/bulk/v8/read/" + job_id).json());
    CHECK_FALSE(
        schema::validate_against(model, "#/$defs/record.deleted_records_wrapper", {{"data", 1}})
            .empty());
}
