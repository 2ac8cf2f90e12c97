// Signing in: the page where a user consents, and new credentials for a connection that is there.
#include "daemon/api/connection_body.hpp"
#include "daemon/api/connection_json.hpp"
#include "daemon/api/json_io.hpp"

namespace kontor::api {
namespace {

Result<ApiResponse> consent_url(Services& services, const ApiRequest& request) {
    auto body = parse_body(request, {"connection", "plugin", "options", "values", "auth",
                                     "redirect_uri", "state", "ca_file"});
    if (!body) return pass(body);
    config::Connection connection;
    const auto name = body->value("connection", "");
    if (!name.empty()) {
        auto worker = worker_of(services, name);
        if (!worker) return pass(worker);
        connection = (*worker)->connection();
    } else {
        auto read = connection_from(*body, services.configuration().folder);
        if (!read) return pass(read);
        connection = std::move(*read);
    }
    for (const auto* key : {"redirect_uri", "state"})
        if (body->value(key, "").empty())
            return fail(Errc::kInvalid, std::string(key) + " is missing", {{"key", key}});
    auto url = services.sign_in.consent_url(connection, body->value("redirect_uri", ""),
                                            body->value("state", ""));
    if (!url) return pass(url);
    return json_response({{"url", *url}});
}

// Secrets that are replaced; put back unless kept, so that a mistyped one harms nothing.
class Replaced {
public:
    explicit Replaced(host::SecretStore& store) : store_(store) {}
    ~Replaced() {
        if (kept_) return;
        for (const auto& [reference, before] : before_) (void)store_.write(reference, before);
    }
    Replaced(const Replaced&) = delete;
    Replaced& operator=(const Replaced&) = delete;

    void remember(const std::string& reference) {
        if (auto before = store_.read(reference); before)
            before_.emplace_back(reference, std::move(*before));
    }
    void keep() { kept_ = true; }

private:
    host::SecretStore& store_;
    std::vector<std::pair<std::string, host::Secret>> before_;
    bool kept_ = false;
};

Result<> replace_secrets(Services& services, const config::Connection& connection, const json& body,
                         Replaced& replaced) {
    const auto given = body.value("secrets", json::object());
    for (const auto& [name, item] : given.items()) {
        const auto known = connection.secrets.find(name);
        if (known == connection.secrets.end())
            return fail(Errc::kInvalid, "the connection has no secret " + name, {{"key", name}});
        replaced.remember(known->second);
        const host::Secret value(item.at("value").get<std::string>());
        if (auto written = services.secrets.write(known->second, value); !written)
            return in_context("store " + name, written.error());
    }
    if (!body.contains("code")) return {};
    if (const auto token = connection.secrets.find("refresh_token");
        token != connection.secrets.end())
        replaced.remember(token->second);
    const host::Secret code(body["code"].get<std::string>());
    return services.sign_in.authorize(connection, code, body.value("redirect_uri", ""),
                                      body.value("accounts_server", ""));
}

Result<ApiResponse> sign_in(Services& services, const ApiRequest& request) {
    auto worker = worker_of(services, request.param("name"));
    if (!worker) return pass(worker);
    auto body = parse_body(request, {"code", "redirect_uri", "accounts_server", "secrets"});
    if (!body) return pass(body);
    const auto& connection = (*worker)->connection();
    Replaced replaced(services.secrets);
    if (auto done = replace_secrets(services, connection, *body, replaced); !done)
        return pass(done);
    auto remote = services.remotes.open(connection, {});
    if (!remote) return pass(remote);
    auto who = (*remote)->check();
    if (!who) return pass(who);
    replaced.keep();
    (*worker)->reopen();
    services.log.info("connection.signed_in",
                      {{"connection", connection.name}, {"actor", request.actor}});
    if (auto asked = (*worker)->request({}); !asked) return pass(asked);
    return json_response({{"name", connection.name}, {"identity", identity_json(*who)}});
}

// Wrong types in a body are told without the value: it may be a secret.
Handler typed(Result<ApiResponse> (*answer)(Services&, const ApiRequest&), Services& services) {
    return [answer, &services](const ApiRequest& request) -> Result<ApiResponse> {
        try {
            return answer(services, request);
        } catch (const json::exception&) {
            return fail(Errc::kInvalid, "a key of the body has a wrong type");
        }
    };
}

}  // namespace

void add_sign_in_routes(Router& router, Services& s) {
    router.add("POST", "/api/v1/consent-url", typed(consent_url, s), Cost::kSlow);
    router.add("POST", "/api/v1/connections/{name}/sign-in", typed(sign_in, s), Cost::kSlow);
}

}  // namespace kontor::api
