// OAuth 2: one refresher whatever the number of askers, never a loop, never a secret in a URL.

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <thread>

#include "connectors/host/file_lock.hpp"
#include "connectors/host/oauth.hpp"
#include "tests/connectors/host/support.hpp"

using namespace kontor;
using namespace kontor::host;
using namespace kontor::host::test;

namespace {

constexpr const char* kTokenUrl = "https://accounts.example/oauth/v2/token";

std::string token_json(const std::string& token, const std::string& rest = "\"expires_in\":3600") {
    return "{\"access_token\":\"" + token + "\",\"token_type\":\"Bearer\"," + rest + "}";
}

struct Setup {
    TempDir dir;
    FakeClock clock;
    FakeSleeper sleeper{clock};
    Redactor redactor;
    ScriptedHttp http;

    OAuthSettings settings(const std::string& refresh = "refresh-1") {
        OAuthSettings out;
        out.client.token_url = kTokenUrl;
        out.client.client_id = "client 1";
        out.client.client_secret = Secret(std::string("s&cret"));
        out.refresh_token = Secret(std::string(refresh));
        out.scheme = "Zoho-oauthtoken";
        out.token_limit_count = 10;
        out.token_limit_window = 600s;
        out.no_refresh_codes = {"OAUTH_SCOPE_MISMATCH"};
        out.token_folder = dir.path();
        return out;
    }
    OAuthTokens tokens() { return OAuthTokens(settings(), http, clock, sleeper, redactor); }
};

std::string bearer(OAuthTokens& tokens) {
    auto headers = tokens.credentials({});
    REQUIRE(headers);
    REQUIRE(headers->headers.size() == 1);
    return headers->headers.front().name + ": " +
           std::string(headers->headers.front().value.reveal());
}

bool renews(OAuthTokens& tokens, const Credentials& used, const HttpResponse& refusal) {
    const auto got = tokens.renew(used, refusal);
    REQUIRE(got);
    return *got;
}

}  // namespace

TEST_CASE("a token is asked for once, kept, and renewed a minute before it expires") {
    Setup s;
    s.http.next.push_back(answer(200, token_json("a1",
                                                 "\"expires_in\":3600,\"api_domain\":"
                                                 "\"https://www.zohoapis.eu\"")));
    auto tokens = s.tokens();
    CHECK(bearer(tokens) == "Authorization: Zoho-oauthtoken a1");
    CHECK(tokens.api_domain() == "https://www.zohoapis.eu");
    CHECK(bearer(tokens) == "Authorization: Zoho-oauthtoken a1");
    REQUIRE(s.http.seen.size() == 1);
    const auto& request = s.http.seen.front();
    CHECK(request.method == "POST");
    CHECK(request.url == kTokenUrl);
    CHECK(request.headers.at("Content-Type") == "application/x-www-form-urlencoded");
    CHECK(request.body ==
          "grant_type=refresh_token&client_id=client%201&refresh_token=refresh-1&"
          "client_secret=s%26cret");

    auto second_process = s.tokens();  // the token survives a restart
    CHECK(bearer(second_process) == "Authorization: Zoho-oauthtoken a1");
    s.clock.advance(3'539s);
    CHECK(bearer(tokens) == "Authorization: Zoho-oauthtoken a1");
    s.clock.advance(2s);
    s.http.next.push_back(answer(200, token_json("a2")));
    CHECK(bearer(tokens) == "Authorization: Zoho-oauthtoken a2");
    CHECK(bearer(second_process) == "Authorization: Zoho-oauthtoken a2");
    CHECK(s.http.seen.size() == 2);
    CHECK(second_process.api_domain() == "https://www.zohoapis.eu");
}

TEST_CASE("the token file is ours alone and its name gives nothing away") {
    Setup s;
    s.http.next.push_back(answer(200, token_json("a1")));
    auto tokens = s.tokens();
    bearer(tokens);
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(s.dir.path())) {
        ++files;
        struct stat st {};
        REQUIRE(::stat(entry.path().c_str(), &st) == 0);
        CHECK((st.st_mode & 0777) == 0600);
        CHECK(entry.path().string().find("refresh-1") == std::string::npos);
    }
    CHECK(files == 2);  // and its lock
}

