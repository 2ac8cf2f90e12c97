// The simulated organisation behaves as the vendor publishes, in both settings of what is open.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/peers/salesforce/peer.hpp"

using namespace kontor;
using nlohmann::json;
using peer::salesforce::PeerOptions;
using peer::salesforce::SalesforcePeer;

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
        const auto known = peer.credentials();
        const auto got = raw("POST", "/services/oauth2/token",
                             "grant_type=client_credentials&client_id=" + known.client_id +
                                 "&client_secret=" + known.client_secret);
        REQUIRE(got.status == 200);
        token = json::parse(got.body)["access_token"];
    }
    peer::Response raw(const std::string& method, const std::string& target,
                       const std::string& body, peer::Headers headers = {}) {
        peer::Request request;
        request.method = method;
        request.target = target;
        request.headers = std::move(headers);
        if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
        request.body = body;
        return peer.handle(request);
    }
    json call(const std::string& method, const std::string& path, const json& body = nullptr,
              int status = 200, peer::Headers headers = {}) {
        const auto got = raw(method, "/services/data/v60.0" + path,
                             body.is_null() ? "" : body.dump(), std::move(headers));
        INFO(method << " " << path << ": " << got.body);
        REQUIRE(got.status == status);
        return got.body.empty() ? json() : json::parse(got.body);
    }
    json query(const std::string& soql, const char* kind = "query", int status = 200) {
        return call("GET", std::string("/") + kind + "?q=" + peer::url_encode(soql), nullptr,
                    status);
    }
    json control(const std::string& name, const json& body) {
        const auto got = raw("POST", "/_control/" + name, body.dump());
        INFO(got.body);
        REQUIRE(got.status == 200);
        return json::parse(got.body);
    }
    std::string some_contact() {
        return query("SELECT Id FROM Contact LIMIT 1")["records"][0]["Id"];
    }

    std::int64_t now_ms = 1'780'000'000'000;
    SalesforcePeer peer;
    std::string token;
};

json one(const std::string& type, json values) {
    values["attributes"] = {{"type", type}};
    return values;
}

}  // namespace

TEST_CASE("who has no valid token is told so, and a wrong secret gets none", "[peer]") {
    Client c;
    c.token = "elsewhere";
    CHECK(c.call("GET", "/sobjects", nullptr, 401)[0]["errorCode"] == "INVALID_SESSION_ID");
    const auto refused =
        c.raw("POST", "/services/oauth2/token",
              "grant_type=client_credentials&client_id=" + c.peer.credentials().client_id +
                  "&client_secret=x");
    CHECK(refused.status == 400);
    CHECK(json::parse(refused.body)["error"] == "invalid_client");
    const auto unsigned_one =
        c.raw("POST", "/services/oauth2/token",
              "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=e30.e30.AAAA");
    CHECK(json::parse(unsigned_one.body)["error"] == "invalid_grant");
}

TEST_CASE("queries are paged by locators that die", "[peer]") {
    Client c(Switches{{"query_batch", "100"}});
    json page = c.query("SELECT Id, LastName FROM Contact ORDER BY Id");
    CHECK(page["totalSize"] == 250);
    CHECK(page["records"].size() == 100);
    CHECK_FALSE(page["done"].get<bool>());
    const std::string next = page["nextRecordsUrl"];
    page = c.call("GET", next.substr(20));
    CHECK(page["records"].size() == 100);
    page = c.call("GET", page["nextRecordsUrl"].get<std::string>().substr(20));
    CHECK(page["records"].size() == 50);
    CHECK(page["done"].get<bool>());
    for (int i = 0; i < 10; ++i) c.query("SELECT Id FROM Contact");
    CHECK(c.call("GET", next.substr(20), nullptr, 400)[0]["errorCode"] == "INVALID_QUERY_LOCATOR");
}

TEST_CASE("conditions and orders hold as SOQL says", "[peer]") {
    Client c;
    CHECK(c.query("SELECT count() FROM Contact")["totalSize"] == 250);
    const json all = c.query("SELECT Id, SystemModstamp FROM Contact ORDER BY SystemModstamp, Id");
    const std::string stamp = all["records"][100]["SystemModstamp"];
    const std::string id = all["records"][100]["Id"];
    const json rest = c.query("SELECT Id FROM Contact WHERE SystemModstamp >= " + stamp +
                              " AND (SystemModstamp > " + stamp + " OR Id > '" + id +
                              "') ORDER BY SystemModstamp, Id LIMIT 5");
    REQUIRE(rest["records"].size() == 5);
    CHECK(rest["records"][0]["Id"] == all["records"][101]["Id"]);
    CHECK(c.query("SELECT Id FROM Contact WHERE LastName = 'O\\'Neill'")["totalSize"] > 10);
    CHECK(c.query("SELECT Id FROM Contact WHERE NOT (LastName = 'o\\'neill')")["totalSize"] < 250);
    CHECK(c.query("SELECT Nope FROM Contact", "query", 400)[0]["errorCode"] == "INVALID_FIELD");
    CHECK(c.query("SELECT Id FROM Nope", "query", 400)[0]["errorCode"] == "INVALID_TYPE");
    CHECK(c.query("SELECT Id FROM Contact WHERE LastName = 'x", "query", 400)[0]["errorCode"] ==
          "MALFORMED_QUERY");
    CHECK(c.query("SELECT Id FROM Contact WHERE Description = 'x'", "query", 400)[0]["errorCode"] ==
          "INVALID_FIELD");
}

