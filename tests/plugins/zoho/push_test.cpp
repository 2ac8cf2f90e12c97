// Writes: every change gets a result of its own, and "unknown" whenever it may have been done.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/plugins/zoho/account.hpp"

using namespace kontor;

namespace {

const std::string kUpsert = "POST /crm/v8/Contacts/upsert";
const std::string kInsert = "POST /crm/v8/Contacts";
const std::string kUpdate = "PUT /crm/v8/Contacts";
const std::string kDelete = "DELETE /crm/v8/Contacts";

const std::vector<std::string> kPushFields{"Last_Name",    "Email_Opt_Out", "Score",
                                           "Account_Name", "Interests",     "Date_of_Birth",
                                           "Created_Time", "Lead_Source",   "Email"};

struct Pushing : test::Account {
    using Account::Account;

    void create(const std::string& key, const char* name = "A") {
        batch.begin(abi::Op::kCreate, "", "", key);
        batch.add(0, name);
    }
    void update(const std::string& id, const std::string& version = "") {
        batch.begin(abi::Op::kUpdate, id, version);
        batch.add(0, "B");
    }
    void remove(const std::string& id) { batch.begin(abi::Op::kDelete, id); }

    std::vector<sdk::PushResult> push(const std::string& stream = "Contacts") {
        const std::string bytes(batch.bytes());
        batch.clear();
        return connector->push(test::request(stream, kPushFields), abi::BatchReader(bytes));
    }

    abi::BatchWriter batch;
};

test::FakeResponse answer(const std::string& elements, int status = 200) {
    return test::json("{\"data\":[" + elements + "]}", status);
}

std::string done(const std::string& id, const std::string& more = "") {
    return R"({"code":"SUCCESS","status":"success","message":"ok","details":{"id":")" + id +
           R"(","Modified_Time":"2023-11-14T20:00:00+05:30"})" + more + "}";
}

// Every record of the request was written.
test::FakeResponse all_done(const test::FakeRequest& request) {
    std::string out;
    const auto body = nlohmann::json::parse(request.body);
    for (const auto& record : body["data"])
        out += (out.empty() ? "" : ",") + done(record["id"].get<std::string>());
    return answer(out);
}

test::FakeResponse lost() {
    test::FakeResponse out;
    out.transport = KONTOR_E_TIMEOUT;
    return out;
}

std::string error(const std::string& code, const std::string& details = "{}") {
    return R"({"code":")" + code + R"(","status":"error","message":"m","details":)" + details + "}";
}

}  // namespace

TEST_CASE("a create with a key is an upsert that may be sent again", "[zoho][push]") {
    Pushing account;
    account.on(kUpsert, answer(done("5", R"(,"action":"insert","duplicate_field":null)")));
    account.create("uid-1");
    const auto results = account.push();
    REQUIRE(results.size() == 1);
    CHECK(results[0].status == "ok");
    CHECK(results[0].id == "5");
    CHECK(results[0].version == "2023-11-14T14:30:00.000Z");
    CHECK(results[0].action == "create");
    const auto asked = account.requests_of(kUpsert).at(0);
    CHECK(
        asked.body ==
        R"({"data":[{"Last_Name":"A","Kontor_Id":"uid-1"}],"trigger":[],"duplicate_check_fields":["Kontor_Id"]})");
    CHECK(asked.idempotent);
    CHECK(asked.lane == "write");
}

TEST_CASE("without a key field a create is an insert that is never sent twice", "[zoho][push]") {
    Pushing account(R"({"external_id_field":"Nowhere","trigger":["workflow"]})");
    account.on(kInsert, answer(done("5"), 201));
    account.create("uid-1");
    CHECK(account.push()[0].action == "create");
    const auto asked = account.requests_of(kInsert).at(0);
    CHECK(asked.body == R"({"data":[{"Last_Name":"A"}],"trigger":["workflow"]})");
    CHECK_FALSE(asked.idempotent);
}

TEST_CASE("several requests are under way at once, each change in one of them", "[zoho][push]") {
    Pushing account;
    account.on(kUpdate, [](const test::FakeRequest& request) { return all_done(request); });
    for (int i = 1; i <= 950; ++i) account.update(std::to_string(i));
    const auto results = account.push();
    REQUIRE(results.size() == 950);
    for (std::size_t i = 0; i < 950; ++i) {
        CHECK(results[i].status == "ok");
        CHECK(results[i].id == std::to_string(i + 1));
    }
    CHECK(account.asked(kUpdate) == 10);
    std::size_t under_way = 0, most = 0;
    for (const std::string& event : account.host.order) {
        if (event == "begin /crm/v8/Contacts") most = std::max(most, ++under_way);
        if (event == "finish /crm/v8/Contacts") --under_way;
    }
    CHECK(most == 4);
}

