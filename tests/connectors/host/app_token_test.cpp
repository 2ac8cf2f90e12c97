// Tokens of an application: asked for by JSON, borne in headers or bodies, refused with status 200.

#include <algorithm>
#include <catch2/catch.hpp>

#include "connectors/host/app_token.hpp"
#include "connectors/host/digest.hpp"
#include "connectors/host/requester.hpp"
#include "connectors/host/spec.hpp"
#include "tests/connectors/host/support.hpp"

using namespace kontor;
using namespace kontor::host;
using namespace kontor::host::test;

namespace {

constexpr const char* kSpec = R"({"auth": [
    {"kind": "app_token", "when": {"api": "new"}, "token_url": "{api_url}/token",
     "exchange": {"request": {"appId": "{app_id}", "appSecret": "{app_secret}"},
                  "token": "accessToken", "expires_s": "expiresIn", "code": "errorCode",
                  "keep": ["ea"], "rate_limited": ["30004"], "unavailable": ["-1"],
                  "renew_before_s": 600},
     "bear": {"headers": {"authorization": "Bearer {token}", "x-ea": "{ea}"}},
     "refused_codes": ["20016"]},
    {"kind": "app_token", "when": {"api": "old"}, "token_url": "{api_url}/old",
     "exchange": {"request": {"appId": "{app_id}"}, "token": "corpToken",
                  "code": "errorCode", "keep": ["corpId"]},
     "bear": {"body": {"corpToken": "{token}", "corpId": "{corpId}"}},
     "refused_codes": ["20016"]}]})";

std::string granted(const std::string& token, int seconds = 7'200) {
    return R"({"errorCode":0,"accessToken":")" + token + R"(","expiresIn":)" +
           std::to_string(seconds) + R"(,"ea":"corp1"})";
}

struct Setup {
    TempDir dir;
    FakeClock clock;
    FakeSleeper sleeper{clock};
    SeededRandom random{7};
    Redactor redactor;
    ScriptedHttp http;
    PluginSpec spec = *PluginSpec::parse(kSpec);
    AllowList hosts;
    CapturingLogger log;
    std::optional<Budgets> budgets;

    Setup() {
        REQUIRE(hosts.add("https://crm.example"));
        budgets.emplace(BudgetLimits{}, clock, sleeper, dir / "credits.json");
    }
    AppTokens tokens(const std::string& api = "new") {
        AppTokenSettings out;
        const AuthSpec* auth = spec.auth_for("app_token", {{"api", api}});
        REQUIRE(auth != nullptr);
        out.spec = auth->app_token;
        out.url = [] { return "https://crm.example/token"; };
        out.request = Secret(std::string(R"({"appId":"id-1","appSecret":"se\"cret"})"));
        out.hidden.push_back(Secret(std::string("se\"cret")));
        out.token_limit_count = 10;
        out.token_limit_window = 60s;
        out.token_file = dir / ("token-" + api);
        return AppTokens(std::move(out), http, clock, sleeper, redactor);
    }
    /// Of a login with these members, that needs no secret.
    AppTokens login(const std::string& members, const std::string& file) {
        const auto parsed = PluginSpec::parse(R"({"auth": [{"kind": "login", )" + members + "}]}");
        REQUIRE(parsed);
        AppTokenSettings out;
        out.spec = parsed->auth_for("login", {})->app_token;
        out.url = [] { return "https://crm.example/login"; };
        out.request = Secret(std::string("{}"));
        out.token_file = dir / file;
        return AppTokens(std::move(out), http, clock, sleeper, redactor);
    }
    Result<HttpResponse> run(Authenticator& auth, HttpCall& call) {
        Requester requester({.http = http,
                             .hosts = hosts,
                             .auth = auth,
                             .budgets = *budgets,
                             .clock = clock,
                             .random = random,
                             .sleeper = sleeper,
                             .log = log});
        return requester.run(call);
    }
    Result<HttpResponse> run(AppTokens& auth, std::string_view body, bool idempotent = false) {
        HttpCall call;
        call.request.method = "POST";
        call.request.url = "https://crm.example/data";
        call.body = body;
        call.idempotent = idempotent;
        return run(auth, call);
    }
};

}  // namespace