TEST_CASE("a collection carries out what it can and says so record by record", "[peer]") {
    Client c;
    const json made =
        c.call("POST", "/composite/sobjects",
               {{"allOrNone", false},
                {"records",
                 {one("Contact", {{"LastName", "张"}, {"Email", "a@b.cn"}}),
                  one("Contact", {{"FirstName", "三"}}),
                  one("Contact", {{"LastName", std::string(81, 'x')}}),
                  one("Contact", {{"LastName", "x"}, {"Email", "nobody"}}),
                  one("Contact", {{"LastName", "x"}, {"AccountId", "001000000000000AAA"}})}}});
    REQUIRE(made.size() == 5);
    CHECK(made[0]["success"].get<bool>());
    CHECK(made[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING");
    CHECK(made[2]["errors"][0]["statusCode"] == "STRING_TOO_LONG");
    CHECK(made[3]["errors"][0]["statusCode"] == "INVALID_EMAIL_ADDRESS");
    CHECK(made[4]["errors"][0]["statusCode"] == "INVALID_CROSS_REFERENCE_KEY");
    const std::string id = made[0]["id"];
    const json changed =
        c.call("PATCH", "/composite/sobjects",
               {{"records",
                 {one("Contact", {{"id", id}, {"LastName", " 李 "}}),
                  one("Contact", {{"id", "003000000000000AAA"}, {"LastName", "x"}})}}});
    CHECK(changed[0]["success"].get<bool>());
    CHECK(changed[1]["errors"][0]["statusCode"] == "INVALID_CROSS_REFERENCE_KEY");
    CHECK(c.call("GET", "/sobjects/Contact/" + id)["LastName"] == "李");
    CHECK(c.call("DELETE", "/composite/sobjects?allOrNone=false&ids=" + id)[0]["success"] == true);
    const json again = c.call("DELETE", "/composite/sobjects?allOrNone=false&ids=" + id);
    CHECK(again[0]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED");
    c.call("POST", "/composite/sobjects", {{"records", {one("Contact", {{"Nope", 1}})}}}, 400);
    json many = json::array();
    for (int i = 0; i < 201; ++i) many.push_back(one("Contact", {{"LastName", "x"}}));
    c.call("POST", "/composite/sobjects", {{"records", many}}, 400);
}

TEST_CASE("an external id makes a create happen once", "[peer]") {
    Client c;
    const json body{{"records", {one("Contact", {{"Kontor_Id__c", "k1"}, {"LastName", "A"}})}}};
    const json first = c.call("PATCH", "/composite/sobjects/Contact/Kontor_Id__c", body);
    CHECK(first[0]["created"].get<bool>());
    const json second = c.call("PATCH", "/composite/sobjects/Contact/Kontor_Id__c", body);
    CHECK_FALSE(second[0]["created"].get<bool>());
    CHECK(second[0]["id"] == first[0]["id"]);
    const json taken = c.call("POST", "/composite/sobjects", body);
    CHECK(taken[0]["errors"][0]["statusCode"] == "DUPLICATE_VALUE");
    c.call("PATCH", "/composite/sobjects/Contact/Email", body, 400);
}

TEST_CASE("If-Unmodified-Since refuses what is older, by the second", "[peer]") {
    Client c;
    const std::string path = "/sobjects/Contact/" + c.some_contact();
    const auto patch = [&](const char* date, int status) {
        c.call("PATCH", path, {{"Title", "Dr"}}, status, {{"If-Unmodified-Since", date}});
    };
    patch("Thu, 28 May 2026 20:26:40 GMT", 204);  // now
    c.now_ms += 5000;
    c.control("edit", {{"object", "Contact"}, {"id", path.substr(18)}, {"set", {{"Title", "x"}}}});
    patch("Thu, 28 May 2026 20:26:40 GMT", 412);
    patch("yesterday", 400);
    c.control("switch", {{"name", "unmodified_since"}, {"value", "ignored"}});
    patch("Thu, 28 May 2026 20:26:40 GMT", 204);
}

TEST_CASE("deleted records: the feed, the recycle bin, merges, and what is forgotten", "[peer]") {
    Client c;
    const json rows = c.query("SELECT Id FROM Contact ORDER BY Id LIMIT 3")["records"];
    c.control("merge",
              {{"object", "Contact"}, {"loser", rows[0]["Id"]}, {"winner", rows[1]["Id"]}});
    c.control("purge", {{"object", "Contact"}, {"id", rows[2]["Id"]}});
    const json bin = c.query("SELECT Id, MasterRecordId FROM Contact WHERE IsDeleted = true",
                             "queryAll")["records"];
    REQUIRE(bin.size() == 1);
    CHECK(bin[0]["MasterRecordId"] == rows[1]["Id"]);
    CHECK(c.query("SELECT Id FROM Contact")["totalSize"] == 248);
    const auto feed = [&](const std::string& start, int status) {
        return c.call("GET",
                      "/sobjects/Contact/deleted/?start=" + start + "&end=2026-05-28T20:30:00Z",
                      nullptr, status);
    };
    CHECK(feed("2026-05-28T20:00:00Z", 200)["deletedRecords"].size() == 2);
    CHECK(feed("2026-05-28T20:29:30Z", 400)[0]["errorCode"] == "INVALID_REPLICATION_DATE");
    CHECK(feed("2026-05-01T00:00:00Z", 400)[0]["errorCode"] == "INVALID_REPLICATION_DATE");
    c.control("undelete", {{"object", "Contact"}, {"id", rows[0]["Id"]}});
    CHECK(c.query("SELECT Id FROM Contact")["totalSize"] == 249);
    CHECK(feed("2026-05-28T20:00:00Z", 200)["deletedRecords"].size() == 1);
}

TEST_CASE("a bulk query job: polls, pages by locator, and fails on request", "[peer]") {
    Client c;
    const json request{{"operation", "query"}, {"query", "SELECT Id, LastName FROM Contact"}};
    json job = c.call("POST", "/jobs/query", request);
    CHECK(job["state"] == "UploadComplete");
    const std::string path = "/jobs/query/" + job["id"].get<std::string>();
    c.call("GET", path + "/results", nullptr, 400);
    CHECK(c.call("GET", path)["state"] == "JobComplete");
    const auto first = c.raw("GET", "/services/data/v60.0" + path + "/results?maxRecords=200", "");
    CHECK(peer::find_header(first.headers, "sforce-locator") == "200");
    const auto rest =
        c.raw("GET", "/services/data/v60.0" + path + "/results?maxRecords=200&locator=200", "");
    CHECK(peer::find_header(rest.headers, "sforce-locator") == "null");
    CHECK(peer::find_header(rest.headers, "sforce-numberofrecords") == "50");
    CHECK(rest.body.starts_with("\"Id\",\"LastName\"\n\"003"));
    c.control("switch", {{"name", "bulk_fails"}, {"value", true}});
    job = c.call("POST", "/jobs/query", request);
    const std::string second = "/jobs/query/" + job["id"].get<std::string>();
    CHECK(c.call("GET", second)["state"] == "Failed");
}

TEST_CASE("the day's requests are counted, told, and end", "[peer]") {
    Client c(Switches{{"daily_limit", "2"}});
    const auto got = c.raw("GET", "/services/data/v60.0/sobjects", "");
    CHECK(peer::find_header(got.headers, "Sforce-Limit-Info") == "api-usage=1/2");
    c.call("GET", "/sobjects/Contact/describe");
    CHECK(c.call("GET", "/sobjects", nullptr, 403)[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED");
    c.now_ms += 86'400'000;
    c.call("GET", "/sobjects");
}

TEST_CASE("late records and new fields appear as ordered", "[peer]") {
    Client c;
    c.control("fault", {{"kind", "late_visible"}, {"params", {{"seconds", 60}}}});
    c.control("create", {{"object", "Contact"}, {"set", {{"LastName", "late"}}}});
    CHECK(c.query("SELECT Id FROM Contact WHERE LastName = 'late'")["totalSize"] == 0);
    c.now_ms += 61'000;
    CHECK(c.query("SELECT Id FROM Contact WHERE LastName = 'late'")["totalSize"] == 1);
    c.control("fault",
              {{"kind", "schema"},
               {"params", {{"change", "add"}, {"object", "Contact"}, {"field", "New__c"}}}});
    CHECK(c.query("SELECT New__c FROM Contact LIMIT 1")["records"][0]["New__c"] == nullptr);
}

TEST_CASE("an order with a member that nobody reads is refused", "[peer]") {
    Client c;
    const auto refused = [&](const std::string& order, const json& body) {
        const auto got = c.raw("POST", "/_control/" + order, body.dump());
        CHECK(got.status == 400);
        return json::parse(got.body)["error"].get<std::string>();
    };
    CHECK(refused("fault", {{"kind", "latency"}, {"params", {{"latency_ms", 1}}}}) ==
          "latency takes no 'latency_ms'");
    CHECK(refused("fault", {{"kind", "forget_jobs"}, {"params", {{"all", true}}}}) ==
          "forget_jobs takes no 'all'");
    CHECK(refused("fault",
                  {{"kind", "schema"},
                   {"params",
                    {{"change", "drop"}, {"object", "Contact"}, {"field", "Title"}, {"on", 1}}}}) ==
          "drop takes no 'on'");
    CHECK(refused("undelete", {{"object", "Contact"}, {"set", json::object()}}) ==
          "undelete takes no 'set'");
}
