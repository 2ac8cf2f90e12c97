#include <catch2/catch.hpp>

#include "tests/peers/zoho/test_client.hpp"

using nlohmann::json;
namespace zoho = kontor::peer::zoho;
using zoho::TestClient;

namespace {

json insert_one(TestClient& client, const json& record) {
    return client.post("Contacts", {{"data", {record}}}).json()["data"][0];
}

}  // namespace

TEST_CASE("results are positional and the status tells how many succeeded") {
    TestClient client(10);
    const auto mixed = client.post(
        "Contacts",
        {{"data", {{{"Last_Name", "A"}}, {{"First_Name", "B"}}, {{"Last_Name", "C"}}}}});
    CHECK(mixed.status == 207);
    const json data = mixed.json()["data"];
    CHECK(data[0]["code"] == "SUCCESS");
    CHECK(data[1]["code"] == "MANDATORY_NOT_FOUND");
    CHECK(data[1]["details"]["json_path"] == "$.data[1].Last_Name");
    CHECK(data[2]["code"] == "SUCCESS");
    CHECK(client.post("Contacts", {{"data", {{{"Last_Name", "A"}}}}}).status == 201);
    CHECK(client.post("Contacts", {{"data", {{{"First_Name", "A"}}}}}).status == 400);
    client.control("switch", {{"name", "all_failed_status"}, {"value", "202"}});
    CHECK(client.post("Contacts", {{"data", {{{"First_Name", "A"}}}}}).status == 202);
}

TEST_CASE("values are validated by type") {
    TestClient client(10);
    const auto details = [&](const char* field, const json& value) {
        const json result = insert_one(client, {{"Last_Name", "A"}, {field, value}});
        CHECK(result["code"] == "INVALID_DATA");
        CHECK(result["details"]["api_name"] == field);
        return result["details"];
    };
    CHECK(details("Title", std::string(101, 'x'))["maximum_length"] == 100);
    CHECK(details("Customer_Level", "Z")["supported_values"].size() == 4);
    CHECK(details("Email", "nobody")["expected_data_type"] == "email");
    CHECK(details("Date_of_Birth", "1.2.1990")["expected_data_type"] == "date");
    CHECK(details("Last_Visit_At", "2026-01-01")["expected_data_type"] == "datetime");
    CHECK(details("Loyalty_Points", 1.5)["expected_data_type"] == "integer");
    CHECK(details("Newsletter", "yes")["expected_data_type"] == "boolean");
    CHECK(details("Account_Name", "Acme")["expected_data_type"] == "jsonobject");
    CHECK(details("Account_Name", {{"id", "4108880039999999999"}})["id"] == "4108880039999999999");
    const json both = insert_one(client, {{"Title", 1}, {"Newsletter", 2}});
    CHECK(both["code"] == "MULTIPLE_OR_MULTI_ERRORS");
    CHECK(both["details"]["errors"].size() == 3);
}

TEST_CASE("unique fields refuse duplicates and upsert finds by them") {
    TestClient client(10);
    const std::string id = client.add_contact({{"Last_Name", "A"}, {"Kontor_Id", "k-1"}});
    const json twice = insert_one(client, {{"Last_Name", "B"}, {"Kontor_Id", "K-1"}});
    CHECK(twice["code"] == "DUPLICATE_DATA");
    CHECK(twice["details"]["id"] == id);
    CHECK(twice["details"]["duplicate_record"]["module"]["api_name"] == "Contacts");
    const auto upsert = client.post(
        "Contacts/upsert",
        {{"data",
          {{{"Last_Name", "C"}, {"Kontor_Id", "k-1"}}, {{"Last_Name", "D"}, {"Kontor_Id", "k-2"}}}},
         {"duplicate_check_fields", {"Kontor_Id"}}});
    CHECK(upsert.status == 200);
    const json data = upsert.json()["data"];
    CHECK(data[0]["action"] == "update");
    CHECK(data[0]["duplicate_field"] == "Kontor_Id");
    CHECK(data[0]["details"]["id"] == id);
    CHECK(data[1]["action"] == "insert");
    CHECK(data[1]["duplicate_field"].is_null());
    CHECK(client
              .post("Contacts/upsert",
                    {{"data", {{{"Last_Name", "C"}}}}, {"duplicate_check_fields", {"Title"}}})
              .status == 400);
}

