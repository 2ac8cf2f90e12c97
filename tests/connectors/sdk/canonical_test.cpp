// Equal values must be equal bytes, whatever the remote wrote; and no digit may be lost.
#include <catch2/catch.hpp>
#include <string>

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace sdk = kontor::sdk;

namespace {

std::string instant(std::string_view text) {
    const auto ms = sdk::parse_instant(text);
    return ms ? sdk::format_instant(*ms) : "none";
}

std::string decimal(std::string_view token) {
    std::string out;
    return sdk::append_decimal(token, out) ? out : "none";
}

}  // namespace

TEST_CASE("instants of any offset become UTC with milliseconds", "[sdk]") {
    CHECK(instant("2026-05-20T10:00:00+05:30") == "2026-05-20T04:30:00.000Z");
    CHECK(instant("2026-01-01T00:30:00+0100") == "2025-12-31T23:30:00.000Z");
    CHECK(instant("2024-02-29T23:59:59.9876-08:00") == "2024-03-01T07:59:59.987Z");
    CHECK(instant("1969-12-31T23:59:59.5Z") == "1969-12-31T23:59:59.500Z");
    CHECK(instant("0000-01-01T00:00:00+01:00") == "0000-01-01T00:00:00.000Z");
    for (const char* bad : {"", "2026-05-20", "2026-05-20T10:00:00", "2026-13-01T00:00:00Z",
                            "2026-02-30T00:00:00Z", "2026-05-20T24:00:00Z", "2026-05-20T10:00:00+",
                            "2026-05-20T10:00:00.Z", "2026-05-20T10:00:00Zx"})
        CHECK(instant(bad) == "none");
    CHECK(sdk::format_seconds_offset(1'700'000'000'999) == "2023-11-14T22:13:20+00:00");
    CHECK(sdk::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784'111'777'000);
    CHECK_FALSE(sdk::parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"));
}

TEST_CASE("dates must exist", "[sdk]") {
    CHECK(sdk::is_date("2024-02-29"));
    CHECK_FALSE(sdk::is_date("2023-02-29"));
    CHECK_FALSE(sdk::is_date("2024-2-29"));
    CHECK_FALSE(sdk::is_date("2024-02-29 "));
}

TEST_CASE("decimals keep every digit and have one form", "[sdk]") {
    CHECK(decimal("12.50") == "12.5");
    CHECK(decimal("12.0") == "12");
    CHECK(decimal("-0.0") == "0");
    CHECK(decimal("1e3") == "1000");
    CHECK(decimal("1.25E-3") == "0.00125");
    CHECK(decimal("-123.456e1") == "-1234.56");
    CHECK(decimal("123456789012345678.123456789") == "123456789012345678.123456789");
    CHECK(decimal("0e0") == "0");
    for (const char* bad :
         {"", "-", "1.", ".5", "1e", "1e9999999999", "1e999", "0x10", "NaN", "1 "})
        CHECK(decimal(bad) == "none");
    CHECK(sdk::as_integer("12") == 12);
    CHECK_FALSE(sdk::as_integer("12.5"));
    CHECK_FALSE(sdk::as_integer("99999999999999999999"));
}

TEST_CASE("structures have sorted keys, canonical numbers and minimal escapes", "[sdk]") {
    CHECK(sdk::canonical_json(R"({ "b":[1.0,2.50e0,{"y":null,"x":true}], "a":"\u00e9\/\n" })") ==
          "{\"a\":\"\xc3\xa9/\\n\",\"b\":[1,2.5,{\"x\":true,\"y\":null}]}");
    CHECK(sdk::canonical_json(R"({"a":1,"a":2})") == R"({"a":2})");
    CHECK(sdk::canonical_json("12345678901234567890.12") == "12345678901234567890.12");
    CHECK(sdk::canonical_list({"b", "a", "b"}) == R"(["a","b"])");
    CHECK_THROWS_AS(sdk::canonical_json("{\"a\":"), sdk::Error);
    CHECK_THROWS_AS(sdk::canonical_json("\"\xff\""), sdk::Error);
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    CHECK_THROWS_AS(sdk::canonical_json(deep), sdk::Error);
    CHECK_THROWS_AS(sdk::parse_json(deep, "answer"), sdk::Error);
}