TEST_CASE("the entry of a kind is chosen by the options", "[app_token]") {
    const auto spec = PluginSpec::parse(kSpec);
    REQUIRE(spec);
    CHECK(spec->auth_for("", {{"api", "old"}})->app_token.token_at == "corpToken");
    CHECK(spec->auth_for("app_token", {{"api", "new"}})->app_token.token_at == "accessToken");
    CHECK(spec->auth_for("", {{"api", "other"}}) == nullptr);
    CHECK(spec->auth_for("bearer", {{"api", "new"}}) == nullptr);
}

TEST_CASE("a token goes into headers, with what came beside it", "[app_token]") {
    Setup s;
    auto tokens = s.tokens();
    s.http.next.push_back(answer(200, granted("t1")));
    s.http.next.push_back(answer(200, R"({"errorCode":0})"));
    REQUIRE(s.run(tokens, "{\"data\":{}}"));
    REQUIRE(s.http.seen.size() == 2);
    CHECK(s.http.seen[0].method == "POST");
    CHECK(s.http.seen[0].body == R"({"appId":"id-1","appSecret":"se\"cret"})");
    CHECK(s.http.seen[1].headers.at("authorization") == "Bearer t1");
    CHECK(s.http.seen[1].headers.at("x-ea") == "corp1");
    CHECK(s.http.seen[1].body == "{\"data\":{}}");
    CHECK(s.redactor.apply("of t1t1t1 and se\"cret").find("se\"cret") == std::string::npos);
}

TEST_CASE("a token goes into bodies that are objects, and into no others", "[app_token]") {
    Setup s;
    auto tokens = s.tokens("old");
    s.http.next.push_back(
        answer(200, R"({"errorCode":0,"corpToken":"a\"b","corpId":"C1","expires_in":7200})"));
    for (const auto& [body, sent] : std::map<std::string, std::string>{
             {"{\"data\":{}}", R"({"corpId":"C1","corpToken":"a\"b","data":{}})"},
             {" { }", R"({"corpId":"C1","corpToken":"a\"b" })"}}) {
        s.http.next.push_back(answer(200, R"({"errorCode":0})"));
        REQUIRE(s.run(tokens, body));
        CHECK(s.http.seen.back().body == sent);
    }
    const auto asked = s.http.seen.size();
    for (const char* body : {"", "[]", "a=b"})
        CHECK(s.run(tokens, body).error().code == Errc::kInvalid);
    CHECK(s.http.seen.size() == asked);
}

TEST_CASE("a refusal inside 200 renews once and sends once more, writes too", "[app_token]") {
    Setup s;
    auto tokens = s.tokens(GENERATE("new", "old"));
    const auto grant = [](const std::string& token) {
        return answer(200, R"({"errorCode":0,"accessToken":")" + token + R"(","corpToken":")" +
                               token + R"(","ea":"e","corpId":"C"})");
    };
    const std::string no = R"({"errorCode":20016,"errorMessage":"x"})";
    s.http.next.push_back(grant("token1"));
    s.http.next.push_back(answer(200, R"({"errorCode":0})"));
    REQUIRE(s.run(tokens, "{}"));
    s.clock.advance(61s);
    s.http.next.push_back(answer(200, no));
    s.http.next.push_back(grant("token2"));
    s.http.next.push_back(answer(200, R"({"errorCode":0,"dataId":"1"})"));
    const auto got = s.run(tokens, "{\"data\":1}");
    REQUIRE(got);
    CHECK(got->body == R"({"errorCode":0,"dataId":"1"})");
    CHECK(s.http.seen.size() == 5);
    // And if that does not help either, the refusal is what the plugin sees.
    s.clock.advance(61s);
    s.http.next.push_back(answer(200, no));
    s.http.next.push_back(grant("token3"));
    s.http.next.push_back(answer(200, no));
    CHECK(s.run(tokens, "{}")->body == no);
    CHECK(s.http.seen.size() == 8);
}

