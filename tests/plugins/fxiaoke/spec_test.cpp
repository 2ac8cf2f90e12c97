// What the connector says of itself before it is opened, and which options it takes.
#include <catch2/catch.hpp>

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"
#include "plugins/fxiaoke/answer.hpp"
#include "plugins/fxiaoke/cursor.hpp"
#include "plugins/fxiaoke/options.hpp"
#include "plugins/fxiaoke/spec.hpp"
#include "plugins/fxiaoke/values.hpp"

using namespace kontor;
using fxiaoke::Options;

TEST_CASE("the two generations of signing in are told apart by an option", "[fxiaoke]") {
    const auto spec = sdk::parse_json(fxiaoke::spec_json(), "spec");
    REQUIRE(spec["auth"].size() == 2);
    CHECK(spec["auth"][0]["when"]["api"] == "new");
    CHECK(spec["auth"][0]["bear"]["headers"]["authorization"] == "Bearer {token}");
    CHECK(spec["auth"][1]["when"]["api"] == "old");
    CHECK(spec["auth"][1]["bear"]["body"]["corpAccessToken"] == "{token}");
    for (const auto& auth : spec["auth"]) {
        CHECK(auth["kind"] == "app_token");
        CHECK(auth["token_limits"]["count"] == 10);
        CHECK(auth["secrets"] == sdk::Json{"app_secret", "permanent_code"});
    }
    // 100 calls in 20 s.
    CHECK(spec["limits"]["requests_per_second"] == 5);
}

TEST_CASE("every cloud has its gateway", "[fxiaoke]") {
    for (const auto& cloud : fxiaoke::clouds()) {
        const auto options = Options::parse(R"({"options":{"user_id":"1000","cloud":")" +
                                            std::string(cloud.name) + "\"}}");
        CHECK(options.api_url == cloud.api_url);
    }
    CHECK(Options::parse(R"({"options":{"user_id":"1","cloud":"custom","api_url":"https://x"}})")
              .api_url == "https://x");
}

TEST_CASE("wrong options are named", "[fxiaoke]") {
    for (const char* wrong : {R"({"options":{}})", R"({"options":{"user_id":"1","cloud":"mars"}})",
                              R"({"options":{"user_id":"1","cloud":"custom"}})",
                              R"({"options":{"user_id":"1","api":"older"}})",
                              R"({"options":{"user_id":"1","objects":"AccountObj"}})",
                              R"({"options":{"user_id":"1","utc_offset_minutes":10000}})"}) {
        CAPTURE(wrong);
        try {
            (void)Options::parse(wrong);
            FAIL("it must be refused");
        } catch (const sdk::Error& error) {
            CHECK(error.status() == KONTOR_E_INVALID);
            CHECK(std::string(error.what()).starts_with("option "));
        }
    }
}

TEST_CASE("cursors survive, and foreign ones are refused", "[fxiaoke]") {
    fxiaoke::Cursor cursor;
    cursor.since_ms = 1'780'000'000'123;
    cursor.last_id = "0039";
    cursor.done = 300;
    const auto back = fxiaoke::Cursor::decode(cursor.encode());
    REQUIRE(back);
    CHECK(back->loading);
    CHECK(back->since_ms == cursor.since_ms);
    CHECK(back->last_id == "0039");
    cursor.loading = false;
    CHECK_FALSE(fxiaoke::Cursor::decode(cursor.encode())->loading);
    CHECK_FALSE(fxiaoke::Cursor::decode(""));
    for (const char* wrong : {"x", "{}", R"({"v":2,"since":"2026-05-20T10:00:00.000Z"})",
                              R"({"v":1,"since":"yesterday"})"})
        CHECK_THROWS_AS(fxiaoke::Cursor::decode(wrong), sdk::Error);
}

TEST_CASE("codes mean what the documents say", "[fxiaoke]") {
    using fxiaoke::Trouble;
    CHECK(fxiaoke::trouble_of(0) == Trouble::kNone);
    CHECK(fxiaoke::trouble_of(-1) == Trouble::kBusy);
    CHECK(fxiaoke::trouble_of(30004) == Trouble::kRate);
    CHECK(fxiaoke::trouble_of(14001) == Trouble::kRate);
    CHECK(fxiaoke::trouble_of(30002) == Trouble::kDayQuota);
    CHECK(fxiaoke::trouble_of(30003) == Trouble::kNoQuota);
    CHECK(fxiaoke::trouble_of(20016) == Trouble::kCredentials);
    CHECK(fxiaoke::trouble_of(20014) == Trouble::kNoRight);
    CHECK(fxiaoke::trouble_of(10006) == Trouble::kRequest);
}

TEST_CASE("values in shapes that no document shows stay absent, or keep what they say",
          "[fxiaoke]") {
    using fxiaoke::Kind;
    struct Case {
        Kind kind;
        const char* json;
        bool taken;
    };
    const Case cases[] = {{Kind::kDate, "1e300", false},
                          {Kind::kInstant, "9223372036854775807", false},
                          {Kind::kInstant, "\"1700000000000\"", true},
                          {Kind::kInstant, "\"soon\"", false},
                          {Kind::kDate, "{}", false},
                          {Kind::kTime, "-1", true},
                          {Kind::kDecimal, "\"12,5\"", false},
                          {Kind::kDecimal, "1e5", true},
                          {Kind::kDecimal, "[]", false},
                          {Kind::kBoolean, "\"yes\"", false},
                          {Kind::kBoolean, "\"true\"", true},
                          {Kind::kPerson, "\"1000\"", true},
                          {Kind::kPerson, "[{}]", false},
                          {Kind::kPerson, "[\"-10000\"]", true},
                          {Kind::kList, "[[1]]", false},
                          {Kind::kList, "[2,1]", true},
                          {Kind::kText, "{\"a\":1}", false},
                          {Kind::kText, "12", true},
                          {Kind::kJson, "{\"b\":1,\"a\":2}", true}};
    for (const Case& each : cases) {
        CAPTURE(each.json);
        abi::BatchWriter out;
        out.begin(abi::Op::kRecord, "1");
        CHECK(fxiaoke::add_value(each.kind, sdk::parse_json(each.json, "value"), 28'800'000, 0,
                                 out) == each.taken);
        abi::BatchReader reader(out.bytes());
        const auto record = reader.next();
        REQUIRE(record);
        CHECK(record->count == (each.taken ? 1 : 0));
    }
}
