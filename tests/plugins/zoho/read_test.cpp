// Reading by id, by key and sweeping all ids.
#include <catch2/catch.hpp>
#include <map>

#include "tests/plugins/zoho/account.hpp"
#include "tests/plugins/zoho/zip_archive.hpp"

using namespace kontor;

namespace {

const std::string kList = "GET /crm/v8/Contacts";
const std::string kTime = "2023-11-14T20:00:00Z";

std::map<std::string, test::EmittedRecord> by_id(const test::FakeHost& host) {
    std::map<std::string, test::EmittedRecord> out;
    for (const auto& record : host.records()) out[record.id] = record;
    return out;
}

sdk::Request ids(std::vector<std::string> wanted) {
    auto out = test::request("Contacts", {"Last_Name", "Bio"});
    out.ids = std::move(wanted);
    return out;
}

}  // namespace

TEST_CASE("fetch tells what is there, missing and forbidden", "[zoho][fetch]") {
    test::Account account;
    bool works = true;
    test::FakeResponse missing{204, "", {}, KONTOR_OK};
    SECTION("in one request") {}
    SECTION("one by one, where ids= is ignored") {
        works = false;
    }
    SECTION("a missing id is 400") {
        missing = test::refused(400, "INVALID_DATA");
    }
    SECTION("a missing id is 404") {
        missing = test::refused(404, "RESOURCE_NOT_FOUND");
    }
    account.on(kList, [&](const test::FakeRequest& asked) {
        CHECK(asked.query.at("ids") == "1,2,3");
        return works ? test::page(test::contact("1", "A", kTime))
                     : test::page(test::contact("8", "B", kTime) + "," +
                                  test::contact("9", "C", kTime));
    });
    account.on("GET /crm/v8/Contacts/1", test::page(test::contact("1", "A", kTime)));
    account.on("GET /crm/v8/Contacts/2", missing);
    account.on("GET /crm/v8/Contacts/3", test::refused(403, "NO_PERMISSION"));
    account.connector->fetch(ids({"1", "2", "3"}));
    const auto found = by_id(account.host);
    REQUIRE(found.size() == 3);
    CHECK(found.at("1").op == abi::Op::kRecord);
    CHECK(test::shown(found.at("1"), 0) == "A");
    CHECK(found.at("2").op == abi::Op::kMissing);
    CHECK(found.at("3").op == abi::Op::kForbidden);
    CHECK(account.asked("GET /crm/v8/Contacts/1") == (works ? 0 : 1));
}

TEST_CASE("what a list cut off is read whole", "[zoho][fetch]") {
    test::Account account;
    account.on(
        "GET /crm/v8/settings/fields",
        test::json(test::contact_fields(
            R"({"api_name":"Bio","data_type":"textarea","textarea":{"type":"rich_text"}})")));
    const auto record = [](const std::string& id, std::size_t size) {
        return "{\"id\":\"" + id + "\",\"Bio\":\"" + std::string(size, 'x') + "\"}";
    };
    account.on(kList, test::page(record("1", 10) + "," + record("2", 250)));
    account.on("GET /crm/v8/Contacts/2", test::page(record("2", 900)));
    account.connector->fetch(ids({"1", "2"}));
    const auto found = by_id(account.host);
    REQUIRE(account.host.records().size() == 2);
    CHECK(test::shown(found.at("1"), 1).size() == 10);
    CHECK(test::shown(found.at("2"), 1).size() == 900);
}

TEST_CASE("server trouble is no missing record", "[zoho][fetch]") {
    test::Account account;
    account.on("GET /crm/v8/Contacts/1", test::refused(500, "INTERNAL_ERROR"));
    CHECK_THROWS_AS(account.connector->fetch(ids({"1"})), sdk::Error);
    account.on("GET /crm/v8/Contacts/1", test::json("<html>"));
    CHECK_THROWS_AS(account.connector->fetch(ids({"1"})), sdk::Error);
    account.on("GET /crm/v8/Contacts/1", test::page(test::contact("2", "other", kTime)));
    CHECK_THROWS_AS(account.connector->fetch(ids({"1"})), sdk::Error);
    CHECK(account.host.batches.empty());
}

