#include "plugins/fxiaoke/spec.hpp"

#include "connectors/sdk/json.hpp"
#include "plugins/fxiaoke/options.hpp"

namespace kontor::fxiaoke {
namespace {

using sdk::Json;

Json option(const char* name, const char* type, Json fallback, const char* en, const char* zh) {
    Json out{{"name", name}, {"type", type}, {"help", {{"en", en}, {"zh", zh}}}};
    if (!fallback.is_null()) out["default"] = std::move(fallback);
    return out;
}

Json cloud_option() {
    Json out = option("cloud", "text", "fxiaoke",
                      "Cloud your company's account is in; custom: give api_url",
                      "企业账号所在的云；custom：另行指定 api_url");
    Json implies = Json::object();
    for (const Cloud& each : clouds()) {
        out["choices"].push_back(each.name);
        implies[std::string(each.name)] = {{"api_url", each.api_url}};
    }
    out["choices"].push_back("custom");
    out["implies"] = std::move(implies);
    return out;
}

Json options() {
    Json api_url = option("api_url", "url", nullptr, "Address of the open platform's gateway",
                          "开放平台网关地址");
    api_url["needed_if"] = {{"cloud", "custom"}};
    Json api = option("api", "text", "new",
                      "Generation of the interface: new (accessToken), old (corpAccessToken)",
                      "接口版本：new（accessToken）或 old（corpAccessToken）");
    api["choices"] = {"new", "old"};
    Json user =
        option("user_id", "text", nullptr,
               "Employee on whose behalf Kontor works: a CRM administrator's id "
               "(1000; with the old interface FSUID_…)",
               "Kontor 以哪位员工的身份操作：CRM 管理员的员工 ID（如 1000；旧接口为 FSUID_…）");
    user["required"] = true;
    return Json::array(
        {cloud_option(), std::move(api_url), std::move(api), std::move(user),
         option("objects", "list", standard_objects(), "Objects to replicate", "要同步的对象"),
         option("custom_objects", "boolean", true, "Replicate custom objects (__c) too",
                "同时同步自定义对象（__c）"),
         option("external_id_field", "text", "kontor_id__c",
                "Unique text field that holds Kontor's key of a record",
                "存放 Kontor 记录键的唯一文本字段"),
         option("trigger_approval", "boolean", false, "Our writes start approval flows",
                "写入时触发审批流"),
         option("trigger_workflow", "boolean", false, "Our writes start workflows",
                "写入时触发工作流"),
         option("utc_offset_minutes", "integer", 480,
                "Offset of the company's time zone from UTC, in minutes: dates are its midnights",
                "企业时区与 UTC 的差（分钟）：日期为该时区的零点"),
         option("lag_s", "integer", 120, "Seconds that a change may become visible late",
                "变更可能延迟可见的秒数"),
         option("overlap_s", "integer", 300, "Seconds that each pull looks back",
                "每次拉取向前重叠的秒数")});
}

// Both tokens: POST as JSON, errors inside 200, 10 a minute, alive for 7,200 s; asked again before
// 6,600 s the server gives the same one.
Json app_token(const char* api, const char* path, Json exchange, Json bear) {
    exchange["code"] = "errorCode";
    exchange["expires_s"] = "expiresIn";
    exchange["rate_limited"] = {"14001", "30004"};
    exchange["unavailable"] = {"-1", "-2", "50009"};
    exchange["renew_before_s"] = 600;
    return {{"kind", "app_token"},
            {"title", {{"en", "Self-built application"}, {"zh", "企业自建应用"}}},
            {"when", {{"api", api}}},
            {"token_url", std::string("{api_url}") + path + "?thirdTraceId={uuid}"},
            {"values", {"app_id"}},
            {"secrets", {"app_secret", "permanent_code"}},
            {"token_limits", {{"count", 10}, {"window_s", 60}}},
            {"exchange", std::move(exchange)},
            {"bear", std::move(bear)},
            {"refused_codes", {"20016"}}};
}

Json request() {
    return {{"appId", "{app_id}"},
            {"appSecret", "{app_secret}"},
            {"permanentCode", "{permanent_code}"}};
}

}  // namespace

std::string spec_json() {
    Json asks_new = request();
    asks_new["grantType"] = "app_secret";
    const Json spec{
        {"title", {{"en", "Fxiaoke (ShareCRM)"}, {"zh", "纷享销客"}}},
        {"options", options()},
        {"auth",
         Json::array(
             {app_token(
                  "new", "/oauth2.0/token",
                  {{"request", std::move(asks_new)}, {"token", "accessToken"}, {"keep", {"ea"}}},
                  {{"headers", {{"authorization", "Bearer {token}"}, {"x-fs-ea", "{ea}"}}}}),
              app_token(
                  "old", "/cgi/corpAccessToken/get/V2",
                  {{"request", request()}, {"token", "corpAccessToken"}, {"keep", {"corpId"}}},
                  {{"body", {{"corpAccessToken", "{token}"}, {"corpId", "{corpId}"}}}})})},
        {"hosts", {"{api_url}"}},
        // 100 calls in 20 s for each path: never more than that in all.
        {"limits", {{"requests_per_second", 5}, {"concurrency", 4}, {"daily_credits", 0}}}};
    return spec.dump();
}

}  // namespace kontor::fxiaoke