TEST_CASE("a record that quotes a refusal is none", "[app_token]") {
    Setup s;
    auto tokens = s.tokens();
    CHECK(tokens.refuses(*answer(200, R"({"errorCode":20016})")));
    CHECK(tokens.refuses(*answer(200, R"({"errorCode":"20016"})")));
    CHECK(tokens.refuses(*answer(401)));
    CHECK_FALSE(tokens.refuses(*answer(200, R"({"errorCode":0,"data":{"errorCode":20016}})")));
    CHECK_FALSE(tokens.refuses(*answer(200, R"({"errorCode":0,"x":"\"errorCode\":20016"})")));
    CHECK_FALSE(tokens.refuses(*answer(200, "<html>20016</html>")));
}

TEST_CASE("a token is asked for in time, and not again and again near its end", "[app_token]") {
    Setup s;
    auto tokens = s.tokens();
    s.http.next.push_back(answer(200, granted("t1", 7'084)));
    REQUIRE(tokens.credentials({}));
    s.clock.advance(6'483s);
    REQUIRE(tokens.credentials({}));
    CHECK(s.http.seen.size() == 1);
    s.clock.advance(2s);
    // The server gives the same token with what is left of its life.
    s.http.next.push_back(answer(200, granted("t1", 599)));
    for (int i = 0; i < 20; ++i) REQUIRE(tokens.credentials({}));
    CHECK(s.http.seen.size() == 2);
    s.clock.advance(300s);
    s.http.next.push_back(answer(200, granted("t2")));
    REQUIRE(tokens.credentials({}));
    CHECK(s.http.seen.size() == 3);
}

TEST_CASE("what the token server says no with decides what happens next", "[app_token]") {
    struct Case {
        const char* body;
        Errc code;
    };
    const Case each =
        GENERATE(Case{R"({"errorCode":10006,"errorMessage":"secret"})", Errc::kUnauthenticated},
                 Case{R"({"errorCode":"30004"})", Errc::kRateLimited},
                 Case{R"({"errorCode":-1})", Errc::kUnavailable},
                 Case{"<html></html>", Errc::kProtocol}, Case{"{}", Errc::kProtocol});
    Setup s;
    auto tokens = s.tokens();
    s.http.next.push_back(answer(200, each.body));
    const auto got = tokens.credentials({});
    REQUIRE_FALSE(got);
    CHECK(got.error().code == each.code);
    CHECK(got.error().message.find("secret") == std::string::npos);
    if (each.code == Errc::kUnauthenticated) {
        CHECK(got.error().args.at("oauth_error") == "10006");
        CHECK_FALSE(tokens.credentials({}));  // believed for a minute
        CHECK(s.http.seen.size() == 1);
    }
    if (each.code == Errc::kRateLimited) CHECK(got.error().retry_after == 60s);
    if (each.code == Errc::kUnavailable) CHECK(got.error().args.at("reason") == "net_said");
}

TEST_CASE("a token in an answer that fails is none", "[app_token]") {
    Setup s;
    auto tokens = s.tokens();
    s.http.next.push_back(answer(503, granted("t1")));
    const auto got = tokens.credentials({});
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::kUnavailable);
}

TEST_CASE("what should be an object of a spec and is a text says nothing", "[app_token]") {
    const auto spec = PluginSpec::parse(R"({"options":[{"name":"a","implies":{"x":"y"}}]})");
    REQUIRE(spec);
    CHECK(spec->options[0].implies.at("x").empty());
}

TEST_CASE("login: places in the answer, a computed header, a status that refuses", "[app_token]") {
    Setup s;
    const auto spec = PluginSpec::parse(R"({"auth": [{"kind": "login",
        "exchange": {"request": {"params": ["{user}"]}, "token": "/result/1", "lasts_s": 600,
                     "keep_at": {"user_id": "/result/0"}},
        "bear": {"base64": {"session": "{user}:{user_id}:{token}"},
                 "headers": {"authorization": "Session {session}"}},
        "refused_statuses": [403]}]})");
    REQUIRE(spec);
    AppTokenSettings settings;
    settings.spec = spec->auth_for("login", {})->app_token;
    settings.url = [] { return "https://crm.example/login"; };
    settings.request = Secret(std::string("{}"));
    settings.values = {{"user", "ada"}};
    settings.token_file = s.dir / "token";
    AppTokens tokens(std::move(settings), s.http, s.clock, s.sleeper, s.redactor);
    s.http.next.push_back(answer(200, R"({"result":[7,"k1"]})"));
    s.http.next.push_back(answer(200, "{}"));
    REQUIRE(s.run(tokens, "{}"));
    REQUIRE(s.http.seen.size() == 2);
    CHECK(s.http.seen[1].headers.at("authorization") == "Session YWRhOjc6azE=");  // ada:7:k1
    // Refused by a status of its own, once it is older than a minute: another one is asked for.
    s.clock.advance(120s);
    s.http.next.push_back(answer(403, "{}"));
    s.http.next.push_back(answer(200, R"({"result":[7,"k2"]})"));
    s.http.next.push_back(answer(200, "{}"));
    const auto again = s.run(tokens, "{}");
    REQUIRE(again);
    CHECK(again->status == 200);
    CHECK(s.http.seen.back().headers.at("authorization") == "Session YWRhOjc6azI=");
}

TEST_CASE("login: the token stands in a cookie or a header", "[app_token]") {
    Setup s;
    const auto tokens_from = [&](const std::string& place, const std::string& file) {
        return s.login(R"("exchange": {"request": {}, "token": ")" + place +
                           R"(", "code": "/error/code"},
                           "bear": {"headers": {"cookie": "sid={token}"}})",
                       file);
    };
    auto cookie = tokens_from("cookie:sid", "1");
    s.http.next.push_back(answer(200, R"({"result":{}})",
                                 {{"set-cookie", "lang=en; Path=/\nsid=k1; HttpOnly\nsid2=x"}}));
    s.http.next.push_back(answer(200, "{}"));
    REQUIRE(s.run(cookie, "{}"));
    CHECK(s.http.seen.back().headers.at("cookie") == "sid=k1");

    auto header = tokens_from("header:X-Token", "2");
    s.http.next.push_back(answer(302, "<html>moved</html>", {{"x-token", "k2"}}));
    s.http.next.push_back(answer(200, "{}"));
    REQUIRE(s.run(header, "{}"));
    CHECK(s.http.seen.back().headers.at("cookie") == "sid=k2");

    // A session that is handed out with a refusal is none.
    const std::pair<int, std::string> refusals[] = {{200, R"({"error":{"code":100}})"},
                                                    {401, "<html>no</html>"},
                                                    {403, "{}"},
                                                    {200, R"({"result":{}})"}};
    for (int at = 0; at < 4; ++at) {
        const auto& [status, body] = refusals[at];
        auto refused = tokens_from("cookie:sid", "3" + std::to_string(at));
        s.http.next.push_back(
            answer(status, body, {{"set-cookie", at < 3 ? "sid=anybody; Path=/" : "other=1"}}));
        const auto got = s.run(refused, "{}");
        REQUIRE_FALSE(got);
        CHECK(got.error().code == (at < 3 ? Errc::kUnauthenticated : Errc::kProtocol));
    }
}

