// The simulated tenant behaves as the documents say, in both settings of what they leave open.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/peers/fxiaoke/peer.hpp"

using namespace kontor;
using nlohmann::json;
using peer::fxiaoke::FxiaokePeer;
using peer::fxiaoke::PeerOptions;

namespace {

using Switches = std::vector<std::pair<std::string, std::string>>;

class Client {
public:
    explicit Client(Switches switches = {}, std::uint64_t contacts = 250)
        : peer([&] {
              PeerOptions out;
              out.contacts = contacts;
              out.switches = std::move(switches);
              out.clock_ms = [this] { return now_ms; };
              return out;
          }()) {
        token = ask_token()["accessToken"];
    }
    json raw(const std::string& path, const json& body, const peer::Headers& headers,
             const std::string& query = "?thirdTraceId=6f1c0000-0000-4000-8000-000000000000") {
        peer::Request request;
        request.method = "POST";
        request.target = path + query;
        request.headers = headers;
        request.body = body.dump();
        const auto answer = peer.handle(request);
        REQUIRE(answer.status == 200);
        return json::parse(answer.body);
    }
    json ask_token(const std::string& secret = "") {
        const auto known = peer.credentials();
        return raw("/oauth2.0/token",
                   {{"appId", known.app_id},
                    {"appSecret", secret.empty() ? known.app_secret : secret},
                    {"permanentCode", known.permanent_code},
                    {"grantType", "app_secret"}},
                   {});
    }
    json call(const std::string& path, const json& body) {
        return raw(path, body,
                   {{"authorization", "Bearer " + token},
                    {"x-fs-ea", peer.credentials().ea},
                    {"x-fs-userid", "1000"}});
    }
    json query(const std::string& object, const json& search) {
        const bool custom = object.ends_with("__c");
        return call(custom ? "/cgi/crm/custom/v2/data/query" : "/cgi/crm/v2/data/query",
                    {{"data", {{"dataObjectApiName", object}, {"search_query_info", search}}}});
    }
    json control(const std::string& name, const json& body) {
        peer::Request request;
        request.method = "POST";
        request.target = "/_control/" + name;
        request.body = body.dump();
        const auto answer = peer.handle(request);
        INFO(name << " " << answer.body);
        REQUIRE(answer.status == 200);
        return json::parse(answer.body);
    }
    std::string first(const std::string& object) {
        return query(object, {{"limit", 1}, {"offset", 0}})["data"]["dataList"][0]["_id"];
    }

    std::int64_t now_ms = 1'780'000'000'000;
    FxiaokePeer peer;
    std::string token;
};

json set(const std::string& object, json fields, bool flags = false) {
    fields["dataObjectApiName"] = object;
    json out{{"data", {{"object_data", std::move(fields)}}}};
    if (!flags) out["triggerApprovalFlow"] = out["triggerWorkFlow"] = false;
    return out;
}

}  // namespace

TEST_CASE("a token lives two hours and is given again until 6,600 s", "[fxiaoke][peer]") {
    const bool remaining = GENERATE(true, false);
    Client client(Switches{{"expiresIn", remaining ? "remaining" : "fixed"}});
    client.now_ms += 6'500'000;
    auto again = client.ask_token();
    CHECK(again["accessToken"] == client.token);
    CHECK(again["expiresIn"] == (remaining ? 700 : 7200));
    client.now_ms += 150'000;
    const auto fresh = client.ask_token();
    CHECK(fresh["accessToken"] != client.token);
    CHECK(client.call("/cgi/user/list", {{"departmentId", 999999}})["errorCode"] == 0);
    client.now_ms += 560'000;
    CHECK(client.call("/cgi/user/list", {{"departmentId", 999999}})["errorCode"] == 20016);
    CHECK(client.ask_token("wrong")["errorCode"] == 10006);
    for (int i = 0; i < 9; ++i) client.ask_token();
    CHECK(client.ask_token()["errorCode"] == 30004);
}

