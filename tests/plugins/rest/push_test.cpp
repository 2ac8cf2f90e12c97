// Changes that go out: what is asked before and after, and what each answer means.
#include <catch2/catch.hpp>

#include "tests/plugins/rest/remote.hpp"

namespace {

using namespace kontor::test;
namespace abi = kontor::abi;
using abi::Op;

const std::string kPeople = R"(
[errors]
code = "/code"
message = "/message"
[[errors.rule]]
status = 409
path = "/others"
means = "duplicate"
id = "/others/0/id"
[[errors.rule]]
status = 409
means = "changed"
[[errors.rule]]
path = "/failed"
means = "invalid"
field = "/failed/field"
[stream.people]
id = "/id"
modified = "/updated"
key_field = "ext"
MORE
[stream.people.list]
path = "people"
[stream.people.get]
path = "people/{id}"
[stream.people.find]
path = "people"
query = { ext = "{value}" }
[stream.people.create]
path = "people"
body = { data = "{record}", key = "{key}" }
[stream.people.update]
path = "people/{id}"
headers = { If-Match = "{token}" }
body = "{record}"
[stream.people.delete]
path = "people/{id}"
headers = { If-Match = "{token}" }
[stream.people.fields]
name = { path = "/names/full" }
age = "integer"
ext = "text"
)";

std::string people(const std::string& more) {
    std::string out = kPeople;
    out.replace(out.find("MORE"), 4, more);
    return out;
}

const Json kAda = {{"id", "7"},
                   {"updated", "2026-05-01T10:00:00Z"},
                   {"rest", "kept"},
                   {"names", {{"full", "Ada"}}}};
constexpr auto kBasedOn = "2026-05-01T10:00:00.000Z";
const std::map<std::string, FakeValue> kName{{"name", std::string("Ada L")}};

}  // namespace

TEST_CASE("where ids are numbers no other text is asked for", "[rest][push]") {
    RestRemote remote(R"(
        [stream.people]
        id = "/id"
        id_is_number = true
        list = { path = "people" }
        get = { path = "people/{id}" }
        update = { path = "people/{id}", body = "{record}" }
        [stream.people.fields]
        name = "text"
    )");
    for (const char* id : {"../../etc/passwd", "1 OR 1=1", "1e3", "01", ""}) {
        kontor::sdk::Request request;
        request.stream = "people";
        request.ids = {id};
        remote.host.clear();
        remote.connector->fetch(request);
        CHECK(remote.host.records().at(0).op == Op::kMissing);
        CHECK(remote.push(Op::kUpdate, id, "", {{"name", std::string("x")}}).status == "missing");
    }
    CHECK(remote.host.requests.empty());
}

TEST_CASE("an update reads the record, bears its token, and notes what it is stamped with",
          "[rest]") {
    RestRemote remote(people("token = \"header:ETag\""));
    Json after = kAda;
    after["updated"] = "2026-05-02T10:00:00Z";
    remote.answer(kAda, 200, {{"etag", "\"v3\""}});
    remote.answer(Json::object());
    remote.answer(after);
    const auto result = remote.push(Op::kUpdate, "7", kBasedOn, kName);
    CHECK(result.status == "ok");
    CHECK(result.version == "2026-05-02T10:00:00.000Z");
    const auto& write = remote.host.requests.at(1);
    CHECK(write.method == "PATCH");
    CHECK(write.headers.at("If-Match") == "\"v3\"");
    CHECK(Json::parse(write.body) == Json{{"names", {{"full", "Ada L"}}}});
    CHECK(write.lane == "write");
    CHECK_FALSE(write.idempotent);
}

TEST_CASE("a record that is newer, gone or refused is not written", "[rest]") {
    RestRemote remote(people(""));
    Json newer = kAda;
    newer["updated"] = "2026-05-01T10:00:01Z";
    remote.answer(newer);
    CHECK(remote.push(Op::kUpdate, "7", kBasedOn, kName).status == "changed");
    remote.answer(Json::object(), 404);
    CHECK(remote.push(Op::kUpdate, "7", kBasedOn, kName).status == "missing");
    remote.answer(Json::object(), 403);
    CHECK(remote.push(Op::kDelete, "7", kBasedOn, {}).status == "forbidden");
    CHECK(remote.host.requests.size() == 3);
}

TEST_CASE("what an answer to a write means", "[rest]") {
    RestRemote remote(people(""));
    const auto update = [&](const Json& body, int status) {
        remote.answer(kAda);
        remote.answer(body, status);
        return remote.push(Op::kUpdate, "7", kBasedOn, kName);
    };
    CHECK(update({{"code", "OLD"}}, 409).status == "changed");
    const auto duplicate = update({{"others", Json::array({{{"id", 12}}})}}, 409);
    CHECK(duplicate.status == "duplicate");
    CHECK(duplicate.id == "12");
    const auto inside =
        update({{"failed", {{"field", "name"}}}, {"code", "E7"}, {"message", "too long"}}, 200);
    CHECK(inside.status == "invalid");
    CHECK(inside.field == "name");
    CHECK(inside.code == "E7");
    CHECK(inside.message == "update people: HTTP 200: E7: too long");
    CHECK(update(Json::object(), 423).status == "locked");
    CHECK(update(Json::object(), 404).status == "missing");
    CHECK(update(Json::object(), 503).status == "retry");
    CHECK(update(Json::object(), 500).status == "unknown");
}

