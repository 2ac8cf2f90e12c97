// Shapes of requests and records that CRMs have of their own: a record spread among other members,
// JSON in addresses and forms, a value that is written elsewhere than it is read, items of a list
// that are known by a member.
#include <catch2/catch.hpp>

#include "connectors/declarative/pointer.hpp"
#include "connectors/declarative/template.hpp"
#include "tests/plugins/rest/remote.hpp"

namespace {

using namespace kontor::test;
using kontor::abi::Op;
using kontor::declarative::fill_json;
using kontor::declarative::Pointer;

/// A stream of people with these fields, and keys of its own.
std::string crm_of(const std::string& fields, const std::string& more = {}) {
    return "[stream.people]\nid = \"/id\"\n" + more + R"(
list = { path = "people" }
get = { path = "people/{id}" }
create = { path = "people", body = "{record}" }
update = { path = "people/{id}", body = "{record}" }
[stream.people.fields]
)" + fields;
}

/// What an update of the record `row` sends.
Json update_of(const std::string& crm, const Json& row,
               const std::map<std::string, FakeValue>& fields) {
    RestRemote remote(crm);
    remote.answer(row);
    remote.answer(Json::object());
    CHECK(remote.push(Op::kUpdate, "7", "", fields).status == "ok");
    return Json::parse(remote.host.requests.at(1).body);
}

/// The only field of the only record of a list that has this row.
FakeValue read_from(const std::string& crm, const std::string& field, const Json& row) {
    RestRemote remote(crm);
    remote.answer(Json::array({row}));
    remote.pull("people", {field});
    const auto fields = remote.host.records().at(0).fields;
    return fields.empty() ? FakeValue(std::string("absent")) : fields.at(0);
}

const FakeValue kBlank = std::monostate();

}  // namespace

TEST_CASE("the members of an object are put beside others, which come first", "[rest][shapes]") {
    const Json shape = {{"...", "{record}"}, {"Id", "{id}"}, {"lock", "{token}"}};
    CHECK(fill_json(shape, {{"record", {{"name", "Ada"}, {"Id", 1}}}, {"id", 7}}) ==
          Json{{"name", "Ada"}, {"Id", 7}});
    CHECK(fill_json(shape, {{"record", Json::object()}, {"id", 7}}) == Json{{"Id", 7}});
    // What is no object has no members.
    CHECK(fill_json({{"...", "{id}"}}, {{"id", 7}}) == Json{{"...", 7}});
}

TEST_CASE("a table or a list in an address or a form is sent as JSON", "[rest][shapes]") {
    RestRemote remote(R"(
        [stream.people]
        id = "/id"
        modified = "/updated"
        [stream.people.list]
        path = "people"
        query = { fields = ["id", "name"], where = { gone = false, after = "{cursor}" } }
        [stream.people.get]
        path = "people/{id}"
        [stream.people.update]
        method = "POST"
        path = "revise"
        form = { what = "revise", element = { "..." = "{record}", id = "{id}" } }
        [stream.people.fields]
        name = "text"
    )");
    remote.answer(Json::array());
    remote.pull("people", {"name"});
    CHECK(remote.host.requests.at(0).query.at("fields") == R"(["id","name"])");
    CHECK(remote.host.requests.at(0).query.at("where") == R"({"gone":false})");
    remote.answer({{"id", "7"}});
    remote.answer(Json::object());
    remote.answer({{"id", "7"}});
    CHECK(remote.push(Op::kUpdate, "7", "", {{"name", std::string("A&B")}}).status == "ok");
    CHECK(remote.host.requests.at(2).body ==
          "what=revise&element=%7B%22id%22%3A%227%22%2C%22name%22%3A%22A%26B%22%7D");
}

TEST_CASE("a value may be written elsewhere than it is read", "[rest][shapes]") {
    const auto crm = crm_of(
        "company = { type = \"reference\", to = \"people\", path = \"/company/id\", "
        "write = \"/company_id\" }\n"
        "boss = { type = \"text\", at = \"/meta/boss\", write = \"/boss\" }\n");
    const Json row = {{"id", 7}, {"company", {{"id", 3}}}, {"meta", {{"boss", "Li"}}}};
    CHECK(read_from(crm, "company", row) == FakeValue(std::string("3")));
    CHECK(update_of(crm, row, {{"company", std::string("4")}, {"boss", std::string("Wu")}}) ==
          Json{{"company_id", "4"}, {"boss", "Wu"}});
}

