#include <catch2/catch.hpp>
#include <set>

#include "tests/peers/zoho/test_client.hpp"

using nlohmann::json;
namespace zoho = kontor::peer::zoho;
using zoho::TestClient;

namespace {

/// Follows page tokens to the end; calls `between` after every page.
template <typename Between>
std::vector<std::string> scan(TestClient& client, const std::string& target,
                              const Between& between) {
    std::vector<std::string> ids;
    std::string token;
    for (int pages = 0; pages < 1000; ++pages) {
        const auto answer = client.get(target + (token.empty() ? "" : "&page_token=" + token));
        if (answer.status == 204) break;
        REQUIRE(answer.status == 200);
        const json body = answer.json();
        for (const auto& record : body["data"]) ids.push_back(record["id"]);
        if (!body["info"]["more_records"].get<bool>()) break;
        token = body["info"]["next_page_token"];
        between();
    }
    return ids;
}

std::string code_of(const zoho::Answer& answer) {
    return answer.json().at("code");
}

}  // namespace

TEST_CASE("fields are mandatory and at most fifty") {
    TestClient client(50);
    CHECK(code_of(client.get("Contacts")) == "REQUIRED_PARAM_MISSING");
    std::string many = "id";
    for (int i = 0; i < 50; ++i) many += ",Last_Name";
    CHECK(code_of(client.get("Contacts?fields=" + many)) == "LIMIT_EXCEEDED");
    CHECK(client.get("Contacts?fields=Last_Name&").status == 200);
}

TEST_CASE("page tokens walk through every record once, in falling id order") {
    TestClient client(1000);
    const auto ids = scan(client, "Contacts?fields=Last_Name&per_page=70", [] {});
    CHECK(ids.size() == 1000);
    CHECK(std::is_sorted(ids.rbegin(), ids.rend()));
    CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == 1000);
}

TEST_CASE("sorting by Modified_Time visits everything in both directions") {
    TestClient client(700);
    client.control("bulk_edit",
                   {{"module", "Contacts"}, {"count", 300}, {"set", {{"Title", "x"}}}});
    for (const std::string order : {"asc", "desc"}) {
        const auto ids = scan(
            client, "Contacts?fields=id&per_page=150&sort_by=Modified_Time&sort_order=" + order,
            [] {});
        CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == 700);
    }
}

TEST_CASE("pages by number end at 2,000 records") {
    TestClient client(2500);
    CHECK(client.get("Contacts?fields=id&page=10").status == 200);
    const auto wall = client.get("Contacts?fields=id&page=11");
    CHECK(wall.status == 400);
    CHECK(wall.json()["code"] == "DISCRETE_PAGINATION_LIMIT_EXCEEDED");
    CHECK(wall.json()["details"]["limit"] == 2000);
}

TEST_CASE("a page token is bound to its request and expires") {
    TestClient client(500);
    const std::string token = client.get("Contacts?fields=id").json()["info"]["next_page_token"];
    CHECK(code_of(client.get("Contacts?fields=id,Email&page_token=" + token)) ==
          "TOKEN_BOUND_DATA_MISMATCH");
    CHECK(code_of(client.get("Contacts?fields=id&page=2&page_token=" + token)) ==
          "AMBIGUITY_DURING_PROCESSING");
    client.advance_s(86401);
    client.refresh();
    CHECK(code_of(client.get("Contacts?fields=id&page_token=" + token)) == "EXPIRED_VALUE");
}

TEST_CASE("page tokens end at 100,000 records unless the switch is off") {
    TestClient client(100400, {{"credits_limit", "false"}});
    std::string token;
    int status = 200;
    int pages = 0;
    while (status == 200 && pages < 600) {
        const auto answer =
            client.get("Contacts?fields=id" + (token.empty() ? "" : "&page_token=" + token));
        status = answer.status;
        if (status != 200) {
            CHECK(code_of(answer) == "PAGINATION_LIMIT_EXCEEDED");
            break;
        }
        ++pages;
        token = answer.json()["info"]["next_page_token"];
    }
    CHECK(pages == 500);
    client.control("switch", {{"name", "wall_100000"}, {"value", "false"}});
    CHECK(client.get("Contacts?fields=id&page_token=" + token).status == 200);
}

TEST_CASE("position tokens skip a record when one before them vanishes") {
    for (const std::string mode : {"position", "key"}) {
        TestClient client(600, {{"page_token_mode", mode}});
        bool deleted = false;
        const std::string newest =
            client.get("Contacts?fields=id&per_page=1").json()["data"][0]["id"];
        const auto ids = scan(client, "Contacts?fields=id", [&] {
            if (!deleted) client.control("delete", {{"module", "Contacts"}, {"id", newest}});
            deleted = true;
        });
        CHECK(ids.size() == (mode == "key" ? 600 : 599));
    }
}

TEST_CASE("If-Modified-Since gives 304 without anything newer") {
    TestClient client(100);
    const kontor::peer::Headers since{{"If-Modified-Since", "2026-11-19T08:00:00+08:00"}};
    CHECK(client.get("Contacts?fields=id", since).status == 304);
    const std::string id = client.add_contact({{"Last_Name", "新"}});
    const auto answer = client.get("Contacts?fields=id,Modified_Time", since);
    REQUIRE(answer.status == 200);
    CHECK(answer.json()["data"].size() == 1);
    CHECK(answer.json()["data"][0]["id"] == id);
    CHECK(client.get("Contacts?fields=id", {{"If-Modified-Since", "yesterday"}}).status == 400);
}

