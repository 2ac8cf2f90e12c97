#include "plugins/zoho/spec.hpp"

#include "connectors/sdk/json.hpp"
#include "plugins/zoho/options.hpp"

namespace kontor::zoho {
namespace {

using sdk::Json;

Json option(const char* name, const char* type, Json fallback, const char* en, const char* zh) {
    Json out{{"name", name}, {"type", type}, {"help", {{"en", en}, {"zh", zh}}}};
    if (!fallback.is_null()) out["default"] = std::move(fallback);
    return out;
}

Json data_centre_option() {
    Json out = option("data_centre", "text", "us", "Where the organisation's data is kept",
                      "组织数据所在的数据中心");
    for (const auto& centre : data_centres()) {
        out["choices"].push_back(centre.name);
        // The API base is not implied: the token answer's api_domain knows better.
        out["implies"][std::string(centre.name)] = {{"accounts_url", centre.accounts_url},
                                                    {"upload_url", centre.upload_url}};
    }
    out["choices"].push_back("custom");
    return out;
}

// A data centre of one's own has no addresses that we know.
Json needed_if_custom(Json option) {
    option["needed_if"] = {{"data_centre", "custom"}};
    return option;
}

Json options() {
    return Json::array(
        {data_centre_option(),
         needed_if_custom(option("accounts_url", "url", nullptr,
                                 "Accounts server, instead of the data centre's",
                                 "账户服务器地址，代替数据中心的默认值")),
         needed_if_custom(option("api_url", "url", nullptr,
                                 "API server, instead of the one Zoho names",
                                 "API 服务器地址，代替 Zoho 返回的地址")),
         option("upload_url", "url", nullptr, "Upload server, instead of the data centre's",
                "上传服务器地址，代替数据中心的默认值"),
         option("api_domain", "url", nullptr, "API server that Zoho named with the access token",
                "Zoho 随访问令牌返回的 API 服务器"),
         option("sandbox", "boolean", false, "Use the sandbox", "使用沙盒环境"),
         option("modules", "list", standard_modules(), "Modules to replicate", "要同步的模块"),
         option("custom_modules", "boolean", true, "Custom modules too", "同时同步自定义模块"),
         option("external_id_field", "text", "Kontor_Id",
                "Unique text field that holds Kontor's key of a record; used where it exists",
                "保存 Kontor 记录键的唯一文本字段；存在时使用"),
         option("trigger", "list", Json::array(),
                "Automation that our writes set off: workflow, approval, blueprint, pathfinder, "
                "orchestration; empty: none",
                "写入时触发的自动化：workflow、approval、blueprint、pathfinder、orchestration；"
                "留空则不触发"),
         [] {
             Json bulk =
                 option("bulk", "text", "auto", "First loads by Bulk Read", "首次加载使用批量读取");
             bulk["choices"] = {"auto", "always", "never"};
             return bulk;
         }(),
         option("bulk_threshold", "integer", 2000, "Records from which auto uses Bulk Read",
                "自动模式下使用批量读取的记录数下限"),
         option("overlap_s", "integer", 120, "Seconds that each pull looks back",
                "每次拉取向前重叠的秒数"),
         option("page_fields", "integer", 50, "Fields asked for in one request, at most 50",
                "单次请求的字段数，最多 50")});
}

Json hosts() {
    Json out{"{api_url}", "{accounts_url}", "{upload_url}", "{api_domain}"};
    for (const auto& centre : data_centres()) {
        for (const char* kind : {"www", "sandbox", "developer"})
            out.push_back("https://" + std::string(kind) + ".zohoapis." +
                          std::string(centre.api_suffix));
    }
    return out;
}

Json oauth() {
    Json servers = Json::array();
    for (const auto& centre : data_centres()) servers.push_back(centre.accounts_url);
    return {{"kind", "oauth2"},
            {"title", {{"en", "Zoho account"}, {"zh", "Zoho 账户"}}},
            {"token_url", "{accounts_url}/oauth/v2/token"},
            {"authorize_url", "{accounts_url}/oauth/v2/auth"},
            // Without these Zoho returns no refresh token.
            {"authorize_parameters", {{"access_type", "offline"}, {"prompt", "consent"}}},
            {"flows", {"authorization_code", "self_client"}},
            {"scopes",
             {"ZohoCRM.modules.ALL", "ZohoCRM.settings.ALL", "ZohoCRM.users.READ",
              "ZohoCRM.org.READ", "ZohoCRM.coql.READ", "ZohoCRM.bulk.ALL"}},
            {"scope_separator", ","},
            {"header", "Authorization"},
            {"scheme", "Zoho-oauthtoken"},
            {"token_limits", {{"count", 10}, {"window_s", 600}}},
            {"secrets", {"client_id", "client_secret", "refresh_token"}},
            {"no_refresh_codes", {"OAUTH_SCOPE_MISMATCH"}},
            {"accounts_servers", std::move(servers)}};
}

}  // namespace

std::string spec_json() {
    const Json spec{{"title", {{"en", "Zoho CRM"}, {"zh", "Zoho CRM"}}},
                    {"options", options()},
                    {"auth", Json::array({oauth()})},
                    {"hosts", hosts()},
                    {"limits",
                     {{"requests_per_second", 0},
                      {"concurrency", 5},
                      {"daily_credits", 0},
                      {"credits_left_header", "x-api-credits-remaining"}}}};
    return spec.dump();
}

}  // namespace kontor::zoho
