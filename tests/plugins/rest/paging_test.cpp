// Each way of paging against a server that the test plays: where the next page is asked for, when a
// list ends, and what happens when rows move meanwhile.
#include <catch2/catch.hpp>

#include "tests/plugins/rest/remote.hpp"

namespace {

using namespace kontor::test;
using kontor::sdk::Error;

const std::string kFields = "\n[stream.people.fields]\nname = \"text\"\n";

std::string people(const std::string& paging, const std::string& query) {
    return "[stream.people]\nid = \"/id\"\npaging = " + paging +
           "\n[stream.people.list]\npath = \"people\"\nrecords = \"/data\"\nquery = " + query +
           kFields;
}

Json rows(int from, int to) {
    Json out = Json::array();
    for (int id = from; id <= to; ++id)
        out.push_back({{"id", id}, {"name", "P" + std::to_string(id)}});
    return out;
}

std::vector<std::string> ids(const FakeHost& host) {
    std::vector<std::string> out;
    for (const auto& record : host.records()) out.push_back(record.id);
    return out;
}

using Asked = std::vector<std::string>;

}  // namespace

TEST_CASE("offset: pages overlap by a row, and the last one brings nothing new", "[rest]") {
    RestRemote remote(
        people("{kind = \"offset\", size = 3}", "{limit = \"{limit}\", start = \"{offset}\"}"));
    remote.answer({{"data", rows(1, 3)}});
    remote.answer({{"data", rows(3, 5)}});
    remote.answer({{"data", rows(5, 5)}});
    remote.pull("people", {"name"});
    CHECK(remote.asked() == Asked{"GET /api/people?limit=3&start=0",
                                  "GET /api/people?limit=3&start=2",
                                  "GET /api/people?limit=3&start=4"});
    CHECK(ids(remote.host) == Asked{"1", "2", "3", "4", "5"});
    CHECK(std::get<std::string>(remote.host.records()[4].fields.at(0)) == "P5");
}

TEST_CASE("offset: a row that went away in between makes the list be read again", "[rest]") {
    RestRemote remote(people("{kind = \"offset\", size = 3}", "{start = \"{offset}\"}"));
    remote.answer({{"data", rows(1, 3)}});
    remote.answer({{"data", rows(4, 6)}});  // 1 was deleted: 4 is where 3 was
    remote.answer({{"data", rows(2, 4)}});
    remote.answer({{"data", rows(4, 6)}});
    remote.answer({{"data", rows(6, 6)}});
    remote.pull("people", {"name"});
    CHECK(remote.host.requests.size() == 5);
    const auto got = ids(remote.host);
    CHECK(std::count(got.begin(), got.end(), "4") >= 1);
    CHECK(got.back() == "6");
}

TEST_CASE("the number of all may be a text, or stand in a header", "[rest]") {
    const bool in_header = GENERATE(true, false);
    RestRemote remote(people(std::string("{kind = \"page\", size = 2, total = \"") +
                                 (in_header ? "header:X-Total-Count" : "/total") + "\"}",
                             "{page = \"{page}\"}"));
    const auto answer = [&](const Json& data, const std::string& total) {
        if (in_header)
            remote.answer({{"data", data}}, 200, {{"x-total-count", total}});
        else
            remote.answer({{"data", data}, {"total", total}});
    };
    SECTION("the list ends with it") {
        answer(rows(1, 2), "3");
        answer(rows(3, 3), "3");
        remote.pull("people", {"name"});
        CHECK(remote.asked().size() == 2);
    }
    SECTION("one that falls tells that rows have moved") {
        answer(rows(1, 2), "4");
        answer(rows(4, 4), "3");
        answer(rows(2, 3), "3");
        answer(rows(4, 4), "3");
        remote.pull("people", {"name"});
        CHECK(ids(remote.host) == Asked{"1", "2", "4", "2", "3", "4"});
    }
    SECTION("what is no number is none") {
        answer(rows(1, 2), "-1");
        answer(rows(3, 3), "many");
        answer(Json::array(), "");
        remote.pull("people", {"name"});
        CHECK(remote.asked().size() == 3);
    }
}