TEST_CASE("records are found by an external id") {
    TestClient client(10);
    const std::string id = client.add_contact({{"Last_Name", "A"}, {"Kontor_Id", "uid-7"}});
    const kontor::peer::Headers external{{"X-EXTERNAL", "Contacts.Kontor_Id"}};
    CHECK(client.get("Contacts/uid-7", external).json()["data"][0]["id"] == id);
    CHECK(client.put("Contacts/uid-7", {{"data", {{{"Title", "t"}}}}}, external).status == 200);
    CHECK(client.call("DELETE", "/crm/v8/Contacts/uid-7", {}, external).status == 200);
    CHECK(client.get("Contacts/" + id).status == 204);
}

TEST_CASE("If-Unmodified-Since refuses to overwrite a newer record") {
    TestClient client(10);
    const std::string id = client.add_contact({{"Last_Name", "A"}});
    client.advance_s(10);
    client.control("edit", {{"module", "Contacts"}, {"id", id}, {"set", {{"Title", "theirs"}}}});
    const kontor::peer::Headers old{{"If-Unmodified-Since", "2026-11-20T08:00:05+08:00"}};
    const auto refused = client.put("Contacts/" + id, {{"data", {{{"Title", "ours"}}}}}, old);
    CHECK(refused.status == 412);
    CHECK(refused.json()["data"][0]["code"] == "ALREADY_MODIFIED");
    CHECK(refused.json()["data"][0]["details"]["Modified_Time"] == "2026-11-20T08:00:10+08:00");
    const kontor::peer::Headers fresh{{"If-Unmodified-Since", "2026-11-20T08:00:10+08:00"}};
    CHECK(client.put("Contacts/" + id, {{"data", {{{"Title", "ours"}}}}}, fresh).status == 200);
}

TEST_CASE("null clears, absent leaves alone, computed fields follow") {
    TestClient client(10);
    const std::string id =
        client.add_contact({{"Last_Name", "Li"}, {"First_Name", "Wei"}, {"Title", "CEO"}});
    client.put("Contacts", {{"data", {{{"id", id}, {"Title", nullptr}}}}});
    const json record = client.get("Contacts/" + id).json()["data"][0];
    CHECK(record["Title"].is_null());
    CHECK(record["First_Name"] == "Wei");
    CHECK(record["Full_Name"] == "Wei Li");
    CHECK(client.put("Contacts/" + id, {{"data", {{{"Last_Name", nullptr}}}}}).status == 400);
}

TEST_CASE("locked and unknown records are refused one by one") {
    TestClient client(10);
    const std::string id = client.add_contact({{"Last_Name", "A"}});
    client.control("lock", {{"module", "Contacts"}, {"id", id}});
    const auto answer = client.put(
        "Contacts",
        {{"data",
          {{{"id", id}, {"Title", "x"}}, {{"id", "4108880020009999999"}, {"Title", "x"}}}}});
    CHECK(answer.status == 400);
    CHECK(answer.json()["data"][0]["code"] == "RECORD_LOCKED");
    CHECK(answer.json()["data"][1]["code"] == "INVALID_DATA");
    CHECK(client.call("DELETE", "/crm/v8/Contacts?ids=" + id).status == 400);
}

TEST_CASE("subform rows are appended, updated and deleted by id") {
    TestClient client(200);
    const std::string quote = client.get("Quotes?fields=id&per_page=1").json()["data"][0]["id"];
    const auto rows = [&] {
        return client.get("Quotes/" + quote).json()["data"][0]["Quoted_Items"];
    };
    const json before = rows();
    const json product = before[0]["Product_Name"];
    client.put("Quotes/" + quote, {{"data",
                                    {{{"Quoted_Items",
                                       {{{"id", before[0]["id"]}, {"Quantity", 3}},
                                        {{"Product_Name", {{"id", product["id"]}}},
                                         {"Quantity", 2},
                                         {"List_Price", 5}}}}}}}});
    const json after = rows();
    CHECK(after.size() == before.size() + 1);
    CHECK(after[0]["Quantity"] == 3);
    CHECK(after.back()["Total"] == 10);
    client.put(
        "Quotes/" + quote,
        {{"data", {{{"Quoted_Items", {{{"id", after.back()["id"]}, {"_delete", nullptr}}}}}}}});
    CHECK(rows().size() == before.size());
}

