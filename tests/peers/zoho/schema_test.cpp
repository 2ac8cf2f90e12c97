#include <catch2/catch.hpp>
#include <set>

#include "tests/peers/zoho/schema/message_schema.hpp"
#include "tests/peers/zoho/test_client.hpp"

using kontor::peer::zoho::TestClient;
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
    if (!schema::vendor_model_present()) {
        WARN("not run: the vendor's model is absent; answers are held against our schemas alone");
        return;
    }
    // Every answer of every other test is checked too: see response_problems(). Here: that the
    // check bites.
    TestClient client(300);
    const json list = client.get("Contacts?fields=Last_Name,Owner").json();
    CHECK(schema::vendor_problems("list_response", list).empty());
    json broken = list;
    broken["data"] = 1;
    CHECK_FALSE(schema::vendor_problems("list_response", broken).empty());
    broken = list;
    broken["info"]["count"] = "many";
    CHECK_FALSE(schema::vendor_problems("list_response", broken).empty());
    CHECK_FALSE(schema::vendor_problems("deleted_response", {{"data", 1}}).empty());
    CHECK_FALSE(schema::vendor_problems("insert_request", {{"data", {{"id", 1}}}}).empty());
    CHECK_FALSE(schema::vendor_problems("attachments_response", {{"data", {1}}}).empty());
    CHECK_FALSE(schema::vendor_problems("bulk_read_status", {{"data", "x"}}).empty());
}

namespace {

/// Every value of a message with its path, leaves and structures.
void paths_of(const json& value, const json::json_pointer& at,
              std::vector<json::json_pointer>& out) {
    if (value.is_object())
        for (const auto& [key, member] : value.items()) {
            out.push_back(at / key);
            paths_of(member, at / key, out);
        }
    if (value.is_array() && !value.empty()) {
        out.push_back(at / 0);
        paths_of(value[0], at / 0, out);
    }
}

}  // namespace

// Each answer with one value of another type, or with a key that nobody knows, must be refused.
// Records, details and the like are free in their keys: there only what has a fixed form counts.
TEST_CASE("answers that are broken anywhere are refused") {
    TestClient client(300);
    client.check_messages(false);
    const std::string id = client.add_contact({{"Last_Name", "A"}});
    const json removed = client.call("DELETE", "/crm/v8/Contacts/" + id).json();
    const std::string contact = client.get("Contacts?fields=id").json()["data"][0]["id"];
    const auto job = client.call("POST", "/crm/bulk/v8/read",
                                 json{{"query", {{"module", {{"api_name", "Deals"}}}}}}.dump());
    const std::string job_id = job.json()["data"][0]["details"]["id"];
    client.advance_s(1);
    struct Case {
        const char* kind;
        json message;
        std::set<std::string> free;  ///< keys whose content may be anything
    };
    const std::vector<Case> cases{
        {"list_response", client.get("Contacts?fields=Last_Name").json(), {"Last_Name"}},
        {"deleted_response", client.get("Contacts/deleted").json(), {}},
        {"write_response", removed, {}},
        {"count_response", client.get("Contacts/actions/count").json(), {}},
        {"error", client.get("Contacts/abc").json(), {"details"}},
        {"users_response", client.get("users?type=AllUsers").json(), {}},
        {"org_response", client.get("org").json(), {}},
        {"currencies_response", client.get("org/currencies").json(), {}},
        {"modules_response", client.get("settings/modules").json(), {}},
        {"fields_response",
         client.get("settings/fields?module=Contacts").json(),
         {"default_value"}},
        {"layouts_response",
         client.get("settings/layouts?module=Contacts").json(),
         {"default_value"}},
        {"related_lists_response", client.get("settings/related_lists?module=Contacts").json(), {}},
        {"custom_views_response", client.get("settings/custom_views?module=Contacts").json(), {}},
        {"coql_response",
         client.post("coql", {{"select_query", "select id from Contacts where id is not null"}})
             .json(),
         {}},
        {"bulk_read_created", job.json(), {}},
        {"bulk_read_status", client.call("GET", "/crm/bulk/v8/read/" + job_id).json(), {"query"}},
        {"token_response", client.token(client.refresh_form()), {}},
    };
    for (const Case& each : cases) {
        CAPTURE(each.kind);
        REQUIRE(schema::validate(each.kind, each.message) == std::vector<std::string>{});
        std::vector<json::json_pointer> paths;
        paths_of(each.message, json::json_pointer(), paths);
        for (const auto& path : paths) {
            bool open = false;
            for (auto up = path; !up.empty(); up = up.parent_pointer())
                open = open || each.free.contains(up.back());
            if (open) continue;
            CAPTURE(path.to_string());
            json broken = each.message;
            json& value = broken[path];
            value = value.is_number() ? json("text") : json(-7.5);
            CHECK_FALSE(schema::validate(each.kind, broken).empty());
            const json& holder = each.message[path.parent_pointer()];
            const bool record = holder.is_object() &&
                                path.parent_pointer().to_string() == "/data/0" &&
                                (std::string_view(each.kind) == "list_response" ||
                                 std::string_view(each.kind) == "coql_response");
            if (!holder.is_object() || record) continue;
            broken = each.message;
            broken[path.parent_pointer()]["surprise"] = 1;
            CHECK_FALSE(schema::validate(each.kind, broken).empty());
        }
    }
}

TEST_CASE("queries and bodies that the documents do not have are refused") {
    const auto bad = [](const char* method, const char* path,
                        const std::vector<std::pair<std::string, std::string>>& query,
                        const std::string& body = "") {
        return !schema::request_problems(method, path, query, body).empty();
    };
    CHECK_FALSE(bad("GET", "/crm/v8/Contacts", {{"fields", "id"}, {"per_page", "200"}}));
    CHECK(bad("GET", "/crm/v8/Contacts", {}));
    CHECK(bad("GET", "/crm/v8/Contacts", {{"fields", "id"}, {"per_page", "201"}}));
    CHECK(bad("GET", "/crm/v8/Contacts", {{"fields", "id"}, {"page", "1"}, {"page_token", "a"}}));
    CHECK(bad("GET", "/crm/v8/Contacts", {{"fields", "id"}, {"sort_by", "Last_Name"}}));
    CHECK(bad("GET", "/crm/v8/Contacts", {{"fields", "id"}, {"limit", "10"}}));
    CHECK(bad("GET", "/crm/v8/Contacts", {{"fields", "id"}, {"fields", "id"}}));
    CHECK(bad("GET", "/crm/v8/Contacts/deleted", {{"fields", "id"}}));
    CHECK(bad("GET", "/crm/v8/users", {{"type", "Everybody"}}));
    CHECK(bad("DELETE", "/crm/v8/Contacts", {{"ids", "1,x"}}));
    CHECK(bad("POST", "/crm/v8/coql", {{"x", "y"}}, R"({"select_query":"select id"})"));
    CHECK(bad("POST", "/crm/v8/Contacts", {}, "{"));
    CHECK(bad("POST", "/crm/v8/Contacts", {}, R"({"data":[]})"));
}