TEST_CASE("the generations are never mixed", "[fxiaoke][peer]") {
    Client client;
    const auto known = client.peer.credentials();
    const json body{{"departmentId", 999999}};
    CHECK(client.raw("/cgi/user/list", body, {})["errorCode"] == 20017);
    json old = client.raw("/cgi/corpAccessToken/get/V2",
                          {{"appId", known.app_id},
                           {"appSecret", known.app_secret},
                           {"permanentCode", known.permanent_code}},
                          {});
    json with_old = body;
    with_old.update({{"corpAccessToken", old["corpAccessToken"]},
                     {"corpId", old["corpId"]},
                     {"currentOpenUserId", "FSUID_A1000"}});
    CHECK(client.raw("/cgi/user/list", with_old, {})["userList"][0]["openUserId"] == "FSUID_A1000");
    with_old["corpAccessToken"] = client.token;
    CHECK(client.raw("/cgi/user/list", with_old, {})["errorCode"] == 20016);
    CHECK(client.raw("/cgi/user/list", body,
                     {{"authorization", "Bearer " + old["corpAccessToken"].get<std::string>()},
                      {"x-fs-ea", known.ea},
                      {"x-fs-userid", "1000"}})["errorCode"] == 20016);
    CHECK(client.raw("/cgi/user/list", with_old, {}, "")["errorCode"] == 10006);  // no trace id
    client.control("switch", {{"name", "trace_id_required"}, {"value", "false"}});
    with_old["corpAccessToken"] = old["corpAccessToken"];
    CHECK(client.raw("/cgi/user/list", with_old, {}, "")["errorCode"] == 0);
}

