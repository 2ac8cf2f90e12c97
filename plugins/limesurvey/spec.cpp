#include "plugins/limesurvey/spec.hpp"

#include "connectors/sdk/json.hpp"

namespace kontor::limesurvey {
namespace {

using sdk::Json;

Json option(const char* name, const char* type, Json fallback, const char* en, const char* zh) {
    Json out{{"name", name}, {"type", type}, {"help", {{"en", en}, {"zh", zh}}}};
    if (!fallback.is_null()) out["default"] = std::move(fallback);
    return out;
}

Json options() {
    Json url = option("url", "url", nullptr,
                      "Address of RemoteControl, as the global settings (Interfaces) show it",
                      "RemoteControl 接口地址，见全局设置中的“接口”");
    url["required"] = true;
    return Json::array(
        {std::move(url),
         option("surveys", "list", nullptr, "Numbers of the surveys to read; left out: all active",
                "要读取的问卷编号；不填则为所有已激活的问卷"),
         option("time_zone", "text", "Z", "Offset of the server's local time, such as +08:00",
                "服务器当地时间与 UTC 的差，如 +08:00"),
         option("participants", "boolean", true,
                "Look up the e-mail address of who answered by a token",
                "按令牌查找答卷人的电子邮箱")});
}

// A session lives as long as the server's sessions do; it is asked for anew when it is refused.
Json login() {
    return {{"kind", "login"},
            {"token_url", "{url}"},
            {"values", {"user"}},
            {"secrets", {"password"}},
            {"exchange",
             {{"request",
               {{"method", "get_session_key"}, {"params", {"{user}", "{password}"}}, {"id", 1}}},
              {"token", "/result"},
              {"code", "/result/status"},
              {"lasts_s", 3600}}},
            {"bear", {{"body", {{"/params/0", "{token}"}}}}},
            {"refused_codes", {"Invalid session key"}}};
}

}  // namespace

std::string spec_json() {
    return Json{{"title", {{"en", "LimeSurvey"}, {"zh", "LimeSurvey 问卷"}}},
                {"options", options()},
                {"auth", Json::array({login()})},
                {"hosts", {"{url}"}},
                {"limits", {{"requests_per_second", 5}, {"concurrency", 1}, {"daily_credits", 0}}}}
        .dump();
}

}  // namespace kontor::limesurvey
