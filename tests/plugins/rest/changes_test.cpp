// Increments, deletions and single records.
#include <catch2/catch.hpp>

#include "tests/plugins/rest/remote.hpp"

namespace {

using namespace kontor::test;
namespace abi = kontor::abi;

constexpr std::string_view kPeople = R"(
[errors]
code = "/code"
[[errors.rule]]
requests = ["list", "changes"]
status = 404
means = "empty"
[[errors.rule]]
requests = ["get"]
status = 400
contains = "no such"
means = "missing"
[stream.people]
id = "/id"
modified = { at = ["/updated", "/created"], format = "%Y-%m-%d %H:%M:%S" }
modified_by = "/by"
overlap = "10m"
gone = { at = "/deleted" }
[stream.people.list]
path = "people"
[stream.people.changes]
query = { since = "{since}" }
[stream.people.deleted]
path = "trash"
query = { since = "{since}" }
[stream.people.get]
path = "people/{id}"
[stream.people.fields]
name = "text"
)";

// 2023-11-14 22:00:00 is 13 minutes 20 seconds before the fake host's clock.
const Json kAda = {
    {"id", 7}, {"name", "Ada"}, {"created", "2023-11-14 22:00:00"}, {"updated", nullptr}};

kontor::sdk::Request request_of(std::vector<std::string> ids) {
    kontor::sdk::Request out;
    out.stream = "people";
    out.fields = {"name"};
    out.ids = std::move(ids);
    return out;
}

}  // namespace

TEST_CASE("changes are asked for from the newest one seen, less the overlap", "[rest]") {
    RestRemote remote(kPeople);
    remote.answer(Json::array({kAda}));
    const auto loaded = remote.pull("people", {"name"});
    CHECK(remote.host.records()[0].version == "2023-11-14T22:00:00.000Z");
    remote.host.clear();
    remote.answer(Json::array());
    remote.answer(Json::array());
    const auto quiet = remote.pull("people", {"name"}, loaded);
    CHECK(remote.host.requests[0].query.at("since") == "2023-11-14 21:50:00");
    CHECK(quiet == loaded);
}

TEST_CASE("what is stamped later than the pull began is asked for again", "[rest]") {
    RestRemote remote(kPeople);
    Json later = kAda;
    later["updated"] = "2023-11-14 23:30:00";  // the server's clock says 22:13:20
    remote.answer(Json::array({later}));
    const auto loaded = remote.pull("people", {"name"});
    remote.answer(Json::array());
    remote.answer(Json::array());
    remote.pull("people", {"name"}, loaded);
    CHECK(remote.host.requests[1].query.at("since") == "2023-11-14 22:03:20");
}

TEST_CASE("flagged rows and those of a feed are deletions, but not in a first load", "[rest]") {
    RestRemote remote(kPeople);
    Json gone = kAda;
    gone["id"] = 8;
    gone["deleted"] = true;
    remote.answer(Json::array({kAda, gone}));
    const auto loaded = remote.pull("people", {"name"});
    REQUIRE(remote.host.records().size() == 1);
    remote.host.clear();
    remote.answer(Json::array({gone}));
    remote.answer(Json::array({9, {{"id", 10}}}));  // ids alone, or rows
    remote.pull("people", {"name"}, loaded);
    const auto records = remote.host.records();
    REQUIRE(records.size() == 3);
    for (const auto& record : records) CHECK(record.op == abi::Op::kDeleted);
    CHECK(records[0].id == "8");
    CHECK(records[1].id == "9");
    CHECK(records[2].id == "10");
}

TEST_CASE("a server that answers 404 to an empty list has an empty list", "[rest]") {
    RestRemote remote(kPeople);
    remote.answer({{"code", "NONE"}}, 404);
    CHECK_NOTHROW(remote.pull("people", {"name"}));
    CHECK(remote.host.records().empty());
    remote.answer({{"code", "NO_RIGHT"}}, 403);
    try {
        remote.pull("people", {"name"});
        FAIL("no error");
    } catch (const kontor::sdk::Error& error) {
        CHECK(error.status() == KONTOR_E_PERMISSION);
        CHECK(std::string(error.what()) == "list people: HTTP 403: NO_RIGHT");
    }
}