TEST_CASE("others are read while changes are written", "[zoho][push]") {
    Pushing account;
    account.on(kUpdate, [](const test::FakeRequest& request) { return all_done(request); });
    bool readable = true;
    account.on("GET /crm/v8/Contacts", [&](const test::FakeRequest& asked) {
        if (!readable) return lost();
        std::string records;
        std::stringstream list(asked.query.at("ids"));
        for (std::string id; std::getline(list, id, ',');)
            records += (records.empty() ? "" : ",") +
                       test::contact(id, "N" + id, "2023-11-14T20:00:00+05:30");
        return test::page(records);
    });
    sdk::Request request = test::request("Contacts", kPushFields);
    request.fetch.fields = {"Score", "Last_Name"};  // not those of the changes
    for (int i = 1001; i <= 1350; ++i) request.fetch.ids.push_back(std::to_string(i));
    const auto push = [&](int changes) {
        for (int i = 1; i <= changes; ++i) account.update(std::to_string(i));
        const std::string bytes(account.batch.bytes());
        account.batch.clear();
        return account.connector->push(request, abi::BatchReader(bytes));
    };
    const auto all_ok = [](const std::vector<sdk::PushResult>& results) {
        return std::ranges::all_of(results,
                                   [](const auto& result) { return result.status == "ok"; });
    };

    const int changes = GENERATE(250, 1);
    const auto results = push(changes);
    CHECK(static_cast<int>(results.size()) == changes);
    CHECK(all_ok(results));
    const auto records = account.host.records();
    REQUIRE(records.size() == 350);
    CHECK(records[349].id == "1350");
    CHECK(test::shown(records[349], 1) == "N1350");
    std::size_t under_way = 0, most = 0;
    for (const std::string& event : account.host.order) {
        if (event.starts_with("begin")) most = std::max(most, ++under_way);
        if (event.starts_with("finish")) --under_way;
    }
    CHECK(most == (changes == 1 ? 3 : 4));  // two of each kind
    CHECK(under_way == 0);

    // What cannot be read is left out.
    account.host.clear();
    readable = false;
    CHECK(all_ok(push(changes)));
    CHECK(account.host.records().empty());
    readable = true;
    account.host.clear();
    account.host.on_emit = [](const auto&) { return KONTOR_E_CANCELLED; };
    CHECK(all_ok(push(changes)));
}

TEST_CASE("after a refusal nothing sets out, and what is under way counts", "[zoho][push]") {
    Pushing account;
    int asked = 0;
    bool all_refused = false;
    account.on(kUpdate, [&](const test::FakeRequest& request) {
        if (all_refused || ++asked == 2) return test::refused(401, "INVALID_TOKEN");
        if (asked == 3) return lost();
        return all_done(request);
    });
    const auto push = [&] {
        for (int i = 0; i < 600; ++i) account.update(std::to_string(i));
        return account.push();
    };
    const auto results = push();
    REQUIRE(results.size() == 600);
    const auto is = [&](std::size_t of, const char* status) {
        return std::all_of(results.begin() + static_cast<std::ptrdiff_t>(100 * of),
                           results.begin() + static_cast<std::ptrdiff_t>(100 * of + 100),
                           [&](const auto& result) { return result.status == status; });
    };
    CHECK(is(0, "ok"));
    CHECK(is(1, "retry"));
    CHECK(is(2, "unknown"));
    CHECK(is(3, "ok"));
    // The fifth had set out when the first was back.
    CHECK(is(4, "ok"));
    CHECK(is(5, "retry"));
    CHECK(account.asked(kUpdate) == 5);

    all_refused = true;
    CHECK_THROWS_AS(push(), sdk::Error);  // surely nothing was carried out
}

TEST_CASE("values go out as Zoho's JSON", "[zoho][push]") {
    Pushing account;
    account.on(kUpdate, answer(done("5")));
    account.batch.begin(abi::Op::kUpdate, "5");
    account.batch.add(0, "x\"y");
    account.batch.add(1, std::int64_t{1});
    account.batch.add(2, "1234567890123456.7891");
    account.batch.add(3, "99");
    account.batch.add(4, R"(["a","b"])");
    account.batch.add(5, "2000-01-02");
    account.batch.add(7, "web_site");
    account.batch.add(8, "");
    CHECK(account.push()[0].status == "ok");
    CHECK(account.requests_of(kUpdate).at(0).body ==
          R"({"data":[{"id":"5","Last_Name":"x\"y","Email_Opt_Out":true,)"
          R"("Score":1234567890123456.7891,"Account_Name":{"id":"99"},"Interests":["a","b"],)"
          R"("Date_of_Birth":"2000-01-02","Lead_Source":"web_site","Email":null}],"trigger":[]})");
}

