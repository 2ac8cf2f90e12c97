// Requests that are signed one by one, with a key that never leaves the host.

#include <catch2/catch.hpp>

#include "connectors/host/digest.hpp"
#include "connectors/host/requester.hpp"
#include "connectors/host/signed_requests.hpp"
#include "tests/connectors/host/support.hpp"

using namespace kontor;
using namespace kontor::host;
using namespace kontor::host::test;

namespace {

using Texts = std::map<std::string, std::string>;

struct Signing {
    TempDir dir;
    FakeClock clock;
    FakeSleeper sleeper{clock};
    SeededRandom random{7};
    Redactor redactor;
    ScriptedHttp http;
    AllowList hosts;
    CapturingLogger log;
    Budgets budgets{BudgetLimits{}, clock, sleeper, dir / "credits.json"};

    Signing() {
        REQUIRE(hosts.add("https://crm.example"));
        REQUIRE(hosts.add("https://files.example"));
    }

    /// By an entry of a spec with these members.
    std::unique_ptr<SignedRequests> by(const std::string& members, Texts texts,
                                       const std::string& below = "https://crm.example/api/v1/") {
        const auto spec = PluginSpec::parse(R"({"auth": [{"kind": "signed", )" + members + "}]}");
        REQUIRE(spec);
        return std::make_unique<SignedRequests>(spec->auth_for("signed", {})->app_token,
                                                std::move(texts), *Url::parse(below), clock, random,
                                                redactor);
    }

    Result<HttpResponse> run(Authenticator& auth, const std::string& method, const std::string& url,
                             std::string_view body = {}, int answers = 200) {
        http.next.push_back(answer(answers, "{}"));
        HttpCall call;
        call.request.method = method;
        call.request.url = url;
        call.body = body;
        return Requester({.http = http,
                          .hosts = hosts,
                          .auth = auth,
                          .budgets = budgets,
                          .clock = clock,
                          .random = random,
                          .sleeper = sleeper,
                          .log = log})
            .run(call);
    }
};

constexpr const char* kEspo = R"("signatures": {"signature": {"key": "{secret_key}",
    "text": "{method} {path}"}}, "bear": {"base64": {"pair": "{api_key}:{signature}"},
    "headers": {"X-Hmac-Authorization": "{pair}"}})";

const Texts kKeys = {{"api_key", "api-4711"}, {"secret_key", "se-cret-0815"}, {"empty", ""}};

}  // namespace

