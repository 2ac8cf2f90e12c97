#include "plugins/salesforce/spec.hpp"

#include <utility>

#include "connectors/sdk/json.hpp"
#include "plugins/salesforce/options.hpp"

namespace kontor::salesforce {
namespace {

using sdk::Json;

Json option(const char* name, const char* type, Json fallback, const char* en, const char* zh) {
    Json out{{"name", name}, {"type", type}, {"help", {{"en", en}, {"zh", zh}}}};
    if (!fallback.is_null()) out["default"] = std::move(fallback);
    return out;
}

Json options() {
    Json instance = option("instance_url", "url", nullptr,
                           "Address of My Domain: https://NAME.my.salesforce.com",
                           "“我的域”地址：https://NAME.my.salesforce.com");
    instance["required"] = true;
    Json sign_in = option("sign_in", "text", "jwt",
                          "How Kontor signs in: jwt (a certificate of the connected app), "
                          "client_credentials (its secret)",
                          "登录方式：jwt（连接应用的证书）或 client_credentials（连接应用的密钥）");
    sign_in["choices"] = {"jwt", "client_credentials"};
    Json environment =
        option("environment", "text", "production",
               "production, sandbox, or custom: give login_url and audience",
               "production（生产）、sandbox（沙盒），或 custom：另行指定 login_url 和 audience");
    environment["choices"] = {"production", "sandbox", "custom"};
    environment["implies"] = {{"production", Json::object()}, {"sandbox", Json::object()}};
    for (const auto& [name, host] : {std::pair{"production", "https://login.salesforce.com"},
                                     std::pair{"sandbox", "https://test.salesforce.com"}})
        environment["implies"][name] = {{"login_url", host}, {"audience", host}};
    Json login =
        option("login_url", "url", nullptr, "Address that a JWT is sent to", "提交 JWT 的登录地址");
    Json audience = option("audience", "url", nullptr, "Audience of the JWT", "JWT 的受众");
    for (Json* each : {&login, &audience}) (*each)["needed_if"] = {{"environment", "custom"}};
    return Json::array(
        {std::move(instance), std::move(sign_in), std::move(environment), std::move(login),
         std::move(audience),
         option("objects", "list", standard_objects(), "Objects to replicate", "要同步的对象"),
         option("custom_objects", "boolean", true, "Replicate custom objects (__c) too",
                "同时同步自定义对象（__c）"),
         option("external_id_field", "text", "Kontor_Id__c",
                "Unique external-id text field that holds Kontor's key of a record",
                "存放 Kontor 记录键的唯一外部 ID 文本字段"),
         option("bulk_from", "integer", 10'000,
                "Records from which on a first load goes by Bulk API 2.0; 0: never",
                "首次加载达到多少条记录时使用 Bulk API 2.0；0 表示不使用"),
         option("allow_duplicates", "boolean", false,
                "Save records although a duplicate rule warns of them",
                "即使重复规则发出警告也保存记录"),
         option("auto_assign", "boolean", false, "Our leads and cases set off assignment rules",
                "写入的线索和个案触发分配规则"),
         option("overlap_s", "integer", 900,
                "Seconds that each pull looks back: long transactions show late",
                "每次拉取向前重叠的秒数：长事务可能延迟可见")});
}

Json bearer() {
    return {{"headers", {{"Authorization", "Bearer {token}"}}}};
}

}  // namespace

std::string spec_json() {
    const Json spec{
        {"title", {{"en", "Salesforce"}, {"zh", "Salesforce"}}},
        {"options", options()},
        {"auth",
         Json::array(
             {{{"kind", "login"},
               {"title", {{"en", "Certificate (JWT bearer)"}, {"zh", "证书（JWT）"}}},
               {"when", {{"sign_in", "jwt"}}},
               {"token_url", "{login_url}/services/oauth2/token"},
               {"values", {"client_id", "user"}},
               {"secrets", {"private_key"}},
               {"exchange",
                {{"format", "form"},
                 {"request", {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}}},
                 {"assertion",
                  {{"claims", {{"iss", "{client_id}"}, {"sub", "{user}"}, {"aud", "{audience}"}}},
                   {"lasts_s", 180}}},
                 {"token", "access_token"},
                 {"lasts_s", 3600}}},
               {"bear", bearer()}},
              {{"kind", "client_credentials"},
               {"title", {{"en", "Client credentials"}, {"zh", "客户端凭据"}}},
               {"when", {{"sign_in", "client_credentials"}}},
               {"token_url", "{instance_url}/services/oauth2/token"},
               {"values", {"client_id"}},
               {"secrets", {"client_secret"}}}})},
        {"hosts", {"{instance_url}"}},
        {"limits", {{"requests_per_second", 0}, {"concurrency", 5}, {"daily_credits", 0}}}};
    return spec.dump();
}

}  // namespace kontor::salesforce