namespace {

AppTokens challenged(Setup& s, const std::string& file) {
    const auto spec = PluginSpec::parse(R"({"auth": [{"kind": "login",
        "exchange": {
            "challenge": {"url": "{url}/ws", "query": {"operation": "getchallenge",
                          "username": "{user}"},
                          "keep_at": {"nonce": "/result/token", "sid": "cookie:PHPSESSID"}},
            "headers": {"Cookie": "PHPSESSID={sid}"}, "format": "form",
            "request": {"operation": "login", "accessKey": "{proof}"},
            "token": "/result/sessionName", "code": "/error/code"},
        "digests": {"md5": {"proof": "{nonce}{key}"}, "sha1": {"twice": "{proof}"}},
        "bear": {"query": {"sessionName": "{token}"}, "headers": {"X-App": "{key}"}},
        "refused_codes": ["INVALID_SESSIONID"]}]})");
    REQUIRE(spec);
    AppTokenSettings settings;
    settings.spec = spec->auth_for("login", {})->app_token;
    settings.url = [] { return "https://crm.example/ws"; };
    settings.challenge_url = "https://crm.example/ws";
    settings.values = {{"user", "ada&eve"}};
    settings.secrets.push_back({"key", Secret(std::string("K3y&x-4711"))});
    settings.token_file = s.dir / file;
    return AppTokens(std::move(settings), s.http, s.clock, s.sleeper, s.redactor);
}

}  // namespace