TEST_CASE("values without a form are refused here, the rest goes out", "[zoho][push]") {
    Pushing account;
    account.on(kUpdate, answer(done("9")));
    for (const std::uint16_t field : std::initializer_list<std::uint16_t>{1, 2, 4, 5}) {
        account.batch.begin(abi::Op::kUpdate, "5");
        account.batch.add(field, "nonsense");
    }
    account.batch.begin(abi::Op::kUpdate, "6");
    account.batch.add(6, "2020-01-01T00:00:00.000Z");  // Created_Time
    account.update("9");
    const auto results = account.push();
    REQUIRE(results.size() == 6);
    for (std::size_t i = 0; i < 5; ++i) CHECK(results[i].status == "invalid");
    CHECK(results[0].field == "Email_Opt_Out");
    CHECK(results[4].code == "READ_ONLY");
    CHECK(results[5].status == "ok");
}

TEST_CASE("references to any module carry the module", "[zoho][push]") {
    Pushing account;
    account.on("GET /crm/v8/settings/fields", test::json(R"({"fields":[
        {"api_name":"What_Id","data_type":"multi_module_lookup"},
        {"api_name":"Parent_Id","data_type":"multi_module_lookup"},
        {"api_name":"When","data_type":"datetime"}]})"));
    account.on("PUT /crm/v8/Tasks", answer(done("1")));
    account.batch.begin(abi::Op::kUpdate, "1");
    account.batch.add(0, "Deals:7");
    account.batch.add(1, "Leads:8");
    account.batch.add(2, "2020-01-01T00:00:00.000Z");
    const std::string bytes(account.batch.bytes());
    (void)account.connector->push(test::request("Tasks", {"What_Id", "Parent_Id", "When"}),
                                  abi::BatchReader(bytes));
    CHECK(account.requests_of("PUT /crm/v8/Tasks").at(0).body ==
          R"({"data":[{"id":"1","What_Id":{"id":"7"},"$se_module":"Deals",)"
          R"("Parent_Id":{"module":{"api_name":"Leads"},"id":"8"},)"
          R"("When":"2020-01-01T00:00:00+00:00"}],"trigger":[]})");
}

TEST_CASE("an update that comes alone is compared and set", "[zoho][push]") {
    Pushing account;
    account.on(kUpdate + "/5", answer(error("ALREADY_MODIFIED",
                                            R"({"id":"5","Modified_Time":"2023-11-14T20:00:00Z"})"),
                                      412));
    account.update("5", "2023-11-14T19:00:00.000Z");
    const auto results = account.push();
    CHECK(results[0].status == "changed");
    CHECK(results[0].version == "2023-11-14T20:00:00.000Z");
    CHECK(account.requests_of(kUpdate + "/5").at(0).headers.at("If-Unmodified-Since") ==
          "2023-11-14T19:00:00+00:00");
    account.on(kUpdate, answer(done("5") + "," + done("6")));
    account.update("5", "2023-11-14T19:00:00.000Z");
    account.update("6", "2023-11-14T19:00:00.000Z");
    CHECK(account.push().size() == 2);
    CHECK(account.requests_of(kUpdate).at(0).headers.count("If-Unmodified-Since") == 0);
}

