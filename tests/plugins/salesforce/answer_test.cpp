// What Salesforce's codes are taken for, and what of them goes into errors.
#include <catch2/catch.hpp>

#include "plugins/salesforce/answer.hpp"
#include "plugins/salesforce/query.hpp"
#include "plugins/salesforce/values.hpp"

using namespace kontor;
using namespace kontor::salesforce;

namespace {

Reply reply(int status, std::string_view body) {
    sdk::HttpResponse response;
    response.status = status;
    response.body = body;
    return read_reply(response, "test");
}

}  // namespace

TEST_CASE("each code is acted on", "[salesforce]") {
    const auto [code, id, status] = GENERATE(table<std::string, std::string, std::string>(
        {{"DUPLICATE_VALUE", "", "duplicate"},
         {"REQUIRED_FIELD_MISSING", "", "invalid"},
         {"FIELD_CUSTOM_VALIDATION_EXCEPTION", "", "invalid"},
         {"STRING_TOO_LONG", "", "invalid"},
         {"UNABLE_TO_LOCK_ROW", "0035g00000000AAAAA", "retry"},
         {"ENTITY_IS_DELETED", "0035g00000000AAAAA", "missing"},
         {"ENTITY_IS_LOCKED", "0035g00000000AAAAA", "locked"},
         {"INSUFFICIENT_ACCESS_OR_READONLY", "0035g00000000AAAAA", "forbidden"},
         {"INVALID_CROSS_REFERENCE_KEY", "0035g00000000AAAAA", "missing"},
         {"INVALID_CROSS_REFERENCE_KEY", "", "invalid"},
         {"SERVER_UNAVAILABLE", "", "unknown"},
         {"SOMETHING_NEW", "", "invalid"}}));
    CAPTURE(code, id);
    const Problem problem{code, "duplicates value on record with id: 0035g00000000BB.", {}};
    CHECK(refusal(problem, 200, id).status == status);
}

TEST_CASE("a duplicate names the record that has the value", "[salesforce]") {
    const Problem named{"DUPLICATE_VALUE",
                        "duplicate value found: Key__c duplicates value on record with id: "
                        "0035g00000000BB",
                        {"Key__c"}};
    const auto result = refusal(named, 200, "");
    CHECK(result.status == "duplicate");
    CHECK(result.field == "Key__c");
    CHECK(result.id == "0035g00000000BBAAY");  // as answers write it
    // Without the record there is nothing to show beside it.
    CHECK(refusal({"DUPLICATE_VALUE", "duplicate value found: Key__c", {}}, 200, "").status ==
          "invalid");
}

TEST_CASE("answers that are none are errors, not data", "[salesforce]") {
    CHECK_THROWS_AS(reply(200, "<html>maintenance</html>"), sdk::Error);
    CHECK_THROWS_AS(reply(200, ""), sdk::Error);
    CHECK_THROWS_AS(reply(200, R"({"done":tr)"), sdk::Error);
    CHECK_THROWS_AS(reply(302, ""), sdk::Error);
    CHECK(reply(204, "").ok());
    CHECK(reply(500, "<html>").problem.code == "HTTP_500");
    CHECK(trouble_of(412, "HTTP_412") == Trouble::kChanged);
    const auto limit = reply(403, R"([{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"x"}])");
    const sdk::Error error = failure(limit, "test");
    CHECK(error.status() == KONTOR_E_RATE_LIMITED);
    CHECK(error.retry_after_ms() == 3'600'000);
    CHECK(failure(reply(401, R"([{"errorCode":"INVALID_SESSION_ID"}])"), "test").status() ==
          KONTOR_E_UNAUTHENTICATED);
    CHECK(failure(reply(503, R"([{"errorCode":"SERVER_UNAVAILABLE"}])"), "test").status() ==
          KONTOR_E_UNAVAILABLE);
}

TEST_CASE("texts cannot leave their quotes", "[salesforce]") {
    CHECK(soql_text("O'Neill\\") == R"('O\'Neill\\')");
    CHECK(soql_text("a\nb") == "'a\\nb'");
    CHECK(soql_texts({"a", "b'"}) == R"(('a','b\''))");
    CHECK(is_id("0035g00000000AAAAA"));
    CHECK_FALSE(is_id("0035g00000000AAA' "));
    CHECK_FALSE(is_id("../../limits/xyz"));
    CHECK_FALSE(is_id(""));
}

TEST_CASE("values of JSON and of CSV have one canonical form", "[salesforce]") {
    const auto text = [](Kind kind, std::string_view value) -> std::string {
        abi::BatchWriter out;
        out.begin(abi::Op::kRecord, "1");
        const Prefixes prefixes{{"003", "Contact"}};
        if (!add_text(kind, value, prefixes, 0, out)) return "<no>";
        abi::BatchReader reader(out.bytes());
        abi::BatchReader::Field field;
        REQUIRE(reader.next());
        REQUIRE(reader.next_field(field));
        if (field.tag == abi::Tag::kNull) return "<null>";
        return field.tag == abi::Tag::kInteger ? std::to_string(field.integer)
                                               : std::string(field.text);
    };
    CHECK(text(Kind::kDecimal, "1.0E7") == "10000000");
    CHECK(text(Kind::kDecimal, "12.50") == "12.5");
    CHECK(text(Kind::kDecimal, "twelve") == "<no>");
    CHECK(text(Kind::kInteger, "42") == "42");
    CHECK(text(Kind::kBoolean, "true") == "1");
    CHECK(text(Kind::kInstant, "2026-01-02T03:04:05.000+0000") == "2026-01-02T03:04:05.000Z");
    CHECK(text(Kind::kInstant, "2026-01-02T03:04:05.000Z") == "2026-01-02T03:04:05.000Z");
    CHECK(text(Kind::kTime, "09:30:00.000Z") == "09:30:00");
    CHECK(text(Kind::kDate, "2026-02-30") == "<no>");
    CHECK(text(Kind::kList, "b;a") == R"(["a","b"])");
    CHECK(text(Kind::kAnyReference, "0035g00000000AAAAA") == "Contact:0035g00000000AAAAA");
    CHECK(text(Kind::kAnyReference, "00G5g00000000AAAAA") == "<no>");
    CHECK(text(Kind::kText, "") == "<null>");
}