TEST_CASE("converted leads are hidden by default") {
    TestClient client(2000);
    const auto all = scan(client, "Leads?fields=id&converted=both", [] {});
    const auto open = scan(client, "Leads?fields=id", [] {});
    const auto converted = scan(client, "Leads?fields=id&converted=true", [] {});
    CHECK(all.size() == 500);
    CHECK(open.size() + converted.size() == all.size());
    CHECK(converted.size() > 20);
}

TEST_CASE("times are in the user's zone, with daylight saving") {
    TestClient client(10, {{"user_zone", "America/New_York"}});
    client.control("create", {{"module", "Contacts"}, {"set", {{"Last_Name", "a"}}}});
    const auto time = [&] {
        return client.get("Contacts?fields=Modified_Time&per_page=1")
            .json()["data"][0]["Modified_Time"]
            .get<std::string>();
    };
    CHECK(time() == "2026-11-19T19:00:00-05:00");
    client.advance_s(200 * 86400);
    client.refresh();
    client.control("create", {{"module", "Contacts"}, {"set", {{"Last_Name", "b"}}}});
    CHECK(time().substr(19) == "-04:00");
}

TEST_CASE("a single record comes with all fields, an unknown one as 204") {
    TestClient client(10);
    const std::string id = client.get("Contacts?fields=id").json()["data"][0]["id"];
    const json record = client.get("Contacts/" + id).json()["data"][0];
    CHECK(record["id"] == id);
    CHECK(record.contains("Lifetime_Value"));
    CHECK(record["Owner"].contains("email"));
    CHECK(client.get("Contacts/4108880020009999999").status == 204);
    client.control("switch", {{"name", "missing_record"}, {"value", "400"}});
    CHECK(client.get("Contacts/4108880020009999999").status == 400);
}

TEST_CASE("the deleted feed shows recycle bin and permanent deletions for their time") {
    TestClient client(100);
    CHECK(client.get("Contacts/deleted").status == 204);
    const json ids = client.get("Contacts?fields=id").json()["data"];
    client.control("delete", {{"module", "Contacts"}, {"id", ids[0]["id"]}});
    client.control("delete", {{"module", "Contacts"}, {"id", ids[1]["id"]}, {"permanent", true}});
    json feed = client.get("Contacts/deleted?type=all").json();
    REQUIRE(feed["data"].size() == 2);
    for (const auto& entry : feed["data"])
        CHECK(entry["deleted_by"].is_null() == (entry["type"] == "permanent"));
    CHECK(client.get("Contacts/deleted?type=recycle").json()["data"].size() == 1);
    client.control("restore", {{"module", "Contacts"}, {"id", ids[0]["id"]}});
    CHECK(client.get("Contacts/deleted").json()["data"].size() == 1);
    client.advance_s(121 * 86400);
    client.refresh();
    CHECK(client.get("Contacts/deleted").status == 204);
}

TEST_CASE("COQL walks by Modified_Time and by id, and reports errors") {
    TestClient client(1000);
    const auto run = [&](const std::string& query) {
        return client.post("coql", {{"select_query", query}});
    };
    const json page = run("select Last_Name, Account_Name.Account_Name from Contacts where "
                          "(Modified_Time >= '2019-01-01T00:00:00+08:00') order by Modified_Time "
                          "asc, id asc limit 0, 500")
                          .json();
    CHECK(page["data"].size() == 500);
    CHECK(page["info"]["more_records"] == true);
    std::set<std::string> seen;
    std::string last = "0";
    while (true) {
        const auto answer =
            run("select id from Contacts where id > '" + last + "' order by id asc limit 300");
        if (answer.status == 204) break;
        const json data = answer.json()["data"];
        for (const auto& record : data) seen.insert(record["id"]);
        last = data.back()["id"];
    }
    CHECK(seen.size() == 1000);
    CHECK(code_of(run("select from Contacts")) == "SYNTAX_ERROR");
    CHECK(code_of(run("select Nope from Contacts where id is not null")) == "INVALID_QUERY");
    CHECK(code_of(run("select id from Contacts where id is not null limit 2001")) ==
          "LIMIT_EXCEEDED");
    CHECK(code_of(run("select id from Contacts where a = 1 and b = 2 and c = 3")) ==
          "INVALID_QUERY");
    CHECK(code_of(run("select id from Contacts where Last_Name = 'a' and City = 2 or")) ==
          "INVALID_QUERY");
    CHECK(run("select id from Contacts where Last_Name = '没有此人'").status == 204);
}

TEST_CASE("search understands criteria") {
    TestClient client(100);
    client.add_contact({{"Last_Name", "Quixote"}, {"First_Name", "Don"}});
    const auto answer = client.get(
        "Contacts/search?criteria=((Last_Name:equals:quixote)and(First_Name:starts_with:D))");
    REQUIRE(answer.status == 200);
    CHECK(answer.json()["data"].size() == 1);
    CHECK(client.get("Contacts/search?word=Quixote").status == 200);
    CHECK(client.get("Contacts/search?criteria=(Last_Name").status == 400);
}

TEST_CASE("metadata describes every module and field") {
    TestClient client(10);
    const json modules = client.get("settings/modules").json()["modules"];
    CHECK(modules.size() > 20);
    for (const auto& module : modules) {
        if (!module["api_supported"].get<bool>()) continue;
        const std::string name = module["api_name"];
        const json fields = client.get("settings/fields?module=" + name).json()["fields"];
        CHECK(fields.size() > 5);
        CHECK(client.get("settings/layouts?module=" + name).status == 200);
    }
    CHECK(client.get("users?type=ActiveUsers").json()["users"].size() == 4);
    CHECK(client.get("org").json()["org"][0]["zgid"].is_string());
    CHECK(client.get("org/currencies").json()["currencies"].size() == 3);
    CHECK(client.get("settings/related_lists?module=Accounts").status == 200);
}