TEST_CASE("what stands in nothing is blank, what is not spoken of is not known", "[rest][shapes]") {
    const auto crm = crm_of("company = { type = \"text\", path = \"/company/id\" }\n");
    for (const Json& nothing : {Json(), Json(false), Json("")})
        CHECK(read_from(crm, "company", {{"id", 7}, {"company", nothing}}) == kBlank);
    CHECK(read_from(crm, "company", {{"id", 7}}) == FakeValue(std::string("absent")));
    CHECK(read_from(crm, "company", {{"id", 7}, {"company", {{"name", "x"}}}}) ==
          FakeValue(std::string("absent")));
    const auto pair = crm_of("company = { type = \"text\", path = \"/company/0\" }\n");
    CHECK(read_from(pair, "company", {{"id", 7}, {"company", false}}) == kBlank);
    CHECK(read_from(pair, "company", {{"id", 7}, {"company", {3, "X"}}}) ==
          FakeValue(std::string("3")));
}

TEST_CASE("an item of a list is known by a member", "[rest][shapes]") {
    const auto crm =
        crm_of("mail = { type = \"email\", path = \"/fields/[code=EMAIL]/values/0/value\" }\n");
    const Json phone = {{"code", "PHONE"}, {"values", {{{"value", "1"}}}}};
    const Json mail = {{"code", "EMAIL"}, {"values", {{{"value", "a@b.c"}, {"kind", "work"}}}}};
    const Json row = {{"id", 7}, {"fields", {phone, mail}}};
    CHECK(read_from(crm, "mail", row) == FakeValue(std::string("a@b.c")));
    CHECK(read_from(crm, "mail", {{"id", 7}, {"fields", {phone}}}) == kBlank);
    CHECK(read_from(crm, "mail", {{"id", 7}, {"fields", nullptr}}) == kBlank);
    CHECK(read_from(crm, "mail", {{"id", 7}}) == FakeValue(std::string("absent")));

    Json changed = row["fields"];
    changed[1]["values"][0]["value"] = "x@y.z";
    CHECK(update_of(crm, row, {{"mail", std::string("x@y.z")}}) == Json{{"fields", changed}});
    // One that is not there yet is made; a blank takes it out.
    CHECK(update_of(crm, {{"id", 7}, {"fields", {phone}}}, {{"mail", std::string("x@y.z")}}) ==
          Json{{"fields", {phone, {{"code", "EMAIL"}, {"values", {{{"value", "x@y.z"}}}}}}}});
    CHECK(update_of(crm, row, {{"mail", std::monostate()}}) == Json{{"fields", {phone}}});

    // Members that are numbers are known by their digits, and made as numbers.
    const auto numbered = Pointer::parse("/[id=12]/v");
    Json list = {{{"id", 3}, {"v", "a"}}, {{"id", 12}, {"v", "b"}}};
    REQUIRE(numbered->find(list) != nullptr);
    CHECK(*numbered->find(list) == "b");
    Json made;
    numbered->put(made, "c");
    CHECK(made == Json::array({{{"id", 12}, {"v", "c"}}}));
    // A member of that name is none.
    CHECK(*Pointer::parse("/[id=12]")->find({{"[id=12]", 1}}) == 1);
    for (const char* step : {"[=x]", "[x]", "[]", "x=1", "[a=b"})
        CHECK_FALSE(Pointer::chooses_item(step));
}

TEST_CASE("where an update replaces, the other members of an object go with it", "[rest][shapes]") {
    const auto crm =
        crm_of("first = { type = \"text\", path = \"/name/first\" }\nmore = \"json\"\n",
               "send_whole = true");
    const Json row = {{"id", 7}, {"name", {{"first", "A"}, {"last", "B"}}}, {"more", {{"a", 1}}}};
    Json expected = row;
    expected["name"]["first"] = "Z";
    CHECK(update_of(crm, row, {{"first", std::string("Z")}}) == expected);
    // A value that is an object itself is what it was set to.
    expected = row;
    expected["more"] = {{"b", 2}};
    CHECK(update_of(crm, row, {{"more", std::string(R"({"b":2})")}}) == expected);
}

TEST_CASE("a login's token may stand in a cookie", "[rest][shapes]") {
    const std::string head = R"(
name = "test"
base_url = "https://crm.test/api"
[auth]
kind = "login"
url = "https://crm.test/login"
secrets = ["password"]
body = { password = "{password}" }
token = "cookie:sid"
headers = { Cookie = "sid={token}" }
)";
    RestRemote remote(crm_of("name = \"text\"\n"), head);
    remote.answer(Json::array());
    remote.pull("people", {"name"});
    CHECK(remote.host.requests.size() == 1);
    CHECK_THROWS_WITH(RestRemote(crm_of("name = \"text\"\n"), head + "code = \"code\"\n"),
                      Catch::Contains("must be a place in the answer"));
}
