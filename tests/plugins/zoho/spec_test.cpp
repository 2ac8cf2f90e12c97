#include "plugins/zoho/spec.hpp"

#include <catch2/catch.hpp>

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"
#include "plugins/zoho/options.hpp"
#include "tests/plugins/zoho/account.hpp"

using namespace kontor;
using zoho::Options;

TEST_CASE("the spec names both OAuth needs and every data centre", "[zoho]") {
    const auto spec = sdk::parse_json(zoho::spec_json(), "spec");
    const auto& auth = spec["auth"][0];
    CHECK(auth["scheme"] == "Zoho-oauthtoken");
    CHECK(auth["token_limits"] == sdk::Json{{"count", 10}, {"window_s", 600}});
    CHECK(auth["authorize_parameters"]["access_type"] == "offline");
    CHECK(auth["authorize_parameters"]["prompt"] == "consent");
    CHECK(spec["options"][0]["implies"]["cn"]["accounts_url"] == "https://accounts.zoho.com.cn");
    CHECK(spec["options"][0]["choices"].size() == 9);
}

TEST_CASE("as many calls at the same time as the least edition allows", "[zoho]") {
    // Five, which is below the ten that Zoho allows for what demands much (COQL, large writes).
    CHECK(sdk::parse_json(zoho::spec_json(), "spec")["limits"]["concurrency"] == 5);
}

TEST_CASE("the API base is the configured one, else Zoho's, else the data centre's", "[zoho]") {
    CHECK(Options::parse("").api_url == "https://www.zohoapis.com");
    CHECK(Options::parse(R"({"options":{"data_centre":"cn"}})").api_url ==
          "https://www.zohoapis.com.cn");
    CHECK(Options::parse(R"({"options":{"data_centre":"eu","sandbox":true}})").api_url ==
          "https://sandbox.zohoapis.eu");
    CHECK(Options::parse(R"({"options":{"api_domain":"https://www.zohoapis.in/"}})").api_url ==
          "https://www.zohoapis.in");
    CHECK(Options::parse(R"({"options":{"api_domain":"https://a","api_url":"https://b/"}})")
              .api_url == "https://b");
}

TEST_CASE("wrong options are refused by name", "[zoho]") {
    for (const char* bad :
         {R"({"options":{"data_centre":"mars"}})", R"({"options":{"data_centre":"custom"}})",
          R"({"options":{"trigger":["everything"]}})", R"({"options":{"bulk":"perhaps"}})",
          R"({"options":{"overlap_s":0}})", R"({"options":{"modules":"Leads"}})", "[", "{"})
        CHECK_THROWS_AS(Options::parse(bad), sdk::Error);
}

TEST_CASE("check says who we are, by Zoho's clock", "[zoho]") {
    test::Account account;
    account.on("GET /crm/v8/org",
               test::json(R"({"org":[{"id":"1","company_name":"Acme","zgid":"z"}]})"));
    account.on("GET /crm/v8/users", [](const test::FakeRequest& asked) {
        CHECK(asked.query.at("type") == "CurrentUser");
        auto out = test::json(R"({"users":[{"id":"7","full_name":"Ada"}]})");
        out.headers["x-api-credits-remaining"] = "1234";
        return out;
    });
    const auto identity = account.connector->check();
    CHECK(identity.org_id == "1");
    CHECK(identity.user_id == "7");
    CHECK(identity.server_time_ms == account.host.clock_ms);
    CHECK(identity.credits_left == 1234);
    CHECK(account.connector->credits().spent == 2);
}

TEST_CASE("answers that are errors become the right status", "[zoho]") {
    struct Case {
        test::FakeResponse response;
        kontor_status status;
    };
    for (const Case& each :
         {Case{test::refused(401, "INVALID_TOKEN"), KONTOR_E_UNAUTHENTICATED},
          Case{test::refused(401, "INVALID_OAUTHTOKEN"), KONTOR_E_UNAUTHENTICATED},
          Case{test::refused(401, "AUTHENTICATION_FAILURE"), KONTOR_E_UNAUTHENTICATED},
          Case{test::refused(401, "OAUTH_SCOPE_MISMATCH"), KONTOR_E_PERMISSION},
          Case{test::refused(400, "AUTHORIZATION_FAILED"), KONTOR_E_PERMISSION},
          Case{test::refused(404, "INVALID_URL_PATTERN"), KONTOR_E_NOT_FOUND},
          Case{test::refused(405, "INVALID_REQUEST_METHOD"), KONTOR_E_INVALID},
          Case{test::refused(502, ""), KONTOR_E_UNAVAILABLE},
          Case{test::refused(503, ""), KONTOR_E_UNAVAILABLE},
          Case{test::refused(403, "NO_PERMISSION"), KONTOR_E_PERMISSION},
          Case{test::refused(429, "TOO_MANY_REQUESTS"), KONTOR_E_RATE_LIMITED},
          Case{test::refused(500, "INTERNAL_ERROR"), KONTOR_E_UNAVAILABLE},
          Case{test::json("<html>busy</html>"), KONTOR_E_PROTOCOL},
          Case{test::json("{\"org\":"), KONTOR_E_PROTOCOL},
          Case{{0, "", {}, KONTOR_E_TIMEOUT}, KONTOR_E_TIMEOUT}}) {
        test::Account account;
        account.on("GET /crm/v8/org", each.response);
        try {
            account.connector->check();
            FAIL("no error");
        } catch (const sdk::Error& error) {
            CHECK(error.status() == each.status);
        }
    }
}