TEST_CASE("login: a challenge comes first, and is answered by a digest", "[app_token]") {
    Setup s;
    auto tokens = challenged(s, "1");
    const auto challenge = [&](const std::string& nonce) {
        s.http.next.push_back(answer(200, R"({"result":{"token":")" + nonce + R"("}})",
                                     {{"set-cookie", "PHPSESSID=s1; Path=/"}}));
    };
    challenge("n0nce");
    s.http.next.push_back(answer(200, R"({"result":{"sessionName":"t&1-session"}})"));
    s.http.next.push_back(answer(200, "{}"));
    REQUIRE(s.run(tokens, "{}"));
    REQUIRE(s.http.seen.size() == 3);
    CHECK(s.http.seen[0].method == "GET");
    CHECK(s.http.seen[0].url == "https://crm.example/ws?operation=getchallenge&username=ada%26eve");
    CHECK(s.http.seen[0].body.empty());
    CHECK(s.http.seen[1].method == "POST");
    CHECK(s.http.seen[1].headers.at("Cookie") == "PHPSESSID=s1");
    const std::string proof = digest_hex("md5", "n0nceK3y&x-4711");
    CHECK(proof == "0a2ba409e18a2ae7d3434f5dcfe13f93");
    CHECK(s.http.seen[1].body == "accessKey=" + proof + "&operation=login");
    CHECK(s.http.seen[2].url == "https://crm.example/data?sessionName=t%261-session");
    CHECK(s.http.seen[2].told_url == "https://crm.example/data?sessionName=***");
    CHECK(s.http.seen[2].headers.at("X-App") == "K3y&x-4711");
    for (const auto* secret : {"K3y&x-4711", "t&1-session"})
        CHECK(s.redactor.apply(std::string("of ") + secret + " x").find(secret) ==
              std::string::npos);
    CHECK(s.redactor.apply("proof " + proof).find(proof) == std::string::npos);
    // A session that is over, said with 200: challenged anew.
    challenge("other");
    s.clock.advance(120s);
    s.http.next.insert(s.http.next.begin(),
                       answer(200, R"({"error":{"code":"INVALID_SESSIONID"}})"));
    s.http.next.push_back(answer(200, R"({"result":{"sessionName":"t2"}})"));
    s.http.next.push_back(answer(200, "{}"));
    REQUIRE(s.run(tokens, "{}"));
    CHECK(s.http.seen.back().url == "https://crm.example/data?sessionName=t2");
    CHECK(s.http.seen[s.http.seen.size() - 2].body ==
          "accessKey=" + digest_hex("md5", "otherK3y&x-4711") + "&operation=login");
}