TEST_CASE("an answer that is lost is unknown, and the rest waits", "[rest]") {
    RestRemote remote(people(""));
    FakeResponse lost;
    lost.transport = KONTOR_E_TIMEOUT;
    remote.answer(Json::array());
    remote.host.script(lost);
    kontor::sdk::Request request;
    request.stream = "people";
    request.fields = {"name"};
    abi::BatchWriter batch;
    for (const auto* key : {"k1", "k2"}) {
        batch.begin(Op::kCreate, "", "", key);
        batch.add(0, "New");
    }
    const auto results = remote.connector->push(request, abi::BatchReader(batch.bytes()));
    REQUIRE(results.size() == 2);
    CHECK(results[0].status == "unknown");
    CHECK(results[1].status == "retry");
    CHECK(remote.host.requests.size() == 2);
}

TEST_CASE("a create says its id in the body, alone, in a header, or is found by its key",
          "[rest]") {
    const auto id = [](const std::string& more, const Json& body,
                       std::map<std::string, std::string> headers = {}) {
        RestRemote remote(people(more));
        remote.answer(Json::array());
        remote.answer(body, 201, std::move(headers));
        remote.answer(Json::array({{{"id", "9"}, {"ext", "key-1"}}}));
        remote.answer({{"id", "x"}});
        const auto result = remote.push(Op::kCreate, "", "", kName);
        CHECK(Json::parse(remote.host.requests[1].body) ==
              Json{{"data", {{"names", {{"full", "Ada L"}}}, {"ext", "key-1"}}}, {"key", "key-1"}});
        CHECK(result.action == "create");
        return result.id;
    };
    CHECK(id("created_id = \"/data/0\"", {{"data", {5}}}) == "5");
    CHECK(id("", "42") == "42");
    CHECK(id("", 42) == "9");  // could be cut short: the key tells
    CHECK(id("created_id = \"header:Location\"", nullptr, {{"location", "/api/people/88"}}) ==
          "88");
    CHECK(id("", nullptr) == "9");
}

TEST_CASE("a create that has been sent before becomes an update", "[rest]") {
    RestRemote remote(people(""));
    Json ours = kAda;
    ours["ext"] = "key-1";
    Json another = kAda;  // what a server finds that does not look closely
    another["id"] = 8;
    another["ext"] = "key-10";
    remote.answer(Json::array({another, ours}));
    remote.answer(ours);
    remote.answer(Json::object());
    remote.answer(ours);
    const auto result = remote.push(Op::kCreate, "", "", kName);
    CHECK(result.status == "ok");
    CHECK(result.id == "7");
    CHECK(result.action == "create");
    CHECK(remote.host.requests.at(2).method == "PATCH");
    CHECK(remote.host.requests.at(2).path == "/api/people/7");
}

namespace {

/// People whose changes go in batches, and a server that has Ada (7) and Bob (8).
struct Batches {
    explicit Batches(const std::string& more = "")
        : remote(people(R"(
create_batch = { path = "batch", item = { r = "{record}", k = "{key}" }, body = { all = "{items}" }, records = "/done" )" +
                        more + R"( }
update_batch = { method = "PUT", path = "batch", item = { i = "{id}", r = "{record}" }, body = { all = "{items}" }, records = "/done" }
delete_batch = { path = "gone", body = { ids = "{items}" }, match = "all" }
)")) {
        remote.host.handler = [this](const FakeRequest& request) {
            FakeResponse out;
            if (request.method == "GET" && request.path.ends_with("/7")) out.body = kAda.dump();
            if (request.method == "GET" && request.path.ends_with("/8")) {
                Json bob = kAda;
                bob["id"] = 8;
                out.body = bob.dump();
            }
            if (request.method == "GET" && request.path.ends_with("/9")) out.status = 404;
            if (request.method == "GET" && request.path.ends_with("/people")) out.body = "[]";
            if (request.method == "GET") return out;
            writes.push_back(request.method + " " + request.path);
            bodies.push_back(request.body.empty() ? Json() : Json::parse(request.body));
            return answer(request);
        };
    }

    std::vector<std::string> push(Op op, const std::vector<std::string>& names) {
        writes.clear();
        bodies.clear();
        kontor::sdk::Request request;
        request.stream = "people";
        request.fields = {"name"};
        abi::BatchWriter batch;
        for (const auto& name : names) {
            const bool creates = op == Op::kCreate;
            batch.begin(op, creates ? "" : name, "", creates ? name : "");
            if (op != Op::kDelete) batch.add(0, "New");
        }
        std::vector<std::string> out;
        for (const auto& each : remote.connector->push(request, abi::BatchReader(batch.bytes())))
            out.push_back(each.status + " " + each.id);
        return out;
    }