TEST_CASE("records may stand under their ids in an object", "[rest]") {
    std::string text =
        people("{kind = \"offset\", size = 2}", "{limit = \"{limit}\", start = \"{offset}\"}");
    text.replace(text.find("records = "), 0, "id_is_name = true\n");
    text.insert(text.find("[stream.people.fields]"),
                "[stream.people.get]\npath = \"people/{id}\"\n"
                "[stream.people.ids]\nquery = { only = \"id\" }\n");
    RestRemote remote(text);
    // With the id inside as well, or only as the name; the last page is an empty list (PHP).
    remote.answer(Json::parse(R"({"data": {"10": {"id": 10, "name": "A"}, "9": {"name": "B"}}})"));
    remote.answer(Json::parse(R"({"data": {"11": {"name": "C"}}})"));
    remote.answer(Json::parse(R"({"data": []})"));
    remote.pull("people", {"name"});
    CHECK(remote.asked() == Asked{"GET /api/people?limit=2&start=0",
                                  "GET /api/people?limit=2&start=2",
                                  "GET /api/people?limit=2&start=3"});
    CHECK(ids(remote.host) == Asked{"10", "9", "11"});
    CHECK(std::get<std::string>(remote.host.records()[1].fields.at(0)) == "B");

    remote.host.clear();
    remote.answer(Json::parse(R"({"data": {"10": "A", "9": null}})"));
    remote.answer(Json::parse(R"({"data": {}})"));
    kontor::sdk::Request request;
    request.stream = "people";
    CHECK(remote.connector->list_ids(request));
    CHECK(ids(remote.host) == Asked{"10", "9"});
}

TEST_CASE("an object of objects where a list should be is told as what it may be", "[rest]") {
    RestRemote remote(people("{kind = \"page\"}", "{page = \"{page}\"}"));
    remote.answer(Json::parse(R"({"data": {"10": {"name": "A"}}})"));
    CHECK_THROWS_WITH(remote.pull("people", {"name"}),
                      Catch::Matchers::Contains("no list at \"/data\"") &&
                          Catch::Matchers::Contains("id_is_name = true"));
}

TEST_CASE("offset: a list that never keeps still is given up, with what to do", "[rest]") {
    RestRemote remote(people("{kind = \"offset\", size = 2}", "{start = \"{offset}\"}"));
    int id = 0;
    remote.host.handler = [&](const FakeRequest&) {
        id += 10;
        return FakeResponse{200, Json{{"data", rows(id, id + 1)}}.dump(), {}, KONTOR_OK};
    };
    CHECK_THROWS_WITH(remote.pull("people", {"name"}), Catch::Contains("keyset"));
    kontor::sdk::Request request;
    request.stream = "people";
    CHECK_FALSE(remote.connector->list_ids(request));
}

TEST_CASE("page: numbers from the first one on, until nothing comes", "[rest]") {
    RestRemote remote(people("{kind = \"page\", first = 0, size = 2}",
                             "{page = \"{page}\", limit = \"{limit}\"}"));
    remote.answer({{"data", rows(1, 2)}});
    remote.answer({{"data", rows(3, 3)}});
    remote.answer({{"data", Json::array()}});
    remote.pull("people", {"name"});
    CHECK(remote.asked() == Asked{"GET /api/people?page=0&limit=2",
                                  "GET /api/people?page=1&limit=2",
                                  "GET /api/people?page=2&limit=2"});
    CHECK(ids(remote.host).size() == 3);
}

TEST_CASE("page: a server that caps its pages does not end the list", "[rest]") {
    RestRemote remote(people("{kind = \"page\", size = 200}", "{page = \"{page}\"}"));
    remote.answer({{"data", rows(1, 100)}});
    remote.answer({{"data", rows(101, 120)}});
    remote.answer({{"data", Json::array()}});
    remote.pull("people", {"name"});
    CHECK(ids(remote.host).size() == 120);
}

TEST_CASE("a total, a flag or a short page spare the last request", "[rest]") {
    const auto requests = [](const std::string& paging, const Json& more) {
        RestRemote remote(people(paging, "{page = \"{page}\"}"));
        Json answer = more;
        answer["data"] = rows(1, 2);
        remote.answer(answer);
        remote.answer({{"data", Json::array()}});
        remote.pull("people", {"name"});
        return remote.host.requests.size();
    };
    CHECK(requests("{kind = \"page\", size = 3, total = \"/total\"}", {{"total", 2}}) == 1);
    CHECK(requests("{kind = \"page\", size = 3, total = \"/total\"}", {{"total", -1}}) == 2);
    CHECK(requests("{kind = \"page\", size = 3, more = \"/more\"}", {{"more", false}}) == 1);
    CHECK(requests("{kind = \"page\", size = 3, ends = \"short\"}", Json::object()) == 1);
    CHECK(requests("{kind = \"page\", size = 3}", Json::object()) == 2);
}