TEST_CASE("signatures are those of RFC 4231 and RFC 2202, in each form", "[signed]") {
    const std::string key = "Jefe", text = "what do ya want for nothing?";
    CHECK(hmac("sha256", key, text, "hex") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    CHECK(hmac("md5", key, text, "hex") == "750c783e6ab0b503eaa86e310a5db738");
    CHECK(hmac("sha1", key, text, "base64") == "7/zfauXrL6LSdBbV8YTfnCWafHk=");
    CHECK(hmac("sha512", key, text, "hex").substr(0, 32) == "164b7a7bfcf819e2e395fbe73b56e0a3");
    CHECK(hmac("sha256", key, text, "raw").substr(0, 4) == "\x5b\xdc\xc1\x46");
    CHECK_THROWS(hmac("rot13", key, text, "hex"));
    CHECK_THROWS(hmac("sha256", key, text, "loud"));
}

TEST_CASE("each request is signed by its own method and path, without its query", "[signed]") {
    Signing s;
    const auto auth = s.by(kEspo, kKeys);
    const std::pair<const char*, const char*> asked[] = {
        {"GET", "/Contact?maxSize=200&offset=0"}, {"PUT", "/Contact/a%2Fb"}, {"DELETE", "/Lead/7"}};
    for (const auto& [method, path] : asked)
        REQUIRE(s.run(*auth, method, std::string("https://crm.example/api/v1") + path, "{}"));
    REQUIRE(s.http.seen.size() == 3);
    const std::string said[] = {"GET /Contact", "PUT /Contact/a%2Fb", "DELETE /Lead/7"};
    for (std::size_t i = 0; i < 3; ++i) {
        const auto& bears = s.http.seen[i].headers.at("X-Hmac-Authorization");
        const auto signature = hmac("sha256", "se-cret-0815", said[i], "hex");
        CHECK(bears == base64("api-4711:" + signature).reveal());
        // Whoever echoes it, whole or in part, is not repeated.
        CHECK(s.redactor.apply("no " + bears + " " + signature) == "no *** ***");
    }
    CHECK(s.log.text.find("se-cret") == std::string::npos);
}

TEST_CASE("a raw signature goes through base64, and never into a header as it is", "[signed]") {
    Signing s;
    std::string spec = kEspo;
    spec.replace(spec.find(R"("text")"), 6, R"("form": "raw", "text")");
    const auto auth = s.by(spec, kKeys);
    REQUIRE(s.run(*auth, "GET", "https://crm.example/api/v1/App/user"));
    CHECK(s.http.seen[0].headers.at("X-Hmac-Authorization") ==
          base64("api-4711:" + hmac("sha256", "se-cret-0815", "GET /App/user", "raw")).reveal());
}

TEST_CASE("time, chance, query and body are there to be signed, and new when sent again",
          "[signed]") {
    Signing s;
    const auto auth =
        s.by(R"("digests": {"sha256": {"sum": "{body}"}}, "signatures": {"sign": {"key": "{key}",
            "algorithm": "sha1", "form": "base64",
            "text": "{method}\n{path}\n{query}\n{sum}\n{time}\n{time_ms}\n{random}"}},
            "bear": {"query": {"sign": "{sign}", "at": "{time_ms}", "once": "{random}"}})",
             {{"key", "k-0815"}});
    s.http.next.push_back(answer(503));
    REQUIRE(s.run(*auth, "GET", "https://crm.example/api/v1/people?page=2&q=a%20b"));
    REQUIRE(s.http.seen.size() == 2);
    CHECK(s.http.seen[0].url != s.http.seen[1].url);
    for (const auto& seen : s.http.seen) {
        const auto told = [&](const std::string& name) {
            const auto at = seen.url.find("&" + name + "=") + name.size() + 2;
            return form_decoded(seen.url.substr(at, seen.url.find('&', at) - at));
        };
        const auto at = told("at");
        // Of no body as well: a blank text is signed like any other.
        CHECK(told("sign") ==
              hmac("sha1", "k-0815",
                   "GET\n/people\npage=2&q=a%20b\n" + sha256_hex("") + "\n" +
                       at.substr(0, at.size() - 3) + "\n" + at + "\n" + told("once"),
                   "base64"));
        CHECK(seen.told_url.find(told("once")) == std::string::npos);
    }
}

TEST_CASE("nothing is signed for another address, however alike", "[signed]") {
    Signing s;
    const auto auth = s.by(kEspo, kKeys, "https://crm.example/api/v1");
    for (const std::string url :
         {"https://files.example/api/v1/Contact", "https://crm.example/api/v10/Contact",
          "https://crm.example/api/v1/../../admin", "https://crm.example/other",
          "https://crm.example/"}) {
        const auto got = s.run(*auth, "GET", url);
        REQUIRE_FALSE(got);
        CHECK(got.error().code == Errc::kPermission);
    }
    CHECK(s.http.seen.empty());
}

TEST_CASE("a key that is missing or blank signs nothing; a refused signature is not tried again",
          "[signed]") {
    Signing s;
    for (const auto& keys :
         {Texts{{"api_key", "a"}}, Texts{{"api_key", "a"}, {"secret_key", ""}}}) {
        const auto got = s.run(*s.by(kEspo, keys), "GET", "https://crm.example/api/v1/Lead");
        REQUIRE_FALSE(got);
        CHECK(got.error().code == Errc::kConfig);
    }
    std::string unknown = kEspo;
    unknown.replace(unknown.find(R"("text")"), 6, R"("form": "loud", "text")");
    CHECK_FALSE(s.run(*s.by(unknown, kKeys), "GET", "https://crm.example/api/v1/Lead"));
    CHECK(s.http.seen.empty());
    s.http.next.clear();
    const auto refused =
        s.run(*s.by(kEspo, kKeys), "GET", "https://crm.example/api/v1/Lead", {}, 401);
    REQUIRE(refused);
    CHECK(refused->status == 401);
    CHECK(s.http.seen.size() == 1);
}

TEST_CASE("signatures of many requests do not drive lasting secrets out of what is hidden",
          "[signed]") {
    Signing s;
    s.redactor.add(Secret(std::string("se-cret-0815")));
    const auto auth = s.by(kEspo, kKeys);
    for (int i = 0; i < 1'000; ++i)
        REQUIRE(s.run(*auth, "GET", "https://crm.example/api/v1/Lead/" + std::to_string(i)));
    CHECK(s.redactor.apply("of se-cret-0815") == "of ***");
    const auto& last = s.http.seen.back().headers.at("X-Hmac-Authorization");
    CHECK(s.redactor.apply(last) == "***");
}