TEST_CASE("pages have 100 rows, offsets end at 10,000, ids go on for ever", "[fxiaoke][peer]") {
    Client client;
    CHECK(client.query("ContactObj", {{"limit", 101}, {"offset", 0}})["errorCode"] == 10006);
    CHECK(client.query("ContactObj", {{"limit", 100}, {"offset", 50}})["errorCode"] == 10006);
    const auto beyond = client.query("ContactObj", {{"limit", 100}, {"offset", 10'100}});
    CHECK(beyond["errorCode"] == 10013);
    CHECK(beyond["errorMessage"] == "offset out of range 10000");
    std::size_t count = 0, long_ids = 0;
    std::string last;
    for (;;) {
        json filters = json::array();
        if (!last.empty())
            filters.push_back(
                {{"field_name", "_id"}, {"operator", "GT"}, {"field_values", {last}}});
        const auto page =
            client.query("ContactObj", {{"limit", 100},
                                        {"offset", 0},
                                        {"filters", filters},
                                        {"orders", {{{"fieldName", "_id"}, {"isAsc", true}}}}});
        const auto& rows = page["data"]["dataList"];
        CHECK(page["data"]["total"] == 0);
        for (const auto& row : rows) {
            const std::string id = row["_id"];
            CHECK(id > last);
            long_ids += id.size() == 32 ? 1 : 0;
            last = id;
        }
        count += rows.size();
        if (rows.size() < 100) break;
    }
    CHECK(count == 250);
    CHECK(long_ids == 50);
}

TEST_CASE("nulls are left out unless asked for", "[fxiaoke][peer]") {
    Client client;
    const std::string id =
        client.control("create", {{"object", "AccountObj"}, {"set", {{"name", "空"}}}})["ids"][0];
    const auto shown = [&](bool nulls) {
        return client.call("/cgi/crm/v2/data/query",
                           {{"includeNull", nulls},
                            {"data",
                             {{"dataObjectApiName", "AccountObj"},
                              {"search_query_info",
                               {{"limit", 1},
                                {"offset", 0},
                                {"fieldProjection", {"_id", "tel", "owner"}},
                                {"filters",
                                 {{{"field_name", "_id"},
                                   {"operator", "EQ"},
                                   {"field_values", {id}}}}}}}}}})["data"]["dataList"][0];
    };
    CHECK_FALSE(shown(false).contains("tel"));
    CHECK(shown(true)["tel"].is_null());
    CHECK(shown(true)["owner"] == json{"1001"});
    CHECK(shown(true).contains("owner__r"));
    client.control("switch", {{"name", "include_null"}, {"value", "false"}});
    CHECK_FALSE(shown(true).contains("tel"));
}

TEST_CASE("invalidated, then deleted, then gone; or recovered", "[fxiaoke][peer]") {
    Client client;
    const std::string id = client.first("AccountObj");
    const json one{{"data", {{"dataObjectApiName", "AccountObj"}, {"idList", {id}}}}};
    const json get{{"data", {{"dataObjectApiName", "AccountObj"}, {"objectDataId", id}}}};
    const json invalid{{"data", {{"dataObjectApiName", "AccountObj"}, {"object_data_id", id}}}};
    CHECK(client.call("/cgi/crm/v2/data/delete", one)["errorCode"] != 0);
    CHECK(client.call("/cgi/crm/v2/data/invalid", invalid)["errorCode"] == 0);
    CHECK(client.call("/cgi/crm/v2/data/get", get)["errorCode"] == 32000);
    const json filter{
        {"limit", 10},
        {"offset", 0},
        {"filters",
         {{{"field_name", "life_status"}, {"operator", "IN"}, {"field_values", {"invalid"}}}}}};
    CHECK(client.query("AccountObj", filter)["data"]["dataList"].empty());
    client.control("switch", {{"name", "query_returns_invalid"}, {"value", "filtered"}});
    CHECK(client.query("AccountObj", filter)["data"]["dataList"].size() == 1);
    client.control("switch", {{"name", "get_returns_invalid"}, {"value", "true"}});
    CHECK(client.call("/cgi/crm/v2/data/get", get)["data"]["life_status"] == "invalid");
    CHECK(client.call("/cgi/crm/v2/data/recover", one)["errorCode"] == 0);
    CHECK(client.call("/cgi/crm/v2/data/get", get)["data"]["life_status"] == "normal");
    CHECK(client.call("/cgi/crm/v2/data/invalid", invalid)["errorCode"] == 0);
    CHECK(client.call("/cgi/crm/v2/data/delete", one)["errorCode"] == 0);
    CHECK(client.call("/cgi/crm/v2/data/recover", one)["errorCode"] != 0);
}

TEST_CASE("writes: flags that are left out fire, wrong places fail", "[fxiaoke][peer]") {
    Client client(Switches{{"approval", "true"}});
    const std::string id = client.first("AccountObj");
    const auto read = [&](const char* field) {
        return client.call(
            "/cgi/crm/v2/data/get",
            {{"includeNull", true},
             {"data", {{"dataObjectApiName", "AccountObj"}, {"objectDataId", id}}}})["data"][field];
    };
    CHECK(
        client.call("/cgi/crm/v2/data/update", set("AccountObj", {{"tel", "1"}}))["errorMessage"] ==
        "java.lang.NullPointerException");
    client.call("/cgi/crm/v2/data/update", set("AccountObj", {{"_id", id}, {"tel", "021-1"}}));
    CHECK(read("tel") == "021-1");
    CHECK(read("version") == 2);
    client.call("/cgi/crm/v2/data/update",
                set("AccountObj", {{"_id", id}, {"tel", "021-2"}}, true));
    CHECK(read("tel") == "021-1");
    CHECK(read("life_status") == "in_change");
    client.control("approve", {{"object", "AccountObj"}, {"id", id}});
    CHECK(read("tel") == "021-2");
    client.call("/cgi/crm/v2/data/update", set("AccountObj", {{"_id", id}, {"tel", nullptr}}));
    CHECK(read("tel").is_null());
    client.control("switch", {{"name", "null_write"}, {"value", "ignored"}});
    client.call("/cgi/crm/v2/data/update", set("AccountObj", {{"_id", id}, {"tel", "3"}}));
    client.call("/cgi/crm/v2/data/update", set("AccountObj", {{"_id", id}, {"tel", nullptr}}));
    CHECK(read("tel") == "3");
    client.call("/cgi/crm/v2/data/update", set("AccountObj", {{"_id", id}, {"tel", ""}}));
    CHECK(read("tel").is_null());
    client.control("lock", {{"object", "AccountObj"}, {"id", id}});
    CHECK(client.call("/cgi/crm/v2/data/update",
                      set("AccountObj", {{"_id", id}, {"tel", "4"}}))["errorCode"] == 320003);
    const auto created =
        client.call("/cgi/crm/v2/data/create", set("AccountObj", {{"name", "新"}}, true));
    const auto row = client.call(
        "/cgi/crm/v2/data/get",
        {{"data", {{"dataObjectApiName", "AccountObj"}, {"objectDataId", created["dataId"]}}}});
    CHECK(row["data"]["life_status"] == "under_review");
}

TEST_CASE("owners change by a call of their own", "[fxiaoke][peer]") {
    const bool list = GENERATE(true, false);
    Client client(Switches{{"changeOwner_ownerId_form", list ? "list" : "string"}});
    const std::string id = client.first("AccountObj");
    const auto change = [&](const json& owner) {
        return client.call(
            "/cgi/crm/v2/data/changeOwner",
            {{"data",
              {{"dataObjectApiName", "AccountObj"},
               {"Data", {{{"objectDataId", id}, {"ownerId", owner}}}}}}})["errorCode"];
    };
    CHECK(change(json{"1002"}) == (list ? 0 : 10006));
    CHECK(change("[1003]") == (list ? 10006 : 0));
    client.control("pool", {{"object", "AccountObj"}, {"id", id}});
    CHECK(change(list ? json{"1001"} : json("[1001]")) == 20014);
}

TEST_CASE("100 calls in 20 s for each path, and a day's quota", "[fxiaoke][peer]") {
    Client client(Switches{{"daily_quota", "300"}});
    const json body{{"departmentId", 999999}};
    for (int i = 0; i < 100; ++i) CHECK(client.call("/cgi/user/list", body)["errorCode"] == 0);
    CHECK(client.call("/cgi/user/list", body)["errorCode"] == 30004);
    CHECK(client.query("AccountObj", {{"limit", 1}, {"offset", 0}})["errorCode"] == 0);
    client.control("switch", {{"name", "rate_code"}, {"value", "14001"}});
    CHECK(client.call("/cgi/user/list", body)["errorCode"] == 14001);
    for (int round = 0; round < 2; ++round) {
        client.now_ms += 20'001;
        for (int i = 0; i < 99; ++i) client.call("/cgi/user/list", body);
    }
    client.now_ms += 20'001;
    client.call("/cgi/user/list", body);
    CHECK(client.call("/cgi/user/list", body)["errorCode"] == 30002);
    client.now_ms += 86'400'000;
    client.token = client.ask_token()["accessToken"];
    CHECK(client.call("/cgi/user/list", body)["errorCode"] == 0);
}

TEST_CASE("an order with a member that nobody reads is refused", "[fxiaoke][peer]") {
    Client client;
    const auto refused = [&](const std::string& order, const json& body) {
        peer::Request request;
        request.method = "POST";
        request.target = "/_control/" + order;
        request.body = body.dump();
        const auto answer = client.peer.handle(request);
        CHECK(answer.status == 400);
        return json::parse(answer.body).value("error", "");
    };
    CHECK(refused("fault", {{"kind", "latency"}, {"params", {{"latency_ms", 1}}}}) ==
          "latency takes no 'latency_ms'");
    CHECK(refused("fault", {{"kind", "late_visible"}, {"params", {{"ms", 1}}}}) ==
          "late_visible takes no 'ms'");
    const json drop{
        {"change", "drop"}, {"object", "ContactObj"}, {"field", "tel"}, {"type", "text"}};
    CHECK(refused("fault", {{"kind", "schema"}, {"params", drop}}) == "drop takes no 'type'");
    CHECK(refused("edit", {{"object", "ContactObj"}, {"fields", json::object()}}) ==
          "edit takes no 'fields'");
}

TEST_CASE("custom objects have paths of their own", "[fxiaoke][peer]") {
    const bool strict = GENERATE(true, false);
    Client client(Switches{{"wrong_family_path", strict ? "error" : "accepted"},
                           {"custom_create_returns_dataId", strict ? "true" : "false"}});
    const json body{{"data",
                     {{"dataObjectApiName", "object_Visit__c"},
                      {"search_query_info", {{"limit", 1}, {"offset", 0}}}}}};
    CHECK(client.call("/cgi/crm/custom/v2/data/query", body)["errorCode"] == 0);
    CHECK(client.call("/cgi/crm/v2/data/query", body)["errorCode"] == (strict ? 10006 : 0));
    const auto created =
        client.call("/cgi/crm/custom/v2/data/create", set("object_Visit__c", {{"name", "拜访"}}));
    CHECK(created["errorCode"] == 0);
    CHECK(created.contains("dataId") == strict);
}
