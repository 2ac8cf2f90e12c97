// The shipped descriptions against servers that behave as other vendors' documents say, traps
// included.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "tests/plugins/rest/remote.hpp"

namespace {

using namespace kontor::test;
namespace abi = kontor::abi;
using abi::Op;

std::string shipped(const std::string& name) {
    std::ifstream file(KONTOR_DESCRIPTIONS "/" + name + ".toml");
    return {std::istreambuf_iterator<char>(file), {}};
}

FakeResponse json(const Json& body, int status = 200,
                  std::map<std::string, std::string> headers = {}) {
    return {status, body.dump(), std::move(headers), KONTOR_OK};
}

/// What came: "id op" of each record.
std::vector<std::string> came(FakeHost& host) {
    std::vector<std::string> out;
    for (const auto& record : host.records())
        out.push_back(record.id + " " + std::to_string(static_cast<int>(record.op)));
    return out;
}

constexpr std::int64_t kAfterAllStamps = 1'780'272'000'000;

/// Rows with the members "id" (a number) and "stamp", for the servers below.
using Rows = std::map<int, Json>;

Json page(const Rows& rows, std::size_t from, std::size_t count) {
    Json out = Json::array();
    std::size_t at = 0;
    for (const auto& [id, row] : rows)
        if (at++ >= from && out.size() < count) out.push_back(row);
    return out;
}

}  // namespace

TEST_CASE("espocrm: capped pages, hidden deletions, possible duplicates", "[rest][vendors]") {
    RestRemote remote(shipped("espocrm"), "", {{"url", "https://espo.test"}});
    remote.host.clock_ms = kAfterAllStamps;
    Rows contacts;
    for (int id = 1; id <= 450; ++id)
        contacts[id] = {{"id", "e" + std::to_string(id)},
                        {"lastName", "N" + std::to_string(id)},
                        {"accountId", nullptr},
                        {"modifiedAt", "2026-05-01 10:00:00"}};
    remote.host.handler = [&](const FakeRequest& request) {
        if (request.path == "/api/v1/App/user")
            return json({{"user", {{"id", "u1"}, {"name", "Api"}}}});
        if (request.method == "POST")
            return json(Json::array({{{"id", "e7"}, {"name", "N7"}}}), 409);
        if (request.path != "/api/v1/Contact") return json(nullptr, 404);
        const auto& query = request.query;
        if (std::stoi(query.at("maxSize")) > 200)
            return json(nullptr, 403, {{"x-status-reason", "Max size should not exceed 200"}});
        if (query.contains("where[0][value]")) {
            CHECK(query.at("where[0][type]") == "greaterThanOrEquals");
            CHECK(query.at("where[0][value]") == "2026-05-01 09:55:00");
            CHECK(query.at("orderBy") == "modifiedAt");
            return json({{"total", -2}, {"list", Json::array({contacts[3]})}});
        }
        return json(
            {{"total", 450}, {"list", page(contacts, std::stoul(query.at("offset")), 200)}});
    };
    CHECK(remote.connector->check().user_id == "u1");
    const auto loaded = remote.pull("contacts", {"lastName", "accountId"});
    CHECK(remote.host.records().size() == 450);
    CHECK(std::get<std::string>(remote.host.records()[449].fields.at(0)) == "N450");
    CHECK(remote.host.requests.back().query.at("select") ==
          "lastName,accountId,id,modifiedAt,createdAt,modifiedById,versionNumber");
    remote.host.clear();
    remote.pull("contacts", {"lastName"}, loaded);
    CHECK(came(remote.host) == std::vector<std::string>{"e3 0"});
    const auto made =
        remote.push(Op::kCreate, "", "", {{"lastName", std::string("N7")}}, "contacts");
    CHECK(made.status == "duplicate");
    CHECK(made.id == "e7");
}

