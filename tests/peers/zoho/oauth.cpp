#include "tests/peers/zoho/oauth.hpp"

#include <algorithm>

#include "tests/peers/zoho/scopes.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr std::int64_t kWindow = 600;
constexpr std::size_t kTokensPerWindow = 10;
constexpr std::size_t kActiveTokens = 15;
constexpr const char* kEverything =
    "ZohoCRM.modules.ALL,ZohoCRM.settings.ALL,ZohoCRM.users.READ,ZohoCRM.org.READ,"
    "ZohoCRM.coql.READ,ZohoCRM.bulk.ALL,ZohoCRM.notifications.ALL,ZohoFiles.files.ALL,"
    "ZohoSearch.securesearch.READ";

}  // namespace

Parameters token_parameters(const Request& request) {
    Parameters out = parse_query(request.query());
    const std::string type(find_header(request.headers, "Content-Type").value_or(""));
    if (type.starts_with("multipart/form-data")) {
        for (auto& part : parse_multipart(type, request.body))
            out.emplace_back(std::move(part.name), std::move(part.content));
    } else if (!request.body.empty()) {
        for (auto& parameter : parse_query(request.body)) out.push_back(std::move(parameter));
    }
    return out;
}

OAuth::OAuth(Org& org) : org_(org) {
    credentials_.client_id = "1000." + org.random_token(30);
    credentials_.client_secret = org.random_token(42);
    credentials_.refresh_token = "1000." + org.random_token(32) + "." + org.random_token(32);
    refresh_[credentials_.refresh_token];
    credentials_.grant_code = new_grant_code();
}

std::string OAuth::new_grant_code() {
    return new_code("", true);
}

std::string OAuth::new_code(std::string redirect_uri, bool offline) {
    std::string code = "1000." + org_.random_token(32) + "." + org_.random_token(32);
    grants_[code] = {org_.now_s() + org_.switches.number("grant_lifetime_s"),
                     std::move(redirect_uri), offline};
    changed_ = true;
    return code;
}

Response OAuth::consent(const Request& request) {
    const Parameters parameters = parse_query(request.query());
    const auto value = [&](std::string_view name) {
        return std::string(find_parameter(parameters, name).value_or(""));
    };
    const std::string redirect = value("redirect_uri");
    const bool known = value("client_id") == credentials_.client_id;
    // Without a client and an address to trust there is nowhere to send the browser.
    if (request.method != "GET" || !known || redirect.find("://") == std::string::npos ||
        value("response_type") != "code" || value("scope").empty()) {
        Response page;
        page.status = 400;
        page.headers.emplace_back("Content-Type", "text/html;charset=UTF-8");
        page.body = "<html><body>Invalid Client ID, redirect URI or scope</body></html>";
        return page;
    }
    std::string query;
    if (org_.switches.text("consent") == "deny") {
        query = "error=access_denied";
    } else {
        query = "location=us&accounts-server=" + url_encode(org_.base_url) +
                "&code=" + new_code(redirect, value("access_type") == "offline");
    }
    if (const auto state = value("state"); !state.empty()) query += "&state=" + url_encode(state);
    Response page;
    page.status = 302;
    page.headers.emplace_back(
        "Location", redirect + (redirect.find('?') == std::string::npos ? "?" : "&") + query);
    return page;
}

Response OAuth::answer_error(std::string_view error, std::string_view description) {
    Json body{{"error", error}};
    if (!description.empty()) {
        body["error_description"] = description;
        body["status"] = "failure";
    }
    return json_response(static_cast<int>(org_.switches.number("token_error_status")), body);
}

Response OAuth::token(const Request& request) {
    if (request.method != "POST") return answer_error("invalid_request");
    const Parameters parameters = token_parameters(request);
    const auto value = [&](std::string_view name) {
        return std::string(find_parameter(parameters, name).value_or(""));
    };
    if (value("client_id") != credentials_.client_id) return answer_error("invalid_client");
    if (value("client_secret") != credentials_.client_secret)
        return answer_error("invalid_client_secret");
    const std::string kind = value("grant_type");
    if (kind == "authorization_code") {
        const auto grant = grants_.find(value("code"));
        if (grant == grants_.end()) return answer_error("invalid_code");
        const Grant given = grant->second;
        grants_.erase(grant);
        changed_ = true;
        if (given.expires_s < org_.now_s()) return answer_error("invalid_code");
        if (given.redirect_uri != value("redirect_uri"))
            return answer_error("invalid_redirect_uri");
        std::string token = "1000." + org_.random_token(32) + "." + org_.random_token(32);
        refresh_[token];
        return issue(token, given.offline);
    }
    if (kind != "refresh_token") return answer_error("unsupported_grant_type");
    const auto refresh = refresh_.find(value("refresh_token"));
    if (refresh == refresh_.end() || refresh->second.revoked) return answer_error("invalid_code");
    return issue(refresh->first, false);
}