TEST_CASE("single records: there, missing in two ways, forbidden, merged", "[rest]") {
    RestRemote remote(kPeople);
    remote.answer(kAda);
    remote.answer({{"code", "X"}}, 404);
    remote.answer({{"code", "no such record"}}, 400);
    remote.answer({{"code", "X"}}, 403);
    remote.answer(kAda);
    remote.connector->fetch(request_of({"7", "8", "9", "10", "11"}));
    const auto records = remote.host.records();
    REQUIRE(records.size() == 5);
    CHECK(records[0].op == abi::Op::kRecord);
    CHECK(records[1].op == abi::Op::kMissing);
    CHECK(records[2].op == abi::Op::kMissing);
    CHECK(records[3].op == abi::Op::kForbidden);
    CHECK(records[4].op == abi::Op::kMerged);
    CHECK(records[4].key == "7");
    remote.answer({{"code", "bad filter"}}, 400);
    CHECK_THROWS_WITH(remote.connector->fetch(request_of({"12"})), Catch::Contains("bad filter"));
}

TEST_CASE("records by the list: one that spoils the answer is found out", "[rest]") {
    RestRemote remote(R"(
[stream.people]
id = "/id"
[stream.people.list]
path = "people"
[stream.people.get]
path = "people/some"
query = { ids = "{ids}" }
batch = 10
[stream.people.fields]
name = "text"
)");
    remote.host.handler = [](const FakeRequest& request) {
        const auto ids = request.query.at("ids");
        if (ids.find('8') != std::string::npos) return FakeResponse{404, "{}", {}, KONTOR_OK};
        return FakeResponse{
            200, Json::array({{{"id", "7"}, {"name", "Ada"}}}).dump(), {}, KONTOR_OK};
    };
    remote.connector->fetch(request_of({"7", "8"}));
    const auto records = remote.host.records();
    REQUIRE(records.size() == 2);
    CHECK(records[0].op == abi::Op::kRecord);
    CHECK(records[1].op == abi::Op::kMissing);
    CHECK(remote.host.requests.size() == 3);
}

namespace {

constexpr const char* kEach = R"(
[option.forms]
type = "list"
[stream.people]
id = "/id"
modified = "/changed"
overlap = "0s"
each = { option = "forms", at = "/form", number = true }
[stream.people.list]
path = "forms/{each}"
records = "/data"
query = { trace = "{random}" }
[stream.people.changes]
query = { since = "{since}" }
[stream.people.fields]
form = { at = "/form" }
)";

Json of_form(int id) {
    return {{"data", {{{"id", id}, {"changed", "2026-05-20T10:00:00Z"}}}}};
}

}  // namespace

TEST_CASE("lists are asked for once for each value of an option; a new value is loaded", "[rest]") {
    const auto options = [](Json forms) {
        return Json{{"url", "https://crm.test"}, {"forms", std::move(forms)}};
    };
    RestRemote remote(kEach, kHead, options({"7", "8"}));
    remote.answer(of_form(1));
    remote.answer(of_form(2));
    const auto cursor = remote.pull("people", {"form"});
    const auto asked = remote.asked();
    REQUIRE(asked.size() == 2);
    CHECK(asked[0].starts_with("GET /api/forms/7?trace="));
    CHECK(asked[0].size() == std::string_view("GET /api/forms/7?trace=").size() + 32);
    CHECK(asked[1].starts_with("GET /api/forms/8?trace="));
    CHECK(asked[0].substr(17) != asked[1].substr(17));
    CHECK(std::get<std::string>(remote.host.records().at(1).fields.at(0)) == "8");

    RestRemote later(kEach, kHead, options({"8", "9"}));
    later.answer(of_form(2));
    later.answer(of_form(3));
    const auto next = later.pull("people", {"form"}, cursor);
    CHECK(later.asked()[0].find("since=") != std::string::npos);
    CHECK(later.asked()[1].find("since") == std::string::npos);
    later.answer(of_form(2));
    later.answer(of_form(3));
    later.pull("people", {"form"}, next);
    CHECK(later.asked()[3].find("since") != std::string::npos);

    RestRemote wrong(kEach, kHead, options({"x"}));
    CHECK_THROWS_WITH(wrong.pull("people", {"form"}), Catch::Contains("whole numbers"));
}