TEST_CASE("hubspot: loads by cursor, changes by id behind 10,000 hits, blanks as empty texts",
          "[rest][vendors]") {
    RestRemote remote(shipped("hubspot"), "", {{"url", "https://hub.test"}});
    remote.host.clock_ms = kAfterAllStamps;
    const auto row = [](int id) {
        return Json{{"id", std::to_string(id)},
                    {"archived", false},
                    {"properties",
                     {{"email", "p" + std::to_string(id) + "@x.y"},
                      {"jobtitle", nullptr},
                      {"hs_object_id", std::to_string(id)},
                      {"lastmodifieddate", "2026-05-01T10:00:00.123Z"}}}};
    };
    int patched = 0;
    remote.host.handler = [&](const FakeRequest& request) {
        if (request.method == "PATCH") {
            ++patched;
            CHECK(Json::parse(request.body) == Json{{"properties", {{"jobtitle", ""}}}});
            return json(row(5));
        }
        if (request.path == "/crm/v3/objects/contacts/batch/read") {
            CHECK(Json::parse(request.body)["inputs"] == Json::array({{{"id", "5"}}}));
            return json({{"results", Json::array({row(5)})}});
        }
        if (request.path == "/crm/v3/objects/contacts") {
            const auto after = request.query.find("after");
            Json out = {{"results", Json::array({row(after == request.query.end() ? 1 : 2)})}};
            if (after == request.query.end()) out["paging"] = {{"next", {{"after", "1"}}}};
            CHECK(request.query.at("archived") == "false");
            return json(out);
        }
        REQUIRE(request.path == "/crm/v3/objects/contacts/search");
        CHECK(request.query.empty());
        const Json body = Json::parse(request.body);
        const Json& filters = body["filterGroups"][0]["filters"];
        CHECK(filters[0]["propertyName"] == "lastmodifieddate");
        // 15 minutes before the newest change seen, as text.
        CHECK(filters[0]["value"] == "1777628700123");
        const int last = std::stoi(filters[1]["value"].get<std::string>());
        Json results = Json::array();
        for (int id = last + 1; id <= 12'000 && results.size() < 200; ++id)
            results.push_back(row(id));
        return json({{"total", 12'000}, {"results", results}});
    };
    const auto loaded = remote.pull("contacts", {"email", "jobtitle"});
    CHECK(remote.host.records().size() == 2);
    CHECK(std::holds_alternative<std::monostate>(remote.host.records()[0].fields.at(1)));
    remote.host.clear();
    remote.pull("contacts", {"email"}, loaded);
    CHECK(remote.host.records().size() == 12'000);
    const auto result =
        remote.push(Op::kUpdate, "5", "", {{"jobtitle", std::monostate()}}, "contacts");
    CHECK(result.status == "ok");
    CHECK(patched == 1);
}

TEST_CASE("dolibarr: 404 for an empty list, epoch and quoted local times, a bare id",
          "[rest][vendors]") {
    RestRemote remote(shipped("dolibarr"), "",
                      {{"url", "https://doli.test"}, {"time_zone", "+02:00"}});
    const Json acme = {{"id", "12"},
                       {"name", "Acme"},
                       {"client", "2"},
                       {"ref_ext", "key-1"},
                       {"date_modification", 1'700'000'000}};
    const Json none = {
        {"error", {{"code", 404}, {"message", "Not Found: Thirdparties not found"}}}};
    bool there = true;
    remote.host.handler = [&](const FakeRequest& request) {
        if (request.method == "POST") return json(12);
        if (request.path == "/api/index.php/thirdparties/12")
            return there ? json(acme) : json(none, 404);
        const auto filter = request.query.find("sqlfilters");
        if (filter != request.query.end() && filter->second.starts_with("(t.tms")) {
            // 22:13:20 UTC less ten minutes, in the server's time.
            CHECK(filter->second == "(t.tms:>=:'2023-11-15 00:03:20')");
            return json(none, 404);
        }
        const auto at = request.query.find("page");
        if (at != request.query.end() && at->second != "0") return json(none, 404);
        return json(Json::array({acme}));
    };
    const auto loaded = remote.pull("thirdparties", {"name", "client"});
    REQUIRE(remote.host.records().size() == 1);
    CHECK(remote.host.records()[0].version == "2023-11-14T22:13:20.000Z");
    CHECK(std::get<std::int64_t>(remote.host.records()[0].fields.at(1)) == 2);
    CHECK_NOTHROW(remote.pull("thirdparties", {"name"}, loaded));
    const auto made =
        remote.push(Op::kCreate, "", "", {{"name", std::string("Acme")}}, "thirdparties");
    CHECK(made.status == "ok");
    CHECK(made.id == "12");
    there = false;
    CHECK(remote.push(Op::kUpdate, "12", "", {{"name", std::string("A")}}, "thirdparties").status ==
          "missing");
    remote.host.handler = [](const FakeRequest&) {
        return json(
            {{"error", {{"code", 503}, {"message", "Error when validating parameter sqlfilters"}}}},
            503);
    };
    try {
        remote.pull("thirdparties", {"name"}, loaded);
        FAIL("no error");
    } catch (const kontor::sdk::Error& error) {
        CHECK(error.status() == KONTOR_E_INVALID);
    }
}

TEST_CASE("pipedrive: the other addresses of a person stay as they are", "[rest][vendors]") {
    RestRemote remote(shipped("pipedrive"), "", {{"url", "https://pipe.test"}});
    Json ada = {{"id", 7},
                {"name", "Ada"},
                {"emails", {{{"value", "a@x.y"}, {"primary", true}}, {{"value", "b@x.y"}}}},
                {"phones", Json::array()},
                {"is_deleted", false},
                {"update_time", "2026-05-01T10:00:00Z"}};
    std::vector<Json> sent;
    remote.host.handler = [&](const FakeRequest& request) {
        if (request.method == "POST" || request.method == "PATCH")
            sent.push_back(Json::parse(request.body));
        return json({{"success", true}, {"data", ada}});
    };
    const auto push = [&](Op op, const std::map<std::string, FakeValue>& fields) {
        sent.clear();
        CHECK(remote.push(op, op == Op::kCreate ? "" : "7", "", fields, "persons").status == "ok");
        REQUIRE(sent.size() == 1);
        return sent[0];
    };
    CHECK(push(Op::kUpdate, {{"email", std::string("n@x.y")}}) ==
          Json{{"emails", {{{"value", "n@x.y"}, {"primary", true}}, {{"value", "b@x.y"}}}}});
    CHECK(push(Op::kUpdate, {{"email", std::monostate()}}) ==
          Json{{"emails", Json::array({{{"value", "b@x.y"}}})}});
    CHECK(push(Op::kUpdate, {{"phone", std::string("1")}}) ==
          Json{{"phones", Json::array({{{"value", "1"}}})}});
    CHECK(push(Op::kUpdate, {{"phone", std::monostate()}}) == Json{{"phones", Json::array()}});
    CHECK(push(Op::kCreate, {{"name", std::string("B")}, {"email", std::string("c@x.y")}}) ==
          Json{{"name", "B"}, {"emails", Json::array({{{"value", "c@x.y"}}})}});
    kontor::sdk::Request all;
    all.stream = "persons";
    all.fields = {"phone"};
    all.ids = {"7"};
    remote.host.clear();
    remote.connector->fetch(all);
    CHECK(std::holds_alternative<std::monostate>(remote.host.records().at(0).fields.at(0)));
    // Deleted ones can be asked for, and are not there.
    ada["is_deleted"] = true;
    CHECK(remote.push(Op::kUpdate, "7", "", {{"name", std::string("x")}}, "persons").status ==
          "missing");
}

TEST_CASE("suitecrm: 400 for what is not there, ids in bodies, stamps cut to the minute",
          "[rest][vendors]") {
    RestRemote remote(shipped("suitecrm"), "",
                      {{"url", "https://suite.test"}, {"api", "legacy/Api"}});
    remote.host.clock_ms = 1'777'629'600'000;  // 2026-05-01T10:00:00Z
    const Json ada = {
        {"type", "Contacts"},
        {"id", "g-1"},
        {"attributes",
         {{"last_name", "Ada"}, {"email1", ""}, {"date_modified", "2026-05-01T10:00:00+00:00"}}}};
    const Json missing = {
        {"errors", {{"status", 400}, {"detail", "Contacts module with id g-2 is not found"}}}};
    std::string since;
    remote.host.handler = [&](const FakeRequest& request) {
        if (request.method == "PATCH") {
            CHECK(request.path == "/legacy/Api/V8/module");
            CHECK(Json::parse(request.body)["data"]["id"] == "g-1");
            return json({{"data", ada}}, 201);
        }
        if (request.path.ends_with("/g-2")) return json(missing, 400);
        if (request.path.ends_with("/g-1")) return json({{"data", ada}});
        const auto filter = request.query.find("filter[date_modified][gte]");
        if (filter != request.query.end()) since = filter->second;
        CHECK(request.query.at("sort") == "id");
        if (request.query.at("page[number]") != "1")
            return json({{"meta", {{"message", "no result"}}}, {"data", Json::array()}});
        return json({{"meta", {{"total-pages", 0}}}, {"data", Json::array({ada})}});
    };
    const auto loaded = remote.pull("contacts", {"last_name", "email1"});
    CHECK(remote.host.records().size() == 1);
    remote.pull("contacts", {"last_name"}, loaded);
    // The whole minute that the newest stamp was cut from, and more.
    CHECK(since == "2026-05-01T09:50:00");
    CHECK(
        remote.push(Op::kUpdate, "g-1", "", {{"last_name", std::string("L")}}, "contacts").status ==
        "ok");
    CHECK(
        remote.push(Op::kUpdate, "g-2", "", {{"last_name", std::string("L")}}, "contacts").status ==
        "missing");
}

TEST_CASE("tryton: errors inside 200, moments as objects, a token in the body", "[rest][vendors]") {
    RestRemote remote(shipped("tryton"), "", {{"url", "https://tryton.test"}, {"database", "db"}});
    const Json stamp = {{"__class__", "datetime"},
                        {"year", 2026},
                        {"month", 5},
                        {"day", 1},
                        {"hour", 10},
                        {"minute", 0},
                        {"second", 0},
                        {"microsecond", 5000}};
    const Json ada = {{"id", 1},
                      {"name", "Ada"},
                      {"write_date", nullptr},
                      {"create_date", stamp},
                      {"_timestamp", "1795731509.3"}};
    const auto update = [&](const Json& answer) {
        remote.host.clear();
        remote.answer({{"id", 1}, {"result", Json::array({ada})}});
        remote.answer(answer);
        if (answer.contains("result")) remote.answer({{"id", 1}, {"result", Json::array({ada})}});
        return remote.push(Op::kUpdate, "1", "2026-05-01T10:00:00.005Z",
                           {{"name", std::string("Ada L")}}, "party");
    };
    const auto written = update({{"id", 1}, {"result", nullptr}});
    CHECK(written.status == "ok");
    CHECK(written.version == "2026-05-01T10:00:00.005Z");
    const auto& request = remote.host.requests.at(1);
    CHECK(request.method == "POST");
    CHECK(request.path == "/db/");
    const Json params = {
        {1}, {{"name", "Ada L"}}, {{"_timestamp", {{"party.party,1", "1795731509.3"}}}}};
    CHECK(Json::parse(request.body)["params"] == params);
    const auto refused = [](const Json& error) { return Json{{"id", 1}, {"error", error}}; };
    CHECK(update(refused({"ConcurrencyException", "Records were modified"})).status == "changed");
    CHECK(update(refused({"AccessError", {"no right", ""}})).status == "forbidden");
    CHECK(update(refused({"UserError", {"the code is taken", ""}})).message ==
          "update party: HTTP 200: UserError: the code is taken");
    // What is gone is not in the answer.
    remote.host.clear();
    remote.answer({{"id", 1}, {"result", Json::array()}});
    CHECK(remote.push(Op::kDelete, "1", "", {}, "party").status == "missing");
}