TEST_CASE("login: a challenge that is refused or brings nothing is told", "[app_token]") {
    const std::tuple<int, std::string, Errc> answers[] = {
        {200, R"({"result":{}})", Errc::kProtocol},
        {200, R"({"error":{"code":"NO_USER"}})", Errc::kUnauthenticated},
        {403, "<html>no</html>", Errc::kUnauthenticated},
        {503, "", Errc::kUnavailable},
        {429, "", Errc::kRateLimited}};
    for (const auto& [status, body, code] : answers) {
        Setup s;
        auto tokens = challenged(s, "1");
        for (int tried = 0; tried < 20; ++tried) s.http.next.push_back(answer(status, body));
        const auto got = s.run(tokens, "{}");
        REQUIRE_FALSE(got);
        CHECK(got.error().code == code);
        for (const auto& seen : s.http.seen) CHECK(seen.method == "GET");  // it goes no further
    }
}

TEST_CASE("keys stand in headers, addresses and bodies alike", "[app_token]") {
    const auto spec = PluginSpec::parse(R"({"auth": [{"kind": "keys", "bear": {
        "base64": {"pair": "{key}:"},
        "headers": {"Authorization": "Basic {pair}", "X-App": "{app}"},
        "query": {"api_key": "{key}"}, "path": {"key": "{key}"},
        "body": {"/params/0": "{key}"}}}]})");
    REQUIRE(spec);
    const auto& bearing = spec->auth_for("keys", {})->app_token;
    auto borne = borne_by(bearing, {{"key", "a/b?"}, {"app", "7"}});
    REQUIRE(borne);
    Setup s;
    FixedCredentials auth(std::move(*borne));
    HttpCall call;
    call.request.method = "POST";
    call.request.url = "https://crm.example/rest/%7Bkey%7D/x%7Bkey%7D?a=1";
    call.body = R"({"params":["?"]})";
    // Refused once with a status that is tried again: the address is made from the plain one.
    s.http.next.push_back(answer(503, ""));
    s.http.next.push_back(answer(200, "{}"));
    REQUIRE(s.run(auth, call));
    for (const auto& seen : s.http.seen) {
        CHECK(seen.url == "https://crm.example/rest/a%2Fb%3F/xa%2Fb%3F?a=1&api_key=a%2Fb%3F");
        CHECK(seen.told_url == "https://crm.example/rest/%7Bkey%7D/x%7Bkey%7D?a=1&api_key=***");
        CHECK(seen.headers.at("Authorization") == "Basic YS9iPzo=");
        CHECK(seen.headers.at("X-App") == "7");
        CHECK(seen.body == R"({"params":["a/b?"]})");
    }
    CHECK(s.http.seen.size() == 2);
    CHECK(s.log.text.find("a/b") == std::string::npos);
    CHECK(s.log.text.find("a%2Fb") == std::string::npos);

    CHECK(borne_by(bearing, {{"app", "7"}}).error().code == Errc::kConfig);
    // Never in the host.
    std::vector<SecretHeader> path;
    path.push_back({"key", Secret(std::string("evil"))});
    CHECK(with_path("https://%7Bkey%7D.example/%7Bkey%7D", path) ==
          "https://%7Bkey%7D.example/evil");
    CHECK(with_path("https://%7Bkey%7D.example", path) == "https://%7Bkey%7D.example");
}

TEST_CASE("login: a refusal that is no JSON is one all the same", "[app_token]") {
    Setup s;
    auto tokens = s.tokens();
    s.http.next.push_back(answer(401, "<html>Unauthorized</html>"));
    const auto refused = s.run(tokens, "{}");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::kUnauthenticated);
}

