// What is wrong in a description is told with its line, its reason, and what is allowed.
#include <catch2/catch.hpp>

#include "connectors/declarative/read.hpp"
#include "connectors/declarative/spec_json.hpp"
#include "tests/plugins/rest/remote.hpp"

namespace {

using namespace kontor::test;
namespace declarative = kontor::declarative;

const std::string kGood = std::string(kHead) + R"(
[stream.people]
id = "/id"
modified = "/updated"
[stream.people.list]
path = "people"
[stream.people.changes]
query = { since = "{since}" }
[stream.people.fields]
name = "text"
)";

/// All problems of kGood with one text replaced, each on a line.
std::string problems(const std::string& what, const std::string& with) {
    std::string text = kGood;
    const auto at = text.find(what);
    REQUIRE(at != std::string::npos);
    text.replace(at, what.size(), with);
    kontor::config::Problems found;
    const auto read = declarative::read_description(text, "t.toml", found);
    CHECK(read.has_value() == found.empty());
    std::string out;
    for (const auto& each : found) out += each.text() + "\n";
    return out;
}

using Catch::Contains;

}  // namespace

TEST_CASE("a good description has no problem", "[rest]") {
    CHECK(problems("name = \"test\"", "name = \"test\"").empty());
}

TEST_CASE("mistakes are told with line, reason and what is allowed", "[rest]") {
    CHECK_THAT(problems("path = \"people\"", "path = \"people/{idd}\""),
               Contains("t.toml:14:8: stream.people.list.path: {idd} stands for nothing here") &&
                   Contains("{limit}") && Contains("{url}"));
    CHECK_THAT(problems("path = \"people\"", "path = \"people/{id\""),
               Contains("brace without its partner"));
    CHECK_THAT(problems("path = \"people\"", "pth = \"people\""),
               Contains("stream.people.list.pth: unknown key (did you mean 'path'?)"));
    CHECK_THAT(problems("kind = \"bearer\"", "kind = \"barer\""),
               Contains("auth.kind: must be one of:") && Contains("did you mean 'bearer'?"));
    CHECK_THAT(problems("name = \"text\"", "name = \"txt\""),
               Contains("stream.people.fields.name") && Contains("did you mean 'text'?"));
    CHECK_THAT(problems("id = \"/id\"", "id = \"id\""), Contains("JSON Pointer"));
    CHECK_THAT(problems("id = \"/id\"\n", ""), Contains("where does a record have its id?"));
    CHECK_THAT(problems("id = \"/id\"\n", "id = \"/id\"\neach = { option = \"url\" }\n"),
               Contains("must name an option of the type list"));
    CHECK_THAT(problems("path = \"people\"", "path = \"people/{each}\""),
               Contains("{each} stands for nothing here"));
    CHECK_THAT(problems("name = \"text\"",
                        "name = { type = \"text\", members = { ends = \"|\", between = \"$\" } }"),
               Contains("belongs to the type json"));
    CHECK_THAT(
        problems("name = \"text\"", "name = { type = \"json\", members = { ends = \"|\" } }"),
        Contains("made of a list (name and value) or of a text"));
    CHECK_THAT(problems("modified = \"/updated\"\n", ""),
               Contains("stream.people.modified: is missing"));
    CHECK_THAT(problems("since = \"{since}\"", "since = 1"),
               Contains("says {since} or {since_text} nowhere"));
    CHECK_THAT(problems("id = \"/id\"\n", "id = \"/id\"\npaging = {kind = \"page\"}\n"),
               Contains("says {page} nowhere, so that all its pages would be the first"));
    CHECK_THAT(problems("\"text\"\n", "\"text\"\nboss = {type = \"reference\", to = \"peple\"}\n"),
               Contains("there is no stream peple (did you mean 'people'?)"));
    CHECK_THAT(problems("\"text\"\n", "\"text\"\nborn = {type = \"date\", format = \"%Q\"}\n"),
               Contains("%Y %m %d"));
    CHECK_THAT(problems("\"text\"\n", "\"text\"\n[stream.people.delete]\npath = \"people/{id}\"\n"),
               Contains("a record is read before it is written"));
    CHECK_THAT(problems("[auth]\nkind = \"bearer\"", ""), Contains("how does one sign in?"));
    CHECK_THAT(problems("[stream.people]", "[stream.people"), Contains("t.toml:10:15"));
    CHECK_THAT(problems("[auth]", "[[errors.rule]]\nmeans = \"invalid\"\n[auth]"),
               Contains("fits every answer"));
}