TEST_CASE("cursor: in the body or in a header, left out of the first request", "[rest]") {
    RestRemote body(
        people("{kind = \"cursor\", next = \"/paging/next/after\"}", "{after = \"{cursor}\"}"));
    body.answer({{"data", rows(1, 2)}, {"paging", {{"next", {{"after", "c 2"}}}}}});
    body.answer({{"data", rows(3, 3)}});
    body.pull("people", {"name"});
    CHECK(body.asked() == Asked{"GET /api/people", "GET /api/people?after=c%202"});

    RestRemote header(
        people("{kind = \"cursor\", next = \"header:X-Next\"}", "{after = \"{cursor}\"}"));
    header.answer({{"data", rows(1, 2)}}, 200, {{"x-next", "n2"}});
    header.answer({{"data", rows(3, 3)}});
    header.pull("people", {"name"});
    CHECK(header.asked() == Asked{"GET /api/people", "GET /api/people?after=n2"});

    RestRemote stuck(people("{kind = \"cursor\", next = \"/next\"}", "{after = \"{cursor}\"}"));
    for (int i = 0; i < 2; ++i) stuck.answer({{"data", rows(1, 2)}, {"next", "same"}});
    CHECK_THROWS_WITH(stuck.pull("people", {"name"}), Catch::Contains("for ever"));
}

TEST_CASE("link: a Link header or an address in the body, whole or relative", "[rest]") {
    RestRemote header(people("{kind = \"link\"}", "{q = 1}"));
    header.answer({{"data", rows(1, 2)}}, 200,
                  {{"link",
                    "<https://crm.test/api/people?p=0>; rel=\"prev\", "
                    "<https://crm.test/api/people?p=2>; rel=\"next\""}});
    header.answer({{"data", rows(3, 3)}});
    header.pull("people", {"name"});
    CHECK(header.asked() == Asked{"GET /api/people?q=1", "GET /api/people?p=2"});

    RestRemote body(people("{kind = \"link\", next = \"/links/next\"}", "{q = 1}"));
    body.answer({{"data", rows(1, 2)}, {"links", {{"next", "/api/people?p=2"}}}});
    body.answer({{"data", rows(3, 3)}, {"links", {{"next", "people?p=3"}}}});
    body.answer({{"data", Json::array()}, {"links", {{"next", nullptr}}}});
    body.pull("people", {"name"});
    CHECK(body.asked() ==
          Asked{"GET /api/people?q=1", "GET /api/people?p=2", "GET /api/people?p=3"});
}

TEST_CASE("keyset: after the last id seen, and a load that was cut off goes on there", "[rest]") {
    const auto description =
        people("{kind = \"keyset\", start = 0, size = 2}", "{after = \"{last_id}\"}");
    RestRemote remote(description);
    remote.answer({{"data", rows(1, 1200)}});
    remote.answer({{"data", rows(1201, 1201)}}, 500);
    CHECK_THROWS_AS(remote.pull("people", {"name"}), Error);
    const auto reached = remote.host.batches.back().checkpoint;
    REQUIRE_FALSE(reached.empty());
    remote.host.clear();
    remote.answer({{"data", rows(1201, 1201)}});
    remote.answer({{"data", Json::array()}});
    remote.pull("people", {"name"}, reached);
    CHECK(remote.asked() == Asked{"GET /api/people?after=1200", "GET /api/people?after=1201"});

    RestRemote stuck(description);
    for (int i = 0; i < 2; ++i) stuck.answer({{"data", rows(1, 2)}});
    CHECK_THROWS_WITH(stuck.pull("people", {"name"}), Catch::Contains("does not go on"));
}

TEST_CASE("an answer without a list where one is expected is an error, not an empty list",
          "[rest]") {
    RestRemote remote(people("{kind = \"none\"}", "{q = 1}"));
    remote.answer({{"items", rows(1, 2)}});
    CHECK_THROWS_WITH(remote.pull("people", {"name"}), Catch::Contains("no list at \"/data\""));
    remote.answer({{"data", Json::array({{{"name", "no id"}}})}});
    CHECK_THROWS_WITH(remote.pull("people", {"name"}), Catch::Contains("no id at /id"));
}
