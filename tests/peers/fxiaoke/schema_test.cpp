// The schemas refuse what the documents do not show.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/peers/fxiaoke/schema/message_schema.hpp"

using kontor::fxiaoke_schema::problems;
using nlohmann::json;

namespace {

bool fits(const char* kind, const std::string& text) {
    const auto found = problems(kind, json::parse(text));
    if (!found.empty()) INFO(found.front());
    return found.empty();
}

const std::string kId = "5a9914fcf125ae0a1a000001";

}  // namespace

TEST_CASE("requests as the documents show them fit, and others do not", "[fxiaoke][schema]") {
    CHECK(fits("query_request", R"({"returnTotalNum":3,"data":{"dataObjectApiName":"AccountObj",
        "find_explicit_total_num":false,"search_query_info":{"limit":100,"offset":0,
        "filters":[{"field_name":"owner","operator":"IN","field_values":["1000"]}],
        "orders":[{"fieldName":"_id","isAsc":true}],"fieldProjection":["_id"]}}})"));
    // Times are texts in filters, there is no NEQ, and a page has at most 100 rows.
    CHECK_FALSE(fits("query_request", R"({"data":{"dataObjectApiName":"AccountObj",
        "search_query_info":{"limit":100,"offset":0,
        "filters":[{"field_name":"a","operator":"GTE","field_values":[1]}]}}})"));
    CHECK_FALSE(fits("query_request", R"({"data":{"dataObjectApiName":"AccountObj",
        "search_query_info":{"limit":100,"offset":0,
        "filters":[{"field_name":"a","operator":"NEQ","field_values":["1"]}]}}})"));
    CHECK_FALSE(fits("query_request", R"({"data":{"dataObjectApiName":"AccountObj",
        "search_query_info":{"limit":101,"offset":0}}})"));
    const std::string update = R"("data":{"object_data":{"_id":")" + kId +
                               R"(","dataObjectApiName":"AccountObj","tel":"1"}})";
    CHECK(fits("update_request",
               R"({"triggerApprovalFlow":false,"triggerWorkFlow":false,)" + update + "}"));
    // The two switches are always to be said: both are true otherwise.
    CHECK_FALSE(fits("update_request", "{" + update + "}"));
    CHECK_FALSE(fits("update_request", R"({"triggerApprovalFlow":false,"triggerWorkFlow":false,
        "data":{"object_data":{"_id":")" + kId +
                                           R"(","dataObjectApiName":"AccountObj",
        "owner":["1000"]}}})"));
    CHECK_FALSE(fits("update_request", R"({"triggerApprovalFlow":false,"triggerWorkFlow":false,
        "data":{"_id":")" + kId + R"(","object_data":{"dataObjectApiName":"AccountObj"}}})"));
    // Derived values are never written back.
    CHECK_FALSE(fits("update_request", R"({"triggerApprovalFlow":false,"triggerWorkFlow":false,
        "data":{"object_data":{"_id":")" + kId +
                                           R"(","dataObjectApiName":"AccountObj",
        "account_id__r":"x"}}})"));
    CHECK(fits("invalid_request", R"({"data":{"dataObjectApiName":"AccountObj",
        "object_data_id":")" + kId + "\"}}"));
    CHECK_FALSE(fits("invalid_request", R"({"data":{"dataObjectApiName":"AccountObj",
        "idList":[")" + kId + "\"]}}"));
}

TEST_CASE("a request of the old generation bears all three members", "[fxiaoke][schema]") {
    CHECK(fits("object_list_request", R"({"includeNull":false,"corpAccessToken":"t",
        "corpId":"FSCID_1","currentOpenUserId":"FSUID_1"})"));
    CHECK_FALSE(fits("object_list_request",
                     R"({"includeNull":false,"corpAccessToken":"t","corpId":"FSCID_1"})"));
    CHECK_FALSE(fits("object_list_request", R"({"includeNull":false,"corpAccessToken":"t",
        "corpId":"FSCID_1","currentOpenUserId":"1000"})"));
}

TEST_CASE("a call that nobody has documented fits nothing", "[fxiaoke][schema]") {
    CHECK_FALSE(
        problems(kontor::fxiaoke_schema::request_kind("/cgi/crm/v2/data/upsert"), {}).empty());
    CHECK_FALSE(problems(kontor::fxiaoke_schema::request_kind("/elsewhere"), {}).empty());
}