Response OAuth::issue(const std::string& refresh_token, bool with_refresh_token) {
    const std::int64_t now = org_.now_s();
    Refresh& refresh = refresh_[refresh_token];
    std::erase_if(refresh.issued_s, [&](std::int64_t at) { return at <= now - kWindow; });
    const bool limited = org_.switches.on("token_limits");
    if (limited && refresh.issued_s.size() >= kTokensPerWindow)
        return answer_error(org_.switches.text("token_limit_error"),
                            org_.switches.text("token_error_description"));
    refresh.issued_s.push_back(now);
    std::erase_if(access_, [&](const auto& entry) { return entry.second.expires_s <= now; });
    std::vector<std::string> active;
    for (const auto& [token, access] : access_) {
        if (access.refresh_token == refresh_token) active.push_back(token);
    }
    if (limited && active.size() >= kActiveTokens) {
        access_.erase(*std::min_element(active.begin(), active.end(), [&](auto& a, auto& b) {
            return access_[a].expires_s < access_[b].expires_s;
        }));
    }
    const std::int64_t lifetime = org_.switches.number("token_lifetime_s");
    const std::string token = "1000." + org_.random_token(32) + "." + org_.random_token(32);
    const std::string scope = scope_.empty() ? kEverything : scope_;
    access_[token] = {refresh_token, now + lifetime, scope};
    changed_ = true;
    Json body{{"access_token", token},
              {"scope", scope},
              {"api_domain", org_.base_url},
              {"token_type", "Bearer"},
              {"expires_in", lifetime}};
    if (org_.switches.on("expires_in_ms")) {
        body["expires_in"] = lifetime * 1000;
        body["expires_in_sec"] = lifetime;
    }
    if (with_refresh_token) body["refresh_token"] = refresh_token;
    return json_response(200, body);
}

Response OAuth::revoke(const Request& request) {
    const Parameters parameters = token_parameters(request);
    const auto found = refresh_.find(std::string(find_parameter(parameters, "token").value_or("")));
    if (found == refresh_.end()) return answer_error("invalid_code");
    found->second.revoked = true;
    std::erase_if(access_,
                  [&](const auto& entry) { return entry.second.refresh_token == found->first; });
    changed_ = true;
    return json_response(200, {{"status", "success"}});
}

void OAuth::require_token(const Request& request) {
    const auto fail = [&] {
        refuse(401, org_.switches.text("token_error_code"), "invalid oauth token");
    };
    const auto header = find_header(request.headers, "Authorization");
    if (!header) fail();
    std::string_view token = *header;
    if (token.starts_with("Zoho-oauthtoken ")) {
        token.remove_prefix(16);
    } else if (token.starts_with("Bearer ") && org_.switches.on("bearer_accepted")) {
        token.remove_prefix(7);
    } else {
        fail();
    }
    const auto access = access_.find(std::string(token));
    if (access == access_.end() || access->second.expires_s <= org_.now_s()) fail();
    if (!allows(access->second.scope, need_of(request.method, request.path())))
        refuse(401, "OAUTH_SCOPE_MISMATCH", "invalid oauth scope to access this URL");
}

void OAuth::expire_access_tokens() {
    access_.clear();
    changed_ = true;
}

void OAuth::revoke_refresh_tokens() {
    for (auto& [token, refresh] : refresh_) refresh.revoked = true;
    expire_access_tokens();
}

bool OAuth::take_changed() {
    return std::exchange(changed_, false);
}

Json OAuth::save() const {
    Json access = Json::object();
    for (const auto& [token, entry] : access_)
        access[token] = {
            {"refresh", entry.refresh_token}, {"expires", entry.expires_s}, {"scope", entry.scope}};
    Json refresh = Json::object();
    for (const auto& [token, entry] : refresh_)
        refresh[token] = {{"revoked", entry.revoked}, {"issued", entry.issued_s}};
    Json grants = Json::object();
    for (const auto& [code, grant] : grants_)
        grants[code] = {{"expires", grant.expires_s},
                        {"redirect_uri", grant.redirect_uri},
                        {"offline", grant.offline}};
    return {{"client_id", credentials_.client_id},
            {"client_secret", credentials_.client_secret},
            {"refresh_token", credentials_.refresh_token},
            {"grant_code", credentials_.grant_code},
            {"access", access},
            {"refresh", refresh},
            {"grants", grants}};
}

void OAuth::load(const Json& saved) {
    credentials_.client_id = saved.at("client_id");
    credentials_.client_secret = saved.at("client_secret");
    credentials_.refresh_token = saved.at("refresh_token");
    access_.clear();
    refresh_.clear();
    for (const auto& [token, entry] : saved.at("access").items())
        access_[token] = {entry.at("refresh"), entry.at("expires"),
                          entry.value("scope", std::string(kEverything))};
    for (const auto& [token, entry] : saved.at("refresh").items())
        refresh_[token] = {entry.at("revoked"), entry.at("issued")};
    grants_.clear();
    for (const auto& [code, grant] : saved.at("grants").items())
        grants_[code] = {grant.at("expires"), grant.at("redirect_uri"), grant.at("offline")};
    credentials_.grant_code = new_grant_code();
}

}  // namespace kontor::peer::zoho