TEST_CASE("find asks COQL, whose values cannot break out", "[zoho][find]") {
    test::Account account;
    account.on("POST /crm/v8/coql", [](const test::FakeRequest& asked) {
        const std::string query = sdk::parse_json(asked.body, "q")["select_query"];
        CHECK(query ==
              "select id from Contacts where Kontor_Id in ('k1', 'o\\'k\\\\') order by id asc "
              "limit 0, 2000");
        return test::json(R"({"data":[{"id":"5"}],"info":{"more_records":false}})");
    });
    account.on("GET /crm/v8/Contacts/5", test::page(test::contact("5", "A", kTime)));
    auto wanted = test::request("Contacts", {"Last_Name"});
    wanted.field = "Kontor_Id";
    wanted.values = {"k1", "o'k\\"};
    account.connector->find(wanted);
    REQUIRE(account.host.records().size() == 1);
    CHECK(account.host.records()[0].id == "5");
    wanted.field = "id from Contacts --";
    CHECK_THROWS_AS(account.connector->find(wanted), sdk::Error);
}

TEST_CASE("find goes by external id where COQL is not allowed", "[zoho][find]") {
    test::Account account;
    account.on("POST /crm/v8/coql", test::refused(401, "OAUTH_SCOPE_MISMATCH"));
    account.on("GET /crm/v8/Contacts/k1", [](const test::FakeRequest& asked) {
        CHECK(asked.headers.at("X-EXTERNAL") == "Contacts.Kontor_Id");
        return test::page(R"({"id":"5"})");
    });
    account.on("GET /crm/v8/Contacts/k2", test::FakeResponse{204, "", {}, KONTOR_OK});
    account.on("GET /crm/v8/Contacts/5", test::page(test::contact("5", "A", kTime)));
    auto wanted = test::request("Contacts", {"Last_Name"});
    wanted.field = "Kontor_Id";
    wanted.values = {"k1", "k2"};
    account.connector->find(wanted);
    CHECK(account.host.records().size() == 1);
    wanted.field = "Email";  // no external id: nothing else to ask
    CHECK_THROWS_AS(account.connector->find(wanted), sdk::Error);
}

namespace {

// What an answer may have for an id that would change the request it is put into.
constexpr const char* kHostileIds[] = {R"("../x")", "1e999",         R"("1e999")", R"("5,6")",
                                       R"("")",     R"("5' or '1")", "-5",         "[5]",
                                       "null",      R"("%2e%2e")"};

}  // namespace

TEST_CASE("an id that is none of Zoho's is asked for by no find", "[zoho][find]") {
    const std::string hostile =
        GENERATE(from_range(std::begin(kHostileIds), std::end(kHostileIds)));
    CAPTURE(hostile);
    const bool by_coql = GENERATE(true, false);
    test::Account account;
    const std::string data = R"({"data":[{"id":"5"},{"id":)" + hostile + "}]";
    // More is promised: the next question would bear the id.
    account.on("POST /crm/v8/coql", by_coql ? test::json(data + R"(,"info":{"more_records":true}})")
                                            : test::refused(401, "OAUTH_SCOPE_MISMATCH"));
    account.on("GET /crm/v8/Contacts/k1", test::json(data + "}"));
    auto wanted = test::request("Contacts", {"Last_Name"});
    wanted.field = "Kontor_Id";
    wanted.values = {"k1"};
    account.host.clear();
    CHECK_THROWS_AS(account.connector->find(wanted), sdk::Error);
    CHECK(account.asked("POST /crm/v8/coql") == 1);
    CHECK(account.asked("GET /crm/v8/Contacts/k1") == (by_coql ? 0 : 1));
    for (const auto& asked : account.host.requests)
        CHECK((asked.path.ends_with("/coql") || asked.path.ends_with("/k1") ||
               asked.path.find("settings") != std::string::npos));
    CHECK(account.host.batches.empty());
}

TEST_CASE("a sweep by COQL goes on behind no id that is none of Zoho's", "[zoho][sweep]") {
    const std::string hostile =
        GENERATE(from_range(std::begin(kHostileIds), std::end(kHostileIds)));
    CAPTURE(hostile);
    test::Account account(R"({"bulk":"never"})");
    account.on(kList, [](const test::FakeRequest& asked) {
        return asked.query.count("page_token") == 0
                   ? test::page(test::contact("1", "A", kTime), "t")
                   : test::refused(400, "PAGINATION_LIMIT_EXCEEDED");
    });
    account.on("POST /crm/v8/coql",
               test::json(R"({"data":[{"id":)" + hostile + R"(}],"info":{"more_records":true}})"));
    account.host.clear();
    CHECK_THROWS_AS(account.connector->list_ids(test::request("Contacts", {})), sdk::Error);
    CHECK(account.asked("POST /crm/v8/coql") == 1);
    for (const auto& record : account.host.records()) CHECK(record.id == "1");
}