TEST_CASE("eight threads, each with its own refresher, cause one refresh") {
    Setup s;
    std::atomic<int> asked = 0;
    ScriptedHttp http([&](const SeenRequest&) {
        ++asked;
        std::this_thread::sleep_for(30ms);  // so that the others really wait
        return answer(200, token_json("a1"));
    });
    StopSleeper sleeper{std::stop_token()};
    const bool shared = GENERATE(false, true);
    OAuthTokens one(s.settings(), http, s.clock, sleeper, s.redactor);
    std::vector<std::string> got(8);
    {
        std::vector<std::jthread> threads;
        for (auto& slot : got)
            threads.emplace_back([&] {
                OAuthTokens own(s.settings(), http, s.clock, sleeper, s.redactor);
                auto headers = (shared ? one : own).credentials({});
                if (headers) slot = headers->headers.front().value.reveal();
            });
    }
    CHECK(asked == 1);
    for (const auto& each : got) CHECK(each == "Zoho-oauthtoken a1");
}

TEST_CASE("errors are told by the body, whatever the status") {
    Setup s;
    const int status = GENERATE(200, 400);
    auto tokens = s.tokens();
    SECTION("refused for good") {
        s.http.next.push_back(answer(status, R"({"error":"invalid_code"})"));
        const auto got = tokens.credentials({});
        REQUIRE_FALSE(got);
        CHECK(got.error().code == Errc::kUnauthenticated);
        CHECK(got.error().args.at("oauth_error") == "invalid_code");
        // It is believed for a minute, by other processes too.
        auto other = s.tokens();
        CHECK(other.credentials({}).error().code == Errc::kUnauthenticated);
        CHECK(s.http.seen.size() == 1);
        // Of another secret nothing has been said.
        auto corrected = s.settings();
        corrected.client.client_secret = Secret(std::string("s&cret, corrected"));
        OAuthTokens retyped(std::move(corrected), s.http, s.clock, s.sleeper, s.redactor);
        s.http.next.push_back(answer(status, R"({"error":"invalid_code"})"));
        CHECK(retyped.credentials({}).error().code == Errc::kUnauthenticated);
        CHECK(s.http.seen.size() == 2);
        s.clock.advance(61s);
        s.http.next.push_back(answer(200, token_json("a1")));
        CHECK(tokens.credentials({}));
    }
    SECTION("too many") {
        s.http.next.push_back(answer(
            status, R"({"error":"Access Denied","error_description":"You have made too many"})"));
        const auto got = tokens.credentials({});
        REQUIRE_FALSE(got);
        CHECK(got.error().code == Errc::kRateLimited);
        CHECK(got.error().retry_after == 600s);
    }
    SECTION("nonsense") {
        s.http.next.push_back(answer(200, "<html>"));
        CHECK(tokens.credentials({}).error().code == Errc::kProtocol);
    }
    SECTION("down") {
        s.http.next.push_back(answer(503, "<html>"));
        CHECK(tokens.credentials({}).error().code == Errc::kUnavailable);
    }
    SECTION("down, by its own word") {
        s.http.next.push_back(answer(status, R"({"error":"temporarily_unavailable"})"));
        const auto got = tokens.credentials({});
        REQUIRE_FALSE(got);
        CHECK(got.error().code == Errc::kUnavailable);
        CHECK(got.error().args.at("reason") == "net_said");
    }
    SECTION("network") {
        s.http.next.push_back(fail(Errc::kUnavailable, "connection refused"));
        CHECK(tokens.credentials({}).error().code == Errc::kUnavailable);
    }
    SECTION("hostile text is not repeated") {
        s.http.next.push_back(answer(status, R"({"error":"<script> refresh-1 \n"})"));
        const auto got = tokens.credentials({});
        REQUIRE_FALSE(got);
        CHECK(got.error().message.find("refresh-1") == std::string::npos);
    }
}