    RestRemote remote;
    std::function<FakeResponse(const FakeRequest&)> answer;
    std::vector<std::string> writes;
    std::vector<Json> bodies;
};

FakeResponse said(const Json& body, int status = 200) {
    return {status, body.dump(), {}, KONTOR_OK};
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("changes go in batches, each with its own result", "[rest][batch]") {
    Batches batches;
    batches.answer = [](const FakeRequest& request) {
        if (request.path == "/api/gone") return said(nullptr, 204);
        if (request.method == "POST")
            return said({{"done", {{{"id", 7}}, {{"failed", {{"field", "name"}}}}}}});
        return said({{"done", Json::array({{{"id", 8}}})}});
    };
    // By order, one refused inside the answer.
    CHECK(batches.push(Op::kCreate, {"k1", "k2"}) == Texts{"ok 7", "invalid "});
    CHECK(batches.writes == Texts{"POST /api/batch"});
    CHECK(batches.bodies[0]["all"][1]["k"] == "k2");
    // By id; what the answer says nothing of is sent by itself, and what is not there not at all.
    CHECK(batches.push(Op::kUpdate, {"7", "8", "9"}) == Texts{"ok 7", "ok 8", "missing "});
    CHECK(batches.writes == Texts{"PUT /api/batch", "PATCH /api/people/7"});
    CHECK(batches.bodies[0]["all"].size() == 2);
    CHECK(batches.push(Op::kDelete, {"7", "8"}) == Texts{"ok 7", "ok 8"});
    CHECK(batches.bodies == std::vector<Json>{{{"ids", {"7", "8"}}}});
    // One alone is none.
    (void)batches.push(Op::kUpdate, {"7"});
    CHECK(batches.writes == Texts{"PATCH /api/people/7"});
}

TEST_CASE("a batch that is refused as a whole is sent one by one", "[rest][batch]") {
    Batches batches;
    batches.answer = [](const FakeRequest& request) {
        if (request.path == "/api/batch") return said(Json::object(), 400);
        return request.path.ends_with("/8") ? said(Json::object(), 403) : said(Json::object());
    };
    CHECK(batches.push(Op::kUpdate, {"7", "8"}) == Texts{"ok 7", "forbidden "});
}

TEST_CASE("what became of a batch is not guessed", "[rest][batch]") {
    Batches batches;
    const auto one_answer = [&](const FakeResponse& response) {
        batches.answer = [response](const FakeRequest&) { return response; };
    };
    FakeResponse lost;
    lost.transport = KONTOR_E_TIMEOUT;
    one_answer(lost);
    CHECK(batches.push(Op::kCreate, {"k1", "k2"}) == Texts{"unknown ", "unknown "});
    one_answer(said(Json::object(), 502));
    CHECK(batches.push(Op::kUpdate, {"7", "8"}) == Texts{"unknown ", "unknown "});
    one_answer(said(Json::object(), 503));
    CHECK(batches.push(Op::kUpdate, {"7", "8"}) == Texts{"retry ", "retry "});
    // Two were sent, one result came: whose is it?
    one_answer(said({{"done", Json::array({{{"id", 7}}})}}));
    CHECK(batches.push(Op::kCreate, {"k1", "k2"}) == Texts{"unknown ", "unknown "});
    one_answer(said(Json::object(), 401));
    CHECK_THROWS_AS(batches.push(Op::kCreate, {"k1", "k2"}), kontor::sdk::Error);
}

TEST_CASE("results are told apart by key", "[rest][batch]") {
    Batches batches(", match = \"key\"");
    batches.answer = [](const FakeRequest&) {
        return said({{"done", {{{"id", 2}, {"ext", "k2"}}, {{"id", 1}, {"ext", "k1"}}}}});
    };
    CHECK(batches.push(Op::kCreate, {"k1", "k2"}) == Texts{"ok 1", "ok 2"});
}

TEST_CASE("where an update replaces, what was not changed is sent as it was read", "[rest]") {
    RestRemote remote(people("send_whole = true"));
    remote.answer(kAda);
    remote.answer(Json::object());
    remote.answer(kAda);
    CHECK(remote.push(Op::kUpdate, "7", kBasedOn, {{"age", std::int64_t{36}}}).status == "ok");
    Json expected = kAda;
    expected["age"] = 36;
    CHECK(Json::parse(remote.host.requests.at(1).body) == expected);
}

TEST_CASE("a value that the field cannot hold is refused before anything is sent", "[rest]") {
    RestRemote remote(people(""));
    const auto result = remote.push(Op::kUpdate, "7", "", {{"age", std::string("old")}});
    CHECK(result.status == "invalid");
    CHECK(result.field == "age");
    CHECK(remote.host.requests.empty());
}

TEST_CASE("credentials that are refused stop the push before anything is written", "[rest]") {
    RestRemote remote(people(""));
    remote.answer(Json::object(), 401);
    try {
        remote.push(Op::kCreate, "", "", kName);
        FAIL("no error");
    } catch (const kontor::sdk::Error& error) {
        CHECK(error.status() == KONTOR_E_UNAUTHENTICATED);
    }
}