TEST_CASE("a COQL that gives at most 200 is followed", "[zoho][find]") {
    test::Account account;
    int asked_times = 0;
    account.on("POST /crm/v8/coql", [&](const test::FakeRequest& asked) {
        if (asked.body.find("2000") != std::string::npos)
            return test::refused(400, "LIMIT_EXCEEDED");
        return ++asked_times == 1
                   ? test::json(R"({"data":[{"id":"5"}],"info":{"more_records":true}})")
                   : test::json(R"({"data":[{"id":"6"}],"info":{"more_records":false}})");
    });
    account.on(kList,
               test::page(test::contact("5", "A", kTime) + "," + test::contact("6", "B", kTime)));
    auto wanted = test::request("Contacts", {"Last_Name"});
    wanted.field = "Email";
    wanted.values = {"a@b.c"};
    account.connector->find(wanted);
    CHECK(account.host.records().size() == 2);
}

TEST_CASE("a sweep lists every id with its version", "[zoho][sweep]") {
    test::Account account(R"({"bulk":"never"})");
    account.on(kList, [](const test::FakeRequest& asked) {
        CHECK(asked.query.at("fields") == "id,Modified_Time");
        return asked.query.count("page_token") == 0
                   ? test::page(test::contact("1", "A", kTime), "t")
                   : test::page(test::contact("2", "B", kTime));
    });
    CHECK(account.connector->list_ids(test::request("Contacts", {})));
    const auto records = account.host.records();
    REQUIRE(records.size() == 2);
    CHECK(records[0].op == abi::Op::kId);
    CHECK(records[1].version == "2023-11-14T20:00:00.000Z");
}

TEST_CASE("a sweep that is cut is no complete list", "[zoho][sweep]") {
    test::Account account(R"({"bulk":"never"})");
    account.on(kList, test::json(R"({"data":[{"id":"1"}],"info":{"more_records":true}})"));
    CHECK_FALSE(account.connector->list_ids(test::request("Contacts", {})));
    account.on(kList, test::refused(500, "INTERNAL_ERROR"));
    CHECK_THROWS_AS(account.connector->list_ids(test::request("Contacts", {})), sdk::Error);
}

TEST_CASE("a sweep behind the wall of page tokens goes on by COQL", "[zoho][sweep]") {
    test::Account account(R"({"bulk":"never"})");
    account.on(kList, [](const test::FakeRequest& asked) {
        return asked.query.count("page_token") == 0
                   ? test::page(test::contact("1", "A", kTime), "t")
                   : test::refused(400, "PAGINATION_LIMIT_EXCEEDED");
    });
    account.on("POST /crm/v8/coql", [](const test::FakeRequest& asked) {
        CHECK(asked.body.find("id > '1'") != std::string::npos);
        return test::json(
            R"({"data":[{"id":"2","Modified_Time":"2023-11-14T20:00:00Z"}],"info":{"more_records":false}})");
    });
    CHECK(account.connector->list_ids(test::request("Contacts", {})));
    REQUIRE(account.host.records().size() == 2);
    CHECK(account.host.records()[1].version == "2023-11-14T20:00:00.000Z");
}

TEST_CASE("a sweep of a large module is an export", "[zoho][sweep]") {
    test::Account account;
    account.on("GET /crm/v8/Contacts/actions/count", test::json(R"({"count":100000})"));
    account.on("POST /crm/bulk/v8/read", test::json(R"({"data":[{"details":{"id":"5"}}]})", 201));
    account.on("GET /crm/bulk/v8/read/5",
               test::json(R"({"data":[{"state":"COMPLETED","result":{"more_records":false}}]})"));
    account.on("GET /crm/bulk/v8/read/5/result",
               test::json(test::zip_archive("Id,Modified_Time\n1," + kTime + "\n")));
    CHECK(account.connector->list_ids(test::request("Contacts", {})));
    REQUIRE(account.host.records().size() == 1);
    CHECK(account.host.records()[0].op == abi::Op::kId);
}