TEST_CASE("old servers say milliseconds; expires_in_sec counts then") {
    Setup s;
    s.http.next.push_back(
        answer(200, token_json("a1", "\"expires_in\":3600000,\"expires_in_sec\":3600")));
    auto tokens = s.tokens();
    bearer(tokens);
    s.clock.advance(3'550s);
    s.http.next.push_back(answer(200, token_json("a2", "\"expires_in\":\"3600\"")));
    CHECK(bearer(tokens) == "Authorization: Zoho-oauthtoken a2");
}

TEST_CASE("a 401 renews a token once; a wrong scope does not") {
    Setup s;
    s.http.next.push_back(answer(200, token_json("a1")));
    auto tokens = s.tokens();
    auto used = tokens.credentials({});
    REQUIRE(used);
    const auto refused = *answer(401, R"({"code":"INVALID_TOKEN"})");
    CHECK_FALSE(renews(tokens, *used, *answer(401, R"({"code":"OAUTH_SCOPE_MISMATCH"})")));
    CHECK_FALSE(
        renews(tokens, *used,
               *answer(401, "", {{"www-authenticate", "Bearer error=\"insufficient_scope\""}})));
    CHECK(s.http.seen.size() == 1);
    s.http.next.push_back(answer(200, token_json("a2")));
    CHECK(renews(tokens, *used, refused));
    CHECK(bearer(tokens) == "Authorization: Zoho-oauthtoken a2");
    CHECK(renews(tokens, *used, refused));  // by then there is a newer one
    CHECK(s.http.seen.size() == 2);
}

TEST_CASE("a token that is refused within a minute is renewed, but without end none is asked for") {
    Setup s;
    for (int i = 1; i <= 20; ++i)
        s.http.next.push_back(answer(200, token_json("a" + std::to_string(i))));
    const auto made = [&s] { return s.http.seen.size(); };
    const auto refused = *answer(401, R"({"code":"INVALID_TOKEN"})");
    const auto refuse = [&] {  // a new run each time: what was asked for is in the file
        auto tokens = s.tokens();
        auto used = tokens.credentials({});
        REQUIRE(used);
        return renews(tokens, *used, refused);
    };
    CHECK(refuse());  // the first token, just obtained
    CHECK(made() == 2);
    CHECK_FALSE(refuse());  // nor is the second taken: it is not the token's fault
    s.clock.advance(59s);
    CHECK_FALSE(refuse());
    CHECK(made() == 2);
    // From then on once a minute, for as long as all are refused.
    for (std::size_t minute = 1; minute <= 5; ++minute) {
        s.clock.advance(1s);
        CHECK(refuse());
        CHECK(made() == 2 + minute);
        s.clock.advance(59s);
        CHECK_FALSE(refuse());
    }
    // Once there was peace, a session that ends early is renewed again.
    s.clock.advance(121s);
    CHECK(refuse());
    CHECK(refuse());
    CHECK_FALSE(refuse());
}

TEST_CASE("no more tokens are asked for than the accounts server allows, across restarts") {
    Setup s;
    for (int i = 0; i < 10; ++i) {
        auto tokens = s.tokens();
        s.http.next.push_back(answer(200, token_json("t" + std::to_string(i), "\"expires_in\":1")));
        REQUIRE(tokens.credentials({}));
        s.clock.advance(2s);
    }
    auto tokens = s.tokens();
    const auto got = tokens.credentials({});
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::kRateLimited);
    CHECK(got.error().retry_after == 580s);
    CHECK(s.http.seen.size() == 10);
    s.clock.advance(580s);
    s.http.next.push_back(answer(200, token_json("late")));
    CHECK(tokens.credentials({}));
}

TEST_CASE("what did not reach the accounts server is not counted against what it allows") {
    Setup s;
    for (int i = 0; i < 20; ++i) {
        auto tokens = s.tokens();
        s.http.next.push_back(fail(Errc::kProxy, "407", {{kSentArg, "no"}}));
        CHECK(tokens.credentials({}).error().code == Errc::kProxy);
    }
    auto tokens = s.tokens();
    s.http.next.push_back(answer(200, token_json("t")));
    CHECK(tokens.credentials({}));
}