TEST_CASE("what holds for every stream is told once, and a stream may take it away", "[rest]") {
    const std::string usual = R"(
[every_stream.delete]
path = "{stream}/{id}"
mthod = "POST"
[every_stream.get]
path = "{stream}/{id}"
[stream.more]
id = "/id"
list = { path = "x" }
fields = { name = "text" }
[stream.people])";
    const auto told = problems("[stream.people]", usual);
    CHECK(std::count(told.begin(), told.end(), '\n') == 1);
    std::string text = kGood;
    text.insert(text.find("[stream.people]"), R"(
[every_stream.delete]
path = "{stream}/{id}"
[every_stream.get]
path = "{stream}/{id}"
[stream.more]
id = "/id"
delete = false
list = { path = "x" }
fields = { name = "text" }
)");
    kontor::config::Problems found;
    const auto read = declarative::read_description(text, "t.toml", found);
    REQUIRE(read);
    CHECK(read->stream("people")->request("delete") != nullptr);
    CHECK(read->stream("more")->request("delete") == nullptr);
}

namespace {

// The spec's way to sign in, of kGood with this [auth] and base_url.
Json auth_of(const std::string& auth, const std::string& base_url = "{url}/api",
             std::string* hosts = nullptr) {
    std::string text = kGood;
    text.replace(text.find("kind = \"bearer\""), 15, auth);
    text.replace(text.find("{url}/api"), 9, base_url);
    kontor::config::Problems found;
    const auto read = declarative::read_description(text, "t.toml", found);
    for (const auto& each : found) UNSCOPED_INFO(each.text());
    REQUIRE(read);
    const Json spec = Json::parse(declarative::spec_json(*read));
    if (hosts != nullptr) *hosts = spec["hosts"][0];
    return spec["auth"][0];
}

}  // namespace

TEST_CASE("keys stand in several headers, in the query, in bodies and in addresses", "[rest]") {
    std::string host;
    const Json auth = auth_of(R"(kind = "keys"
values = ["app"]
secrets = ["key"]
base64 = { pair = "{key}:" }
headers = { X-App = "{app}", Authorization = "Basic {pair}" }
query = { api_key = "{key}" }
in_body = { "/params/0" = "{key}" })",
                              "{url}/rest/{app}/{key}", &host);
    CHECK(auth["secrets"] == Json{"key"});
    CHECK(auth["values"] == Json{"app"});
    CHECK(auth["bear"] == Json{{"headers", {{"X-App", "{app}"}, {"Authorization", "Basic {pair}"}}},
                               {"query", {{"api_key", "{key}"}}},
                               {"body", {{"/params/0", "{key}"}}},
                               {"base64", {{"pair", "{key}:"}}},
                               {"path", {{"app", "{app}"}, {"key", "{key}"}}}});
    CHECK(host == "{url}/rest/-/-");

    RestRemote remote(R"(
[stream.people]
id = "/id"
list = { path = "people" }
fields = { name = "text" }
)",
                      R"(
name = "test"
base_url = "https://crm.test/rest/{key}/"
[auth]
kind = "keys"
secrets = ["key"]
)");
    remote.answer(Json::array());
    remote.pull("people", {"name"});
    REQUIRE(remote.host.requests.size() == 1);
    CHECK(remote.host.requests[0].url == "https://crm.test/rest/%7Bkey%7D/people");
}

TEST_CASE("a login may answer a challenge, and its token stand in the query", "[rest]") {
    const Json auth = auth_of(R"(kind = "login"
url = "{url}/ws"
values = ["user"]
secrets = ["key"]
md5 = { proof = "{nonce}{key}" }
form = { operation = "login", username = "{user}", accessKey = "{proof}" }
send_headers = { Cookie = "s={sid}" }
token = "/result/sessionName"
query = { sessionName = "{token}" }
[auth.challenge]
url = "{url}/ws"
query = { operation = "getchallenge", username = "{user}" }
keep = { nonce = "/result/token", sid = "cookie:s" })");
    CHECK(auth["exchange"]["challenge"] ==
          Json{{"url", "{url}/ws"},
               {"method", "GET"},
               {"query", {{"operation", "getchallenge"}, {"username", "{user}"}}},
               {"request", Json::object()},
               {"keep_at", {{"nonce", "/result/token"}, {"sid", "cookie:s"}}}});
    CHECK(auth["exchange"]["headers"] == Json{{"Cookie", "s={sid}"}});
    CHECK(auth["digests"] == Json{{"md5", {{"proof", "{nonce}{key}"}}}});
    CHECK(auth["bear"] == Json{{"query", {{"sessionName", "{token}"}}}});
}

