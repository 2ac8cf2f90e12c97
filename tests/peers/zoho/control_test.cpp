#include <catch2/catch.hpp>
#include <sstream>

#include "tests/peers/zoho/test_client.hpp"

using nlohmann::json;
namespace zoho = kontor::peer::zoho;
using zoho::TestClient;

namespace {

std::size_t lines_of(const std::string& text) {
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("the same seed gives the same data") {
    TestClient one(50);
    TestClient two(50);
    const std::string dump = one.call("GET", "/_control/dump?module=Contacts").text;
    CHECK(lines_of(dump) == 50);
    CHECK(dump == two.call("GET", "/_control/dump?module=Contacts").text);
}

TEST_CASE("wire faults hit what they match, as often as told, and spare the control side") {
    TestClient client(50);
    const auto fault = [&](const json& body) { client.control("fault", body); };
    client.check_messages(false);
    fault({{"kind", "status"},
           {"count", 2},
           {"match", {{"method", "GET"}, {"path_prefix", "/crm/v8/Contacts"}}},
           {"params", {{"status", 429}, {"retry_after", 7}}}});
    CHECK(client.get("Accounts?fields=id").status == 200);
    const auto limited = client.get("Contacts?fields=id");
    CHECK(limited.status == 429);
    CHECK(kontor::peer::find_header(limited.headers, "Retry-After") == "7");
    CHECK(client.get("Contacts?fields=id").status == 429);
    CHECK(client.get("Contacts?fields=id").status == 200);
    fault({{"kind", "html_200"}});
    CHECK(client.get("Contacts?fields=id").text.starts_with("<!DOCTYPE"));
    fault({{"kind", "malformed_json"}});
    CHECK_FALSE(json::accept(client.get("Contacts?fields=id").text));
    fault({{"kind", "truncate_body"}});
    CHECK(client.get("Contacts?fields=id").delivery == kontor::peer::Delivery::truncate);
    fault({{"kind", "unknown_field"}});
    CHECK(client.get("Contacts?fields=id").json()["surprise"] == true);
    fault({{"kind", "big_json"}, {"params", {{"shape", "utf8"}}}});
    CHECK_FALSE(json::accept(client.get("Contacts?fields=id").text));
    fault({{"kind", "drop_before"}, {"probability", 1.0}});
    CHECK(client.get("Contacts?fields=id").delivery == kontor::peer::Delivery::drop);
    CHECK(client.call("GET", "/_control/count").status == 200);
    client.call("DELETE", "/_control/fault");
    CHECK(client.get("Contacts?fields=id").delivery == kontor::peer::Delivery::normal);
}

TEST_CASE("an order with a member that nobody reads is refused by its name") {
    TestClient client(10);
    const auto refused = [&](const std::string& order, const json& body) {
        const auto answer = client.call("POST", "/_control/" + order, body.dump());
        CHECK(answer.status == 400);
        return answer.json()["error"].get<std::string>();
    };
    const auto fault = [&](const json& body) { return refused("fault", body); };
    CHECK(fault({{"kind", "latency"}, {"params", {{"latency_ms", 300}}}}) ==
          "latency takes no 'latency_ms'");
    fault({{"kind", "latency"}});
    CHECK(fault({{"kind", "html_200"}, {"params", {{"status", 503}}}}) ==
          "html_200 takes no 'status'");
    CHECK(fault({{"kind", "html_200"}, {"match", {{"path", "/crm"}}}}) == "match takes no 'path'");
    CHECK(fault({{"kind", "html_200"}, {"times", 2}}) == "an order of a fault takes no 'times'");
    CHECK(fault({{"kind", "big_json"}, {"params", {{"shape", "deep"}}}}) == "unknown shape 'deep'");
    CHECK(fault({{"kind", "late_visible"}, {"count", 1}, {"params", {{"seconds", 1}}}}) ==
          "late_visible takes no 'count'");
    CHECK(fault({{"kind", "reject_record"}, {"params", {{"modul", "Contacts"}}}}) ==
          "reject_record takes no 'modul'");
    CHECK(fault({{"kind", "normalise"}, {"params", {{"field", "Phone"}, {"rule", "lowest"}}}}) ==
          "unknown rule 'lowest'");
    CHECK(fault({{"kind", "role"},
                 {"params", {{"change", "deny_write"}, {"module", "Deals"}, {"off", true}}}}) ==
          "deny_write takes no 'off'");
    CHECK(fault({{"kind", "schema"},
                 {"params",
                  {{"change", "drop"}, {"module", "Deals"}, {"field", "Stage"}, {"on", 1}}}}) ==
          "drop takes no 'on'");
    CHECK(refused("edit", {{"module", "Contacts"}, {"fields", json::object()}}) ==
          "edit takes no 'fields'");
    CHECK(refused("time", {{"seconds", 1}}) == "time takes no 'seconds'");
    CHECK(client.call("GET", "/_control/fault").json()["faults"].empty());
}

TEST_CASE("a field becomes a pick list only with values to pick") {
    TestClient client(10);
    json params{
        {"change", "retype"}, {"module", "Contacts"}, {"field", "Title"}, {"type", "picklist"}};
    const auto order = [&] {
        const json body{{"kind", "schema"}, {"params", params}};
        return client.call("POST", "/_control/fault", body.dump()).status;
    };
    CHECK(order() == 400);
    params["options"] = {"-None-"};
    CHECK(order() == 400);
    params["type"] = "multiselectpicklist";
    CHECK(order() == 400);
    CHECK(client.get("Contacts?fields=Title").status == 200);
    params["options"] = {"-None-", "Boss"};
    CHECK(order() == 200);
    CHECK(client.get("Contacts?fields=Title").status == 200);
    params["change"] = "add";
    params["field"] = "New";
    params.erase("options");
    CHECK(order() == 400);
}

TEST_CASE("a lost answer is committed") {
    TestClient client(10);
    client.control("fault", {{"kind", "lost_answer"}, {"match", {{"method", "POST"}}}});
    const auto answer = client.post("Contacts", {{"data", {{{"Last_Name", "Ghost"}}}}});
    CHECK(answer.delivery == kontor::peer::Delivery::drop);
    CHECK(client.call("GET", "/_control/count").json()["Contacts"] == 11);
}

TEST_CASE("late changes are read by id at once and listed later") {
    TestClient client(10);
    client.control("fault", {{"kind", "late_visible"}, {"params", {{"seconds", 60}}}});
    const std::string id = client.add_contact({{"Last_Name", "Late"}});
    CHECK(client.get("Contacts/" + id).status == 200);
    CHECK(client.get("Contacts?fields=id").json()["data"].size() == 10);
    client.advance_s(61);
    CHECK(client.get("Contacts?fields=id").json()["data"].size() == 11);
}

TEST_CASE("records are rejected and values normalised on order") {
    TestClient client(10);
    client.control("fault", {{"kind", "reject_record"},
                             {"count", 1},
                             {"params", {{"module", "Contacts"}, {"code", "NOT_APPROVED"}}}});
    CHECK(client.post("Contacts", {{"data", {{{"Last_Name", "A"}}}}}).json()["data"][0]["code"] ==
          "NOT_APPROVED");
    client.control("fault",
                   {{"kind", "normalise"}, {"params", {{"field", "Phone"}, {"rule", "phone"}}}});
    const std::string id = client.add_contact({{"Last_Name", "A"}, {"Phone", "021-5555"}});
    CHECK(client.get("Contacts/" + id).json()["data"][0]["Phone"] == "+86 0215555");
}

TEST_CASE("schema changes and roles show in metadata and in records") {
    TestClient client(10);
    const auto schema = [&](const json& params) {
        CHECK(client.control("fault", {{"kind", "schema"}, {"params", params}})["ok"] == true);
    };
    schema(
        {{"change", "add"}, {"module", "Contacts"}, {"field", "Shoe_Size"}, {"type", "integer"}});
    const std::string id = client.add_contact({{"Last_Name", "A"}, {"Shoe_Size", 43}});
    schema(
        {{"change", "retype"}, {"module", "Contacts"}, {"field", "Shoe_Size"}, {"type", "text"}});
    CHECK(client.get("Contacts/" + id).json()["data"][0]["Shoe_Size"] == "43");
    schema({{"change", "drop"}, {"module", "Contacts"}, {"field", "Shoe_Size"}});
    CHECK_FALSE(client.get("Contacts/" + id).json()["data"][0].contains("Shoe_Size"));
    client.control(
        "fault", {{"kind", "role"}, {"params", {{"change", "hide_module"}, {"module", "Deals"}}}});
    CHECK(client.get("Deals?fields=id").status == 403);
    client.call("DELETE", "/_control/fault");
    CHECK(client.get("Deals?fields=id").status == 200);
}

TEST_CASE("a rollback brings the past back without reusing ids") {
    TestClient client(10);
    client.control("snapshot", json::object());
    const std::string id = client.add_contact({{"Last_Name", "A"}});
    client.control("rollback", json::object());
    CHECK(client.get("Contacts/" + id).status == 204);
    CHECK(client.add_contact({{"Last_Name", "B"}}) != id);
}

TEST_CASE("merging moves references, conversion makes account and contact") {
    TestClient client(200);
    const std::string winner = client.add_contact({{"Last_Name", "W"}});
    const std::string loser = client.add_contact({{"Last_Name", "L"}});
    const std::string deal = client.get("Deals?fields=id&per_page=1").json()["data"][0]["id"];
    client.put("Deals/" + deal, {{"data", {{{"Contact_Name", {{"id", loser}}}}}}});
    client.control("merge", {{"module", "Contacts"}, {"winner", winner}, {"losers", {loser}}});
    CHECK(client.get("Deals/" + deal).json()["data"][0]["Contact_Name"]["id"] == winner);
    CHECK(client.get("Contacts/deleted").json()["data"][0]["id"] == loser);
    const std::string lead = client.get("Leads?fields=id&per_page=1").json()["data"][0]["id"];
    const json made = client.control("convert", {{"module", "Leads"}, {"id", lead}});
    CHECK(client.get("Contacts/" + made["contact"].get<std::string>()).status == 200);
    CHECK(client.get("Leads/" + lead).json()["data"][0]["Converted__s"] == true);
}

TEST_CASE("credits roll over a day and show when half are gone") {
    TestClient client(10, {{"credits_daily", "10"}});
    for (int i = 0; i < 5; ++i)
        CHECK_FALSE(
            kontor::peer::find_header(client.get("org").headers, "X-API-CREDITS-REMAINING"));
    CHECK(kontor::peer::find_header(client.get("org").headers, "X-API-CREDITS-REMAINING") == "4");
    for (int i = 0; i < 4; ++i) CHECK(client.get("org").status == 200);
    const auto over = client.get("org");
    CHECK(over.status == 429);
    CHECK(over.json()["code"] == "TOO_MANY_REQUESTS");
    client.advance_s(86401);
    client.refresh();
    CHECK(client.get("org").status == 200);
}

TEST_CASE("the log shows requests without secrets") {
    TestClient client(10);
    client.add_contact({{"Last_Name", "A"}});
    const json log = client.call("GET", "/_control/log?since=0").json();
    CHECK(log["log"].back()["written"] == 1);
    CHECK(log["log"].back()["kind"] == "insert");
    CHECK(log.dump().find(client.peer().credentials().client_secret) == std::string::npos);
    CHECK(client.call("GET", "/_control/stats").json()["requests"]["insert"] == 1);
}
