#include "connectors/host/oauth_server.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "connectors/host/json_text.hpp"
#include "connectors/host/status.hpp"
#include "connectors/host/url.hpp"

namespace kontor::host {
namespace {

constexpr std::size_t kAnswerBytesMax = 65'536;
constexpr std::chrono::seconds kUsualLifetime{3'600};
constexpr std::chrono::seconds kLifetimeMax{90 * 86'400};

struct Field {
    std::string_view name;
    std::string_view value;
};

Secret form_of(const std::vector<Field>& fields) {
    std::size_t size = 0;
    for (const auto& field : fields) size += field.name.size() + 3 * field.value.size() + 2;
    std::string form;
    form.reserve(size);
    for (const auto& field : fields) {
        if (!form.empty()) form += '&';
        form += field.name;
        form += '=';
        append_encoded(form, field.value);
    }
    return Secret(std::move(form));
}

std::chrono::seconds lifetime_of(const nlohmann::json& answer) {
    // Old servers put milliseconds into expires_in, and then seconds into expires_in_sec.
    for (const char* key : {"expires_in_sec", "expires_in"}) {
        auto seconds = integer_of(answer, key);
        if (const auto text = text_of(answer, key); !text.empty())
            std::from_chars(text.data(), text.data() + text.size(), seconds);
        if (seconds > 0) return std::min(std::chrono::seconds(seconds), kLifetimeMax);
    }
    return kUsualLifetime;
}

// The accounts server's error code if it looks like one: nothing else of its text is repeated.
std::string code_of(const nlohmann::json& answer) {
    auto code = text_of(answer, "error");
    std::ranges::transform(code, code.begin(), [](unsigned char c) {
        return c == ' ' || c == '-' ? '_' : static_cast<char>(std::tolower(c));
    });
    const bool sound = code.size() <= 64 && std::ranges::all_of(code, [](unsigned char c) {
                           return std::isalnum(c) || c == '_';
                       });
    return sound ? code : "unknown_error";
}

tl::unexpected<Error> refused(const std::string& code, const HttpResponse& answer) {
    Error error{Errc::kUnauthenticated, "the accounts server answered " + code, {}, {}};
    error.args["oauth_error"] = code;
    error.args["status"] = std::to_string(answer.status);
    // Zoho says "Access Denied" when too many tokens were asked for.
    if (answer.status == 429 || code == "access_denied" || code == "slow_down" ||
        code == "too_many_requests")
        error.code = Errc::kRateLimited;
    else if (answer.status >= 500 || code == "server_error" || code == "temporarily_unavailable")
        error.code = Errc::kUnavailable;
    if (error.code == Errc::kUnavailable)
        error.args.merge(answered_args(answer.status >= 500 ? answer.status : 0));
    return tl::unexpected(std::move(error));
}

Result<OAuthGrant> read_grant(const HttpResponse& answer) {
    auto json = parse_json(answer.body, kAnswerBytesMax, "the accounts server's answer");
    if (!json || !json->is_object()) {
        if (answer.status == 429 || answer.status >= 500) return refused("no_json", answer);
        return fail(Errc::kProtocol, "the accounts server's answer is not a JSON object",
                    {{"status", std::to_string(answer.status)}});
    }
    // The status says nothing: errors come with 200 as well.
    auto access = text_of(*json, "access_token");
    if (access.empty()) {
        const auto code = code_of(*json);
        if (code.empty() && answer.status == 200)
            return fail(Errc::kProtocol, "the accounts server's answer has no access token");
        return refused(code.empty() ? "status_" + std::to_string(answer.status) : code, answer);
    }
    OAuthGrant grant;
    grant.access_token = Secret(std::move(access));
    grant.refresh_token = Secret(text_of(*json, "refresh_token"));
    grant.expires_in = lifetime_of(*json);
    grant.api_domain = text_of(*json, "api_domain");
    grant.scope = text_of(*json, "scope");
    return grant;
}

Result<OAuthGrant> ask(HttpClient& http, const std::string& url, const Secret& form) {
    HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                       {"Accept", "application/json"}};
    request.body = form.reveal();
    request.max_body = kAnswerBytesMax;
    request.timeout = std::chrono::seconds(30);
    auto answer = http.send(request);
    if (!answer) return in_context("ask the accounts server", std::move(answer.error()));
    auto grant = read_grant(*answer);
    wipe(answer->body);
    return grant;
}

}  // namespace

std::string authorize_url(const OAuthClient& client, std::string_view redirect_uri,
                          std::string_view state) {
    std::string scope;
    for (const auto& each : client.scopes) {
        if (!scope.empty()) scope += client.scope_separator;
        scope += each;
    }
    auto parameters = client.authorize_parameters;
    parameters["response_type"] = "code";
    parameters["client_id"] = client.client_id;
    parameters["scope"] = scope;
    parameters["redirect_uri"] = redirect_uri;
    parameters["state"] = state;
    // Without these many servers hand out no refresh token.
    parameters.emplace("access_type", "offline");
    parameters.emplace("prompt", "consent");
    std::string url = client.authorize_url;
    char separator = url.find('?') == std::string::npos ? '?' : '&';
    for (const auto& [name, value] : parameters) {
        url += std::exchange(separator, '&');
        append_encoded(url, name);
        url += '=';
        append_encoded(url, value);
    }
    return url;
}

Result<OAuthGrant> exchange_code(HttpClient& http, const OAuthClient& client, const Secret& code,
                                 std::string_view redirect_uri, std::string_view accounts_server,
                                 const AllowList& allowed) {
    std::string url = client.token_url;
    if (!accounts_server.empty()) {
        const auto server = allowed.check(accounts_server);
        if (!server) return tl::unexpected(server.error());
        const auto usual = Url::parse(client.token_url);
        if (!usual) return tl::unexpected(usual.error());
        url = server->origin() + usual->path;
    }
    if (const auto reachable = allowed.check(url); !reachable)
        return tl::unexpected(reachable.error());
    std::vector<Field> fields = {{"grant_type", "authorization_code"},
                                 {"client_id", client.client_id},
                                 {"code", code.reveal()}};
    if (!client.client_secret.empty())
        fields.push_back({"client_secret", client.client_secret.reveal()});
    if (!redirect_uri.empty()) fields.push_back({"redirect_uri", redirect_uri});
    return ask(http, url, form_of(fields));
}

Result<OAuthGrant> refresh_access(HttpClient& http, const OAuthClient& client,
                                  const Secret& refresh_token) {
    std::vector<Field> fields = {{"grant_type", "refresh_token"},
                                 {"client_id", client.client_id},
                                 {"refresh_token", refresh_token.reveal()}};
    if (!client.client_secret.empty())
        fields.push_back({"client_secret", client.client_secret.reveal()});
    return ask(http, client.token_url, form_of(fields));
}

}  // namespace kontor::host