TEST_CASE("a login may send JSON in a form, and get its token bare", "[rest]") {
    const Json auth = auth_of(R"(kind = "login"
url = "{url}/rest.php"
values = ["user"]
secrets = ["password"]
md5 = { hash = "{password}" }
form = { method = "login", rest_data = [{ user_name = "{user}", password = "{hash}" }, "kontor", []] }
token = "body"
expires_ms = "/expires"
in_body = { "/rest_data/0" = "{token}" })");
    CHECK(auth["exchange"]["format"] == "form");
    CHECK(auth["exchange"]["request"] ==
          Json{{"method", "login"},
               {"rest_data",
                {{{"user_name", "{user}"}, {"password", "{hash}"}}, "kontor", Json::array()}}});
    CHECK(auth["exchange"]["token"] == "body");
    CHECK(auth["exchange"]["expires_ms"] == "/expires");
    CHECK(auth["bear"]["body"] == Json{{"/rest_data/0", "{token}"}});
}

TEST_CASE("members of an object have no order that pages could go on by", "[rest]") {
    CHECK_THAT(
        problems("[stream.people.list]\n",
                 "[stream.people.list]\nid_is_name = true\npaging = { kind = \"keyset\" }\n"),
        Contains("id_is_name: does not go with the paging keyset"));
}

TEST_CASE("requests may be signed one by one", "[rest]") {
    const Json auth = auth_of(R"(kind = "signed"
secrets = ["api_key", "secret_key"]
sha256 = { sum = "{body}" }
hmac.mark = { key = "{secret_key}", text = "{method} {path} {sum} {time}", algorithm = "sha1", as = "raw" }
base64 = { pair = "{api_key}:{mark}" }
headers = { X-Hmac = "{pair}", X-Time = "{time}" })");
    CHECK(auth["signed_below"] == "{url}/api");
    CHECK(auth["secrets"] == Json{"api_key", "secret_key"});
    CHECK(auth["digests"] == Json{{"sha256", {{"sum", "{body}"}}}});
    CHECK(auth["signatures"]["mark"] == Json{{"key", "{secret_key}"},
                                             {"text", "{method} {path} {sum} {time}"},
                                             {"algorithm", "sha1"},
                                             {"form", "raw"}});
    CHECK(auth["bear"] == Json{{"headers", {{"X-Hmac", "{pair}"}, {"X-Time", "{time}"}}},
                               {"base64", {{"pair", "{api_key}:{mark}"}}}});
}

TEST_CASE("mistakes in signatures", "[rest]") {
    const std::string bearer = "kind = \"bearer\"";
    const std::string begins = "kind = \"signed\"\nsecrets = [\"key\"]\n";
    const std::string hmac = "hmac.s = { key = \"{key}\", text = \"{path}\" }\n";
    const std::string bears = "headers = { A = \"{s}\" }\n";
    CHECK(problems(bearer, begins + hmac + bears).empty());
    CHECK_THAT(problems(bearer, begins + "headers = { A = \"{key}\" }"),
               Contains("auth.hmac: is missing: what is signed"));
    CHECK_THAT(problems(bearer, begins + hmac), Contains("auth.headers: is missing"));
    CHECK_THAT(problems(bearer, begins + "hmac.s = { text = \"{path}\" }\n" + bears),
               Contains("auth.hmac.s.key: is missing"));
    CHECK_THAT(problems(bearer, begins + "hmac.s = { key = \"{key}\" }\n" + bears),
               Contains("auth.hmac.s.text: is missing"));
    CHECK_THAT(
        problems(bearer, begins + "hmac.s = { key = \"{key}\", text = \"{paht}\" }\n" + bears),
        Contains("{paht} stands for nothing here") && Contains("{path}"));
    CHECK_THAT(
        problems(bearer,
                 begins + "hmac.s = { key = \"{key}\", text = \"x\", as = \"hexx\" }\n" + bears),
        Contains("auth.hmac.s.as:") && Contains("base64"));
    // Bytes, which could end a header, stand in base64 only.
    CHECK_THAT(
        problems(bearer,
                 begins + "hmac.s = { key = \"{key}\", text = \"x\", as = \"raw\" }\n" + bears),
        Contains("auth.headers.A: {s} stands for nothing here"));
    CHECK_THAT(problems(bearer, begins + "hmac.s = { key = \"{key}\", text = \"{body}\" }\n" +
                                    "in_body = { sign = \"{s}\" }\n"),
               Contains("auth.in_body: would change the body that is signed"));
}