TEST_CASE("client credentials are an exchange by a form", "[app_token]") {
    const auto spec = PluginSpec::parse(R"({"auth": [{"kind": "client_credentials",
        "scopes": ["a", "b"], "scope_separator": " "}]})");
    REQUIRE(spec);
    const auto& auth = *spec->auth_for("", {});
    CHECK(auth.app_token.as_form);
    CHECK(auth.app_token.request ==
          R"({"client_id":"{client_id}","client_secret":"{client_secret}",)"
          R"("grant_type":"client_credentials","scope":"a b"})");
    CHECK(auth.app_token.headers.at("Authorization") == "Bearer {token}");
}

TEST_CASE("a key in the address goes to its end, encoded, and not twice when sent again",
          "[auth]") {
    Setup s;
    Credentials key;
    key.query.push_back({"api key", Secret(std::string("a&b"))});
    CHECK(with_query("https://crm.example/data?x=1", key.query) ==
          "https://crm.example/data?x=1&api%20key=a%26b");
    FixedCredentials auth(std::move(key));
    s.http.next.push_back(answer(503, "{}"));
    s.http.next.push_back(answer(200, "{}"));
    HttpCall call;
    call.request.url = "https://crm.example/data";
    REQUIRE(s.run(auth, call));
    REQUIRE(s.http.seen.size() == 2);
    CHECK(s.http.seen[0].url == "https://crm.example/data?api%20key=a%26b");
    CHECK(s.http.seen[1].url == s.http.seen[0].url);
}

TEST_CASE("a name with a slash is a place in the body, as JSON-RPC wants it", "[host][token]") {
    const auto filled = [](std::string_view body, const char* place = "/params/0") {
        std::vector<SecretHeader> members;
        members.push_back({place, Secret(std::string("k\"ey"))});
        return with_members(body, members);
    };
    CHECK(filled(R"({"method":"m","params":[null,7]})")->reveal() ==
          R"({"method":"m","params":["k\"ey",7]})");
    for (const char* body : {"", "[]", "{}", R"({"params":[]})", R"({"params":{"1":2}})", "{\"a"})
        CHECK(filled(body).error().code == Errc::kInvalid);
}

TEST_CASE("in a form a name is a field, and a place leads into the JSON of one", "[host][token]") {
    const auto filled = [](std::string_view form, const char* place) {
        std::vector<SecretHeader> members;
        members.push_back({place, Secret(std::string("k\"e&y"))});
        return with_fields(form, members);
    };
    CHECK(filled("a=1&b=x+y", "key")->reveal() == "a=1&b=x%20y&key=k%22e%26y");
    CHECK(filled("key=old&a=%3D", "key")->reveal() == "key=k%22e%26y&a=%3D");
    CHECK(filled("a=1&key=%3F", "/key")->reveal() == "a=1&key=k%22e%26y");
    CHECK(filled("method=m&rest_data=%5B%22%3F%22%2C7%5D", "/rest_data/0")->reveal() ==
          "method=m&rest_data=%5B%22k%5C%22e%26y%22%2C7%5D");
    CHECK(filled("a%2Fb=%7B%22s%22%3A1%7D", "/a~1b/s")->reveal() ==
          "a%2Fb=%7B%22s%22%3A%22k%5C%22e%26y%22%7D");
    for (const char* form : {"", "a=1", "rest_data=", "rest_data=%5B%5D", "rest_data=%zz"})
        CHECK(filled(form, "/rest_data/0").error().code == Errc::kInvalid);
}