TEST_CASE("every code has its meaning", "[zoho][push]") {
    struct Case {
        std::string element, status, field, id;
    };
    const std::vector<Case> cases{
        {error("MANDATORY_NOT_FOUND", R"({"api_name":"Email","json_path":"$.data[0].Email"})"),
         "invalid", "Email", ""},
        {error("INVALID_DATA", R"({"api_name":"Email","expected_data_type":"email"})"), "invalid",
         "Email", ""},
        {error("INVALID_DATA", R"({"id":"5"})"), "missing", "", ""},
        {error("INVALID_DATA", R"({"api_name":"Email","id":"5"})"), "invalid", "Email", ""},
        {error("INVALID_DATA", R"({"api_name":"id"})"), "missing", "id", ""},
        {error("DUPLICATE_DATA", R"({"api_name":"Email","id":"8"})"), "duplicate", "Email", "8"},
        {error("DUPLICATE_DATA", R"({"duplicate_record":{"id":"9"}})"), "duplicate", "", "9"},
        {error("DEPENDENT_FIELD_MISSING", R"({"dependee":{"api_name":"Stage"}})"), "invalid",
         "Stage", ""},
        {error("MULTIPLE_OR_MULTI_ERRORS",
               R"({"errors":[)" + error("INVALID_DATA", R"({"api_name":"Score"})") + "]}"),
         "invalid", "Score", ""},
        {error("DEPENDENT_MISMATCH", R"({"api_name":"Reason","dependee":{"api_name":"Stage"}})"),
         "invalid", "Reason", ""},
        {error("EXPECTED_FIELD_MISSING", R"({"api_name":"Email"})"), "invalid", "Email", ""},
        {error("AMBIGUITY_DURING_PROCESSING"), "invalid", "", ""},
        {error("RECORD_LOCKED"), "locked", "", ""},
        {error("NOT_APPROVED"), "locked", "", ""},
        {error("NOT_REVIEWED"), "locked", "", ""},
        {error("RECORD_IN_BLUEPRINT"), "locked", "", ""},
        {error("RECORD_NOT_DELETED"), "locked", "", ""},
        {error("ALREADY_MODIFIED"), "changed", "", ""},
        {error("RESOURCE_NOT_FOUND"), "missing", "", ""},
        {error("NO_PERMISSION"), "forbidden", "", ""},
        {error("AUTHORIZATION_FAILED"), "forbidden", "", ""},
        {error("NOT_ALLOWED"), "forbidden", "", ""},
        {error("OAUTH_SCOPE_MISMATCH"), "forbidden", "", ""},
        {error("LIMIT_EXCEEDED"), "retry", "", ""},
        {error("TOO_MANY_REQUESTS"), "retry", "", ""},
        {error("DEPENDENT_SERVICE_ERROR", R"({"dependency_error":"NO_PERMISSION"})"), "forbidden",
         "", ""},
        {error("DEPENDENT_SERVICE_ERROR", R"({"dependency_error":"LIMIT_EXCEEDED"})"), "retry", "",
         ""},
        {error("DEPENDENT_SERVICE_ERROR", R"({"dependency_error":"PROCESSING_ERROR"})"), "retry",
         "", ""},
        {error("DEPENDENT_SERVICE_ERROR", R"({"dependency_error":"CANNOT_PROCESS"})"), "invalid",
         "", ""},
        {error("INTERNAL_ERROR"), "unknown", "", ""},
        {error("SOMETHING_NEW"), "invalid", "", ""},
        {"{}", "unknown", "", ""},
        {"null", "unknown", "", ""},
        {R"({"code":"SUCCESS","status":"success","details":{}})", "ok", "", "5"}};
    for (const int status : {200, 202, 207, 400}) {
        Pushing account;
        std::string all;
        for (const auto& each : cases) all += (all.empty() ? "" : ",") + each.element;
        account.on(kUpdate, answer(all, status));
        for (std::size_t i = 0; i < cases.size(); ++i) account.update("5");
        const auto results = account.push();
        REQUIRE(results.size() == cases.size());
        for (std::size_t i = 0; i < cases.size(); ++i) {
            CAPTURE(cases[i].element);
            CHECK(results[i].status == cases[i].status);
            CHECK(results[i].field == cases[i].field);
            CHECK(results[i].id == cases[i].id);
        }
    }
}

TEST_CASE("an id that is none of Zoho's is taken from no answer to a write", "[zoho][push]") {
    const std::string hostile = GENERATE(as<std::string>(), "../x", "1e999", "5,6", "");
    CAPTURE(hostile);
    Pushing account;
    // Created, but where: only the key can tell.
    account.on("POST /crm/v8/Contacts", answer(done(hostile)));
    account.on("POST /crm/v8/Contacts/upsert", answer(done(hostile)));
    account.create("");
    const auto created = account.push();
    CHECK(created.at(0).status == "unknown");
    CHECK(created.at(0).id.empty());
    account.on(kUpdate, answer(done(hostile) + "," +
                               error("DUPLICATE_DATA",
                                     R"({"api_name":"Email","id":")" + hostile + R"("})")));
    account.update("5");
    account.update("6");
    const auto updated = account.push();
    CHECK(updated.at(0).status == "ok");
    CHECK(updated.at(0).id == "5");
    CHECK(updated.at(1).status == "duplicate");
    CHECK(updated.at(1).id.empty());
}