TEST_CASE("while the accounts server is down a token serves until it really expires") {
    Setup s;
    s.http.next.push_back(answer(200, token_json("a1")));
    auto tokens = s.tokens();
    bearer(tokens);
    s.clock.advance(3'560s);
    s.http.next.push_back(fail(Errc::kUnavailable, "down"));
    CHECK(bearer(tokens) == "Authorization: Zoho-oauthtoken a1");
    s.clock.advance(41s);
    s.http.next.push_back(fail(Errc::kUnavailable, "down"));
    CHECK_FALSE(tokens.credentials({}));
}

TEST_CASE("a refresh token that is replaced is kept before it is needed") {
    Setup s;
    s.http.next.push_back(
        answer(200, token_json("a1", "\"expires_in\":3600,\"refresh_token\":\"refresh-2\"")));
    auto tokens = s.tokens();
    bearer(tokens);
    s.clock.advance(3'600s);
    auto restarted = s.tokens();
    s.http.next.push_back(answer(200, token_json("a2")));
    bearer(restarted);
    CHECK(s.http.seen.back().body.find("refresh_token=refresh-2") != std::string::npos);
    CHECK(s.redactor.apply("refresh-2 a2222").find("refresh-2") == std::string::npos);
}

TEST_CASE("a damaged token file is as good as none") {
    Setup s;
    s.http.next.push_back(answer(200, token_json("a1")));
    auto first = s.tokens();
    bearer(first);
    for (const auto& entry : std::filesystem::directory_iterator(s.dir.path()))
        std::filesystem::resize_file(entry.path(), 7);
    auto tokens = s.tokens();
    s.http.next.push_back(answer(200, token_json("a2")));
    CHECK(bearer(tokens) == "Authorization: Zoho-oauthtoken a2");
}

TEST_CASE("waiting for another process's refresh ends with cancellation") {
    Setup s;
    auto tokens = s.tokens();
    const auto path =
        s.dir / token_file_name(kTokenUrl, "client 1", Secret(std::string("refresh-1")));
    const auto held = FileLock::acquire(path + ".lock", s.clock, s.sleeper, 1s);
    REQUIRE(held);
    s.sleeper.cancel_after = 3;
    CHECK(tokens.credentials({}).error().code == Errc::kCancelled);
    s.sleeper.stopped = false;
    CHECK(tokens.credentials({}).error().code == Errc::kBusy);
    CHECK(s.http.seen.empty());
}

TEST_CASE("consent is asked for with everything that yields a refresh token") {
    OAuthClient client;
    client.authorize_url = "https://accounts.example/oauth/v2/auth";
    client.client_id = "c 1";
    client.client_secret = Secret(std::string("s&cret"));
    client.scopes = {"ZohoCRM.modules.ALL", "ZohoCRM.org.READ"};
    CHECK(authorize_url(client, "http://127.0.0.1:8080/cb", "st") ==
          "https://accounts.example/oauth/v2/auth?access_type=offline&client_id=c%201&"
          "prompt=consent&redirect_uri=http%3A%2F%2F127.0.0.1%3A8080%2Fcb&response_type=code&"
          "scope=ZohoCRM.modules.ALL%2CZohoCRM.org.READ&state=st");
}

TEST_CASE("a code is exchanged at the accounts server that the redirect names, if that is known") {
    Setup s;
    auto settings = s.settings("");
    AllowList allowed;
    REQUIRE(allowed.add(kTokenUrl));
    REQUIRE(allowed.add("https://accounts.eu.example"));
    const Secret code(std::string("1000.c0de"));
    const std::string grant = token_json("a1",
                                         "\"expires_in\":3600,\"refresh_token\":\"r1\","
                                         "\"api_domain\":\"https://api.example\"");
    SECTION("self client") {
        s.http.next.push_back(answer(200, grant));
        const auto got = exchange_code(s.http, settings.client, code, "", "", allowed);
        REQUIRE(got);
        CHECK(got->refresh_token.reveal() == "r1");
        CHECK(got->api_domain == "https://api.example");
        CHECK(s.http.seen.front().url == kTokenUrl);
        CHECK(s.http.seen.front().body ==
              "grant_type=authorization_code&client_id=client%201&code=1000.c0de&"
              "client_secret=s%26cret");
        // What was got need not be asked for again.
        REQUIRE(store_grant(s.dir.path(), settings.client, *got, s.clock.now()));
        OAuthTokens tokens(s.settings("r1"), s.http, s.clock, s.sleeper, s.redactor);
        CHECK(bearer(tokens) == "Authorization: Zoho-oauthtoken a1");
        CHECK(tokens.api_domain() == "https://api.example");
        CHECK(s.http.seen.size() == 1);
    }
    SECTION("server based") {
        s.http.next.push_back(answer(200, grant));
        REQUIRE(exchange_code(s.http, settings.client, code, "https://me.example/cb",
                              "https://accounts.eu.example", allowed));
        CHECK(s.http.seen.front().url == "https://accounts.eu.example/oauth/v2/token");
        CHECK(s.http.seen.front().body.find("redirect_uri=https%3A%2F%2Fme.example%2Fcb") !=
              std::string::npos);
    }
    SECTION("elsewhere") {
        const auto got = exchange_code(s.http, settings.client, code, "https://me.example/cb",
                                       "https://accounts.evil.example", allowed);
        REQUIRE_FALSE(got);
        CHECK(got.error().code == Errc::kPermission);
        CHECK(s.http.seen.empty());
    }
}
