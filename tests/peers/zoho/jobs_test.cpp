#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/peers/zoho/archive.hpp"
#include "tests/peers/zoho/bulk_write.hpp"
#include "tests/peers/zoho/test_client.hpp"

using nlohmann::json;
namespace zoho = kontor::peer::zoho;
using zoho::TestClient;

namespace {

zoho::Answer bulk(TestClient& client, const std::string& method, const std::string& target,
                  const json& body = nullptr) {
    return client.call(method, "/crm/bulk/v8/" + target, body.is_null() ? "" : body.dump());
}

json read_query(const json& query) {
    return {{"query", query}, {"file_type", "csv"}};
}

std::string start_read(TestClient& client, const json& query) {
    const auto answer = bulk(client, "POST", "read", read_query(query));
    REQUIRE(answer.status == 201);
    return answer.json()["data"][0]["details"]["id"];
}

std::vector<std::vector<std::string>> rows_of(const zoho::Answer& answer) {
    const auto files = zoho::read_zip(answer.text, 1U << 30);
    REQUIRE(files.size() == 1);
    return zoho::parse_csv(files[0].second, ',', 10000000);
}

}  // namespace

TEST_CASE("a bulk read goes through its states to a zipped CSV") {
    TestClient client(300);
    const std::string job = start_read(
        client, {{"module", {{"api_name", "Contacts"}}}, {"fields", {"Last_Name", "Interests"}}});
    const auto state = [&] {
        return bulk(client, "GET", "read/" + job).json()["data"][0]["state"].get<std::string>();
    };
    CHECK(state() == "ADDED");
    client.advance_ms(100);
    CHECK(state() == "QUEUED");
    client.advance_ms(100);
    CHECK(state() == "IN PROGRESS");
    CHECK(bulk(client, "GET", "read/" + job + "/result").status == 400);
    client.advance_ms(100);
    CHECK(state() == "COMPLETED");
    const auto rows = rows_of(bulk(client, "GET", "read/" + job + "/result"));
    CHECK(rows.size() == 301);
    CHECK(rows[0] == std::vector<std::string>{"id", "Last_Name", "Interests"});
    CHECK(bulk(client, "GET", "read/4108880000000000001").status == 404);
    client.advance_s(86401);
    client.refresh();
    CHECK(bulk(client, "GET", "read/" + job + "/result").status == 404);
}

TEST_CASE("bulk reads come in pages, with criteria, and may fail") {
    TestClient client(250, {{"bulk_page_size", "100"}});
    std::size_t total = 0;
    for (int page = 1; page <= 3; ++page) {
        const std::string job =
            start_read(client, {{"module", {{"api_name", "Contacts"}}}, {"page", page}});
        client.advance_s(10);
        const json result = bulk(client, "GET", "read/" + job).json()["data"][0]["result"];
        CHECK(result["more_records"] == (page < 3));
        total += result["count"].get<std::size_t>();
    }
    CHECK(total == 250);
    client.add_contact({{"Last_Name", "New, \"one\"\nline"}});
    const std::string job = start_read(client, {{"module", {{"api_name", "Contacts"}}},
                                                {"fields", {"Last_Name"}},
                                                {"criteria",
                                                 {{"field", {{"api_name", "Modified_Time"}}},
                                                  {"comparator", "greater_equal"},
                                                  {"value", "2026-11-20T00:00:00+08:00"}}}});
    client.advance_s(1);
    const auto rows = rows_of(bulk(client, "GET", "read/" + job + "/result"));
    REQUIRE(rows.size() == 2);
    CHECK(rows[1][1] == "New, \"one\"\nline");
    client.control("switch", {{"name", "bulk_fail_next"}, {"value", "1"}});
    const std::string failing = start_read(client, {{"module", {{"api_name", "Contacts"}}}});
    client.advance_s(1);
    CHECK(bulk(client, "GET", "read/" + failing).json()["data"][0]["state"] == "FAILURE");
    CHECK(bulk(client, "POST", "read", read_query({{"module", {{"api_name", "Notes"}}}}))
              .json()["code"] == "MODULE_NOT_SUPPORTED");
}