TEST_CASE(
    "login: a session goes into the JSON of a form's field, and a number says that it is over",
    "[app_token]") {
    Setup s;
    const auto spec = PluginSpec::parse(R"({"auth": [{"kind": "login",
        "exchange": {"format": "form", "token": "/id", "code": "/number",
            "request": {"method": "login", "rest_data": [{"user_name": "{user}", "password": "{hash}"}]}},
        "digests": {"md5": {"hash": "{password}"}},
        "bear": {"body": {"/rest_data/0": "{token}"}},
        "refused_codes": ["11"]}]})");
    REQUIRE(spec);
    AppTokenSettings settings;
    settings.spec = spec->auth_for("login", {})->app_token;
    settings.url = [] { return "https://crm.example/rest.php"; };
    settings.values = {{"user", "ada"}};
    settings.secrets.push_back({"password", Secret(std::string("pass"))});
    settings.token_file = s.dir / "token";
    AppTokens tokens(std::move(settings), s.http, s.clock, s.sleeper, s.redactor);
    s.http.next.push_back(answer(200, R"({"id":"s1","module_name":"Users"})"));
    s.http.next.push_back(answer(200, R"({"name":"Invalid Session ID","number":11})"));
    s.http.next.push_back(answer(200, R"({"id":"s2"})"));
    s.http.next.push_back(answer(200, R"({"entry_list":[]})"));
    HttpCall call;
    call.request.method = "POST";
    call.request.url = "https://crm.example/rest.php";
    call.request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    call.body = "method=get_entry&rest_data=%5B%22%3F%22%2C%22Contacts%22%5D";
    REQUIRE(s.run(tokens, call));
    REQUIRE(s.http.seen.size() == 4);
    CHECK(s.http.seen[0].body ==
          "method=login&rest_data=%5B%7B%22password%22%3A%221a1dc91c907325c69271ddf0c944bc72%22%2C"
          "%22user_name%22%3A%22ada%22%7D%5D");
    CHECK(s.http.seen[1].body == "method=get_entry&rest_data=%5B%22s1%22%2C%22Contacts%22%5D");
    CHECK(s.http.seen[3].body == "method=get_entry&rest_data=%5B%22s2%22%2C%22Contacts%22%5D");
}

TEST_CASE("login: the token may be the whole answer, and its life be in milliseconds",
          "[app_token]") {
    Setup s;
    const auto tokens_of = [&s](const std::string& exchange, const std::string& file) {
        return s.login(R"("exchange": {"request": {}, )" + exchange +
                           R"(}, "bear": {"headers": {"x-session": "{token}"}})",
                       file);
    };
    int file = 0;
    for (const char* body : {"abc.DEF-1\n", "\"abc.DEF-1\""}) {
        auto whole = tokens_of(R"("token": "body")", "w" + std::to_string(++file));
        s.http.next.push_back(answer(200, body));
        s.http.next.push_back(answer(200, "{}"));
        REQUIRE(s.run(whole, "{}"));
        CHECK(s.http.seen.back().headers.at("x-session") == "abc.DEF-1");
    }
    // Neither a page, nor an error, nor nothing is a token.
    const std::pair<int, const char*> none[] = {{200, "<html>log in</html>"},
                                                {200, "please log in"},
                                                {200, R"({"error":"no"})"},
                                                {200, ""},
                                                {200, "null"},
                                                {302, "abc"},
                                                {403, "Forbidden"}};
    for (const auto& [status, body] : none) {
        auto whole = tokens_of(R"("token": "body")", "w" + std::to_string(++file));
        s.http.next.push_back(answer(status, body));
        CHECK_FALSE(s.run(whole, "{}"));
    }
    auto brief = tokens_of(R"("token": "/t", "expires_ms": "/expires")", "ms");
    s.http.next.push_back(answer(200, R"({"t":"t1","expires":900000})"));
    s.http.next.push_back(answer(200, "{}"));
    REQUIRE(s.run(brief, "{}"));
    s.clock.advance(830s);
    s.http.next.push_back(answer(200, "{}"));
    REQUIRE(s.run(brief, "{}"));  // a quarter of an hour, less a minute
    CHECK(s.http.seen.back().headers.at("x-session") == "t1");
    s.clock.advance(11s);
    s.http.next.push_back(answer(200, R"({"t":"t2","expires":"900000"})"));
    s.http.next.push_back(answer(200, "{}"));
    REQUIRE(s.run(brief, "{}"));
    CHECK(s.http.seen.back().headers.at("x-session") == "t2");
}