TEST_CASE("mistakes in how one signs in", "[rest]") {
    const std::string bearer = "kind = \"bearer\"";
    const std::string keys = "kind = \"keys\"\nsecrets = [\"key\"]\n";
    CHECK_THAT(problems(bearer, keys), Contains("auth.headers: is missing: what requests bear"));
    CHECK_THAT(problems(bearer, keys + "headers = { A = \"{kee}\" }"),
               Contains("auth.headers.A: {kee} stands for nothing here") && Contains("{key}"));
    CHECK_THAT(problems(bearer, "kind = \"keys\"\nheaders = { A = \"x\" }"),
               Contains("auth.secrets: is missing"));
    const std::string login =
        "kind = \"login\"\nurl = \"{url}/l\"\nsecrets = [\"key\"]\ntoken = \"/t\"\n"
        "query = { t = \"{token}\" }\n";
    CHECK(problems(bearer, login).empty());
    CHECK_THAT(problems(bearer, login + "[auth.challenge]\nurl = \"{url}/c\"\n"),
               Contains("auth.challenge.keep: is missing"));
    CHECK_THAT(problems(bearer, login + "expires_s = \"/s\"\nexpires_ms = \"/ms\"\n"),
               Contains("auth.expires_ms: stands beside expires_s"));
    CHECK_THAT(problems(bearer, login + "form = { a = [{ b = \"{kee}\" }] }\n"),
               Contains("{kee} stands for nothing here"));
    CHECK_THAT(problems(bearer,
                        "kind = \"login\"\nurl = \"{url}/l\"\nsecrets = [\"key\"]\n"
                        "query = { t = \"{token}\" }\n"),
               Contains("auth.token: is missing") && Contains("\"body\""));
    CHECK_THAT(problems(bearer, login + "body = { a = \"{token}\" }\n"),
               Contains("{token} stands for nothing here"));
    // What is made of the answer cannot be a part of the request that it answers.
    CHECK_THAT(problems(bearer, login + "base64 = { p = \"{token}\" }\nbody = { a = \"{p}\" }\n"),
               Contains("{p} stands for nothing here"));
    CHECK(problems(bearer, login + "base64 = { p = \"u:{key}\" }\nsend_headers = { A = \"{p}\" }\n")
              .empty());
    std::string text = kGood;
    text.replace(text.find(bearer), bearer.size(), keys);
    text.replace(text.find("{url}/api"), 9, "https://{key}.crm.test/api");
    kontor::config::Problems found;
    CHECK_FALSE(declarative::read_description(text, "t.toml", found));
    REQUIRE_FALSE(found.empty());
    CHECK_THAT(found.front().text(), Contains("must stand behind the host"));
}

TEST_CASE("the host learns options, hosts, limits and how to sign in", "[rest]") {
    std::string text = kGood;
    text.insert(text.find("[stream.people]"), R"(
[limits]
requests_per_second = 4.5
)");
    kontor::config::Problems found;
    const auto read = declarative::read_description(text, "t.toml", found);
    REQUIRE(read);
    const Json spec = Json::parse(declarative::spec_json(*read));
    CHECK(spec["hosts"] == Json::array({"{url}/api"}));
    CHECK(spec["options"][0]["name"] == "url");
    CHECK(spec["options"][0]["required"] == true);
    CHECK(spec["auth"][0] == Json{{"kind", "bearer"}, {"secrets", {"token"}}});
    CHECK(spec["limits"]["requests_per_second"] == 4.5);
}