TEST_CASE("more than ten downloads a minute are refused") {
    TestClient client(10);
    const std::string job = start_read(client, {{"module", {{"api_name", "Contacts"}}}});
    client.advance_s(1);
    for (int i = 0; i < 10; ++i)
        CHECK(bulk(client, "GET", "read/" + job + "/result").status == 200);
    CHECK(bulk(client, "GET", "read/" + job + "/result").status == 429);
    client.advance_s(61);
    CHECK(bulk(client, "GET", "read/" + job + "/result").status == 200);
}

TEST_CASE("a bulk write inserts, updates and reports each row") {
    TestClient client(10);
    const std::string id = client.add_contact({{"Last_Name", "Old"}, {"Kontor_Id", "u1"}});
    const std::string csv = "Last_Name,Kontor_Id,Title\nNew,u1,CEO\nOther,u2,\n,u3,x\n";
    const std::string body =
        "--B\r\nContent-Disposition: form-data; name=\"file\"; "
        "filename=\"a.zip\"\r\n\r\n" +
        zoho::make_zip("data.csv", csv, 6) + "\r\n--B--\r\n";
    const auto upload = client.call("POST", "/crm/v8/upload", body,
                                    {{"Content-Type", "multipart/form-data; boundary=B"},
                                     {"feature", "bulk-write"},
                                     {"X-CRM-ORG", "700123456"}});
    REQUIRE(upload.status == 200);
    const json job_body{{"operation", "upsert"},
                        {"resource",
                         {{{"type", "data"},
                           {"module", {{"api_name", "Contacts"}}},
                           {"file_id", upload.json()["details"]["file_id"]},
                           {"find_by", "Kontor_Id"}}}}};
    const auto created = bulk(client, "POST", "write", job_body);
    REQUIRE(created.status == 201);
    const std::string job = created.json()["details"]["id"];
    CHECK(bulk(client, "GET", "write/" + job).json()["status"] == "ADDED");
    client.advance_s(1);
    const json done = bulk(client, "GET", "write/" + job).json();
    CHECK(done["status"] == "COMPLETED");
    const json file = done["resource"][0]["file"];
    CHECK(file["added_count"] == 1);
    CHECK(file["updated_count"] == 1);
    CHECK(file["skipped_count"] == 1);
    CHECK(client.get("Contacts/" + id).json()["data"][0]["Title"] == "CEO");
    const auto rows = rows_of(bulk(client, "GET", "write/" + job + "/result"));
    CHECK(rows[1][3] == "UPDATED");
    CHECK(rows[1][4] == id);
    CHECK(rows[3][3] == "SKIPPED");
}

TEST_CASE("a channel lives at most a week, else one hour, and its callbacks carry ids") {
    TestClient client(10);
    const auto subscribe = [&](const json& expiry) {
        json entry{{"channel_id", "1000000068001"},
                   {"events", {"Contacts.all"}},
                   {"token", "t"},
                   {"notify_url", "https://example.com/hook"}};
        if (!expiry.is_null()) entry["channel_expiry"] = expiry;
        const auto answer = client.post("actions/watch", {{"watch", {entry}}});
        CHECK(answer.status == 201);
        return answer.json()["watch"][0]["details"]["events"][0]["channel_expiry"]
            .get<std::string>();
    };
    CHECK(subscribe(nullptr) == "2026-11-20T09:00:00+08:00");
    CHECK(subscribe("2026-11-28T08:00:01+08:00") == "2026-11-20T09:00:00+08:00");
    CHECK(subscribe("2026-11-27T08:00:00+08:00") == "2026-11-27T08:00:00+08:00");
    const std::string id = client.add_contact({{"Last_Name", "A"}});
    const auto callbacks = client.peer().take_callbacks();
    REQUIRE(callbacks.size() == 1);
    const json body = json::parse(callbacks[0].body);
    CHECK(body["ids"] == json::array({id}));
    CHECK(body["operation"] == "insert");
    CHECK(client.call("DELETE", "/crm/v8/actions/watch?channel_ids=1000000068001").status == 200);
    CHECK(client.get("actions/watch").status == 204);
}