TEST_CASE("an answer that is too short leaves the rest unknown", "[zoho][push]") {
    Pushing account;
    account.on(kUpdate, answer(done("1")));
    account.update("1");
    account.update("2");
    const auto results = account.push();
    CHECK(results[0].status == "ok");
    CHECK(results[1].status == "unknown");
}

TEST_CASE("a request that is refused as a whole refuses every change", "[zoho][push]") {
    Pushing account;
    SECTION("bare") {
        account.on(kUpdate, test::refused(403, "NO_PERMISSION"));
    }
    SECTION("wrapped in data[]") {
        account.on(kUpdate, answer(error("NO_PERMISSION"), 403));
    }
    account.update("1");
    account.update("2");
    for (const auto& each : account.push()) CHECK(each.status == "forbidden");
}

TEST_CASE("what may have been done is unknown", "[zoho][push]") {
    for (const auto& lost :
         {test::FakeResponse{0, "", {}, KONTOR_E_TIMEOUT},
          test::FakeResponse{0, "", {}, KONTOR_E_UNAVAILABLE},
          test::FakeResponse{0, "", {}, KONTOR_E_CANCELLED}, test::refused(500, "INTERNAL_ERROR"),
          test::json("<html>bad gateway</html>", 502), test::json("{\"data\":[{\"co", 200),
          test::json("", 200), test::json("{}", 200)}) {
        Pushing account;
        account.on(kInsert, lost);
        account.on(kUpsert, lost);
        account.create("k");
        account.create("");
        const auto results = account.push();
        CHECK(results[0].status == "unknown");
        // Behind lost contact nothing more is sent.
        CHECK(results[1].status == (lost.transport == KONTOR_OK ? "unknown" : "retry"));
    }
}

TEST_CASE("an error is thrown only while nothing was carried out", "[zoho][push]") {
    Pushing account;
    account.on(kUpsert, test::refused(429, "TOO_MANY_REQUESTS"));
    account.create("k");
    CHECK_THROWS_AS(account.push(), sdk::Error);

    account.on(kUpsert, answer(done("5")));
    account.on(kUpdate, test::refused(429, "TOO_MANY_REQUESTS"));
    account.update("1");
    account.create("k");
    account.remove("2");
    const auto results = account.push();
    CHECK(results[0].status == "retry");
    CHECK(results[1].status == "ok");
    CHECK(results[2].status == "retry");
    CHECK(account.asked(kDelete) == 0);
}

TEST_CASE("deletes are matched by id and fire workflows only if asked to", "[zoho][push]") {
    Pushing account;
    account.on(kDelete, answer(done("2") + "," + error("INVALID_DATA", R"({"id":"1"})") + "," +
                                   error("RECORD_LOCKED", R"({"id":"3"})"),
                               207));
    for (const char* id : {"1", "2", "3"}) account.remove(id);
    const auto results = account.push();
    CHECK(results[0].status == "missing");
    CHECK(results[1].status == "ok");
    CHECK(results[1].action == "delete");
    CHECK(results[2].status == "locked");
    const auto asked = account.requests_of(kDelete).at(0);
    CHECK(asked.query.at("ids") == "1,2,3");
    CHECK(asked.query.at("wf_trigger") == "false");
}

TEST_CASE("more than a hundred changes are several requests with their credits", "[zoho][push]") {
    Pushing account;
    account.on(kUpdate, [](const test::FakeRequest& asked) {
        const auto body = sdk::parse_json(asked.body, "body");
        std::string out;
        for (const auto& each : body["data"])
            out += (out.empty() ? "" : ",") + done(each["id"].get<std::string>());
        return answer(out);
    });
    for (int i = 0; i < 105; ++i) account.update(std::to_string(i));
    const auto results = account.push();
    REQUIRE(results.size() == 105);
    CHECK(results[104].id == "104");
    const auto asked = account.requests_of(kUpdate);
    REQUIRE(asked.size() == 2);
    CHECK(asked[0].credits == 10);
    CHECK(asked[1].credits == 1);
}

TEST_CASE("a malformed batch and a module that cannot be written are refused", "[zoho][push]") {
    Pushing account;
    CHECK_THROWS_AS(account.connector->push(test::request("Contacts", kPushFields),
                                            abi::BatchReader("KB\1\0junk")),
                    sdk::Error);
    account.update("");
    CHECK_THROWS_AS(account.push(), sdk::Error);
    account.update("1");
    CHECK_THROWS_AS(account.push("users"), sdk::Error);
}
