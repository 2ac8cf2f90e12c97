#include "tests/peers/fxiaoke/auth.hpp"

#include <algorithm>

namespace kontor::peer::fxiaoke {

namespace {

constexpr std::int64_t kLifeMs = 7'200'000;
constexpr std::int64_t kReuseMs = 6'600'000;
constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::size_t kTokensAMinute = 10;

Refusal wrong_token() {
    return {20016, "the cropId,cropAccessToken or authorization is error", ""};
}

}  // namespace

Auth::Auth(Tenant& tenant) : tenant_(tenant) {
    known_.app_id = "FSAID_" + tenant_.random_hex(7);
    known_.app_secret = tenant_.random_hex(32);
    known_.permanent_code = tenant_.random_hex(40);
    known_.ea = "fs" + tenant_.random_hex(6);
    known_.corp_id = "FSCID_" + tenant_.random_hex(32);
}

bool Auth::alive(const Token& token) const {
    return tenant_.now_ms() - token.issued_ms < kLifeMs;
}

Json Auth::token(const Json& body, bool new_style) {
    const std::int64_t now = tenant_.now_ms();
    const auto is = [&](const char* name, const std::string& wanted) {
        return body.contains(name) && body.at(name).is_string() && body.at(name) == wanted;
    };
    while (!asked_ms_.empty() && asked_ms_.front() <= now - kMinuteMs) asked_ms_.pop_front();
    if (tenant_.switches.on("token_limit") && asked_ms_.size() >= kTokensAMinute)
        throw Refusal{static_cast<int>(tenant_.switches.number("rate_code")), "秒频次超限", ""};
    asked_ms_.push_back(now);
    if (!is("appId", known_.app_id)) throw missing("appId");
    if (!is("appSecret", known_.app_secret)) throw missing("appSecret");
    if (!is("permanentCode", known_.permanent_code)) throw missing("permanentCode");
    if (new_style && !is("grantType", "app_secret")) throw missing("grantType");
    const auto newest = std::find_if(tokens_.rbegin(), tokens_.rend(), [&](const Token& each) {
        return each.new_style == new_style;
    });
    const bool reuse = newest != tokens_.rend() && now - newest->issued_ms < kReuseMs;
    const Token token = reuse ? *newest : Token{"B" + tenant_.random_hex(31), now, new_style};
    if (!reuse) tokens_.push_back(token);
    std::int64_t left = kLifeMs;
    if (tenant_.switches.text("expiresIn") == "remaining") left -= now - token.issued_ms;
    if (new_style)
        return {
            {"errorCode", 0},           {"errorMessage", "success"}, {"accessToken", token.text},
            {"expiresIn", left / 1000}, {"ea", known_.ea},           {"openUserId", known_.corp_id},
            {"appId", known_.app_id}};
    return {{"errorCode", 0},
            {"errorMessage", "success"},
            {"corpAccessToken", token.text},
            {"corpId", known_.corp_id},
            {"expiresIn", left / 1000}};
}

std::string Auth::employee(const std::string& id, bool open_id) const {
    for (const Employee& each : employees())
        if ((open_id ? each.open_id : each.id) == id) return each.id;
    if (id.empty())
        throw Refusal{static_cast<int>(tenant_.switches.number("missing_user_code")),
                      "openUserId未找到", ""};
    throw Refusal{20012, "openUserId未找到", ""};
}

std::string Auth::require(const Request& request, const Json& body, bool& old_style) {
    const auto header = find_header(request.headers, "authorization");
    old_style = !header;
    const auto known = [&](const std::string& text, bool new_style) {
        return std::any_of(tokens_.begin(), tokens_.end(), [&](const Token& each) {
            return each.new_style == new_style && each.text == text && alive(each);
        });
    };
    if (header) {
        constexpr std::string_view kScheme = "Bearer ";
        if (!header->starts_with(kScheme) ||
            !known(std::string(header->substr(kScheme.size())), true) ||
            find_header(request.headers, "x-fs-ea").value_or("") != known_.ea)
            throw wrong_token();
        return employee(std::string(find_header(request.headers, "x-fs-userid").value_or("")),
                        false);
    }
    if (!body.contains("corpAccessToken"))
        throw Refusal{20017, "corpAccessToken为必填项，不能为空", ""};
    if (!known(body.value("corpAccessToken", ""), false) ||
        body.value("corpId", "") != known_.corp_id)
        throw wrong_token();
    return employee(body.value("currentOpenUserId", ""), true);
}

void Auth::expire_tokens() {
    for (Token& each : tokens_) each.issued_ms = tenant_.now_ms() - kLifeMs;
}

}  // namespace kontor::peer::fxiaoke