TEST_CASE("automation runs unless trigger is empty") {
    TestClient client(50);
    client.control(
        "fault",
        {{"kind", "automation"},
         {"params", {{"module", "Contacts"}, {"field", "Department"}, {"value", "auto"}}}});
    const auto department = [&](const json& body) {
        const std::string id = client.post("Contacts", body).json()["data"][0]["details"]["id"];
        return client.get("Contacts/" + id).json()["data"][0]["Department"];
    };
    CHECK(department({{"data", {{{"Last_Name", "A"}}}}}) == "auto");
    CHECK(department({{"data", {{{"Last_Name", "A"}}}}, {"trigger", json::array()}}).is_null());
}

TEST_CASE("a workflow over a won deal changes its account, with a new time or without") {
    for (const char* bumps : {"true", "false"}) {
        CAPTURE(bumps);
        TestClient client(50, {{"automation", "true"}, {"automation_bumps", bumps}});
        const auto first = client.get("Accounts?fields=id").json()["data"][0];
        const std::string id = first["id"];
        const auto account = [&] { return client.get("Accounts/" + id).json()["data"][0]; };
        client.control(
            "edit", {{"module", "Accounts"}, {"id", id}, {"set", {{"Account_Type", "Partner"}}}});
        const std::string before = account()["Modified_Time"];
        client.control("time", {{"advance_s", 60}});
        const auto win = [&](const json& trigger) {
            const json deal{
                {"Deal_Name", "D"}, {"Stage", "Closed Won"}, {"Account_Name", {{"id", id}}}};
            client.post("Deals", {{"data", {deal}}, {"trigger", trigger}});
        };
        win(json::array());
        CHECK(account()["Account_Type"] == "Partner");
        win({"workflow"});
        CHECK(account()["Account_Type"] == "Customer");
        CHECK((account()["Modified_Time"] != before) == (bumps == std::string("true")));
    }
}

TEST_CASE("hostile bodies get documented errors") {
    TestClient client(10);
    const auto body = [&](const std::string& text) {
        const auto answer = client.call("POST", "/crm/v8/Contacts", text);
        CHECK(answer.status == 400);
        return answer.json()["code"].get<std::string>();
    };
    CHECK(body("") == "INVALID_DATA");
    CHECK(body("{\"data\":") == "INVALID_DATA");
    CHECK(body(std::string(200000, '[')) == "INVALID_DATA");
    CHECK(body("{\"data\":" + std::string(5000, '[') + std::string(5000, ']') + "}") ==
          "INVALID_DATA");
    CHECK(body("[]") == "INVALID_DATA");
    CHECK(body("{}") == "MANDATORY_NOT_FOUND");
    CHECK(body("{\"data\":{}}") == "INVALID_DATA");
    CHECK(client.call("POST", "/crm/v8/Contacts", "{\"data\":[1,null,\"x\"]}").status == 400);
    CHECK(client.call("GET", "/crm/v8/Nothing?fields=id").status == 400);
    CHECK(client.call("GET", "/crm/v8/Contacts/abc").status == 404);
    CHECK(client.call("GET", "/etc/passwd").status == 404);
    CHECK(client.call("PATCH", "/crm/v8/Contacts").status == 405);
    CHECK(client.call("GET", "/%00%ff?%=&&=").status == 404);
}

TEST_CASE("notes hang on their parent") {
    TestClient client(10);
    const std::string id = client.add_contact({{"Last_Name", "A"}});
    CHECK(client.post("Contacts/" + id + "/Notes", {{"data", {{{"Note_Content", "hello"}}}}})
              .status == 201);
    const json notes =
        client.get("Contacts/" + id + "/Notes?fields=Note_Content,Parent_Id").json()["data"];
    REQUIRE(notes.size() == 1);
    CHECK(notes[0]["Parent_Id"]["id"] == id);
    CHECK(notes[0]["Parent_Id"]["module"]["api_name"] == "Contacts");
}

TEST_CASE("tasks name the module of what they are about") {
    TestClient client(100);
    const std::string deal = client.get("Deals?fields=id&per_page=1").json()["data"][0]["id"];
    const json made =
        client
            .post("Tasks",
                  {{"data",
                    {{{"Subject", "call"}, {"What_Id", {{"id", deal}}}, {"$se_module", "Deals"}}}}})
            .json()["data"][0];
    const std::string id = made["details"]["id"];
    CHECK(client.get("Tasks/" + id).json()["data"][0]["$se_module"] == "Deals");
}
