#include "connectors/host/connection.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "connectors/host/allow_list.hpp"
#include "connectors/host/app_token.hpp"
#include "connectors/host/atomic_file.hpp"
#include "connectors/host/auth.hpp"
#include "connectors/host/budgets.hpp"
#include "connectors/host/credit_use.hpp"
#include "connectors/host/curl_client.hpp"
#include "connectors/host/dialer.hpp"
#include "connectors/host/digest.hpp"
#include "connectors/host/json_text.hpp"
#include "connectors/host/jwt.hpp"
#include "connectors/host/oauth.hpp"
#include "connectors/host/plugin_remote.hpp"
#include "connectors/host/redactor.hpp"
#include "connectors/host/requester.hpp"
#include "connectors/host/signed_requests.hpp"
#include "connectors/host/spec.hpp"
#include "connectors/host/url.hpp"

namespace kontor::host {
namespace {

std::string token_folder(const ConnectionSettings& settings) {
    return settings.token_folder.empty() ? settings.state_folder : settings.token_folder;
}

std::string spool_folder(const ConnectionSettings& settings) {
    return settings.spool_folder.empty() ? settings.state_folder : settings.spool_folder;
}

// The plugin, its spec and the options: what every entry point needs first.
struct Loaded {
    std::unique_ptr<Connector> connector;
    PluginSpec spec;
    Options options;
    AuthSpec auth;
};

Result<> check_pin(const ConnectionSettings& settings) {
    if (settings.plugin_sha256.empty()) return {};
    const bool described = !settings.description.empty();
    const auto& path = described ? settings.description_path : settings.plugin_path;
    auto found = described ? Result<std::string>(sha256_hex(settings.description))
                           : sha256_file(settings.plugin_path);
    if (!found) return pass(found);
    if (*found == settings.plugin_sha256) return {};
    return fail(Errc::kConfig, "plugin " + path + " is not the file that plugin_sha256 names",
                {{"reason", "plugin_changed"}, {"path", path}, {"sha256", *found}});
}

Result<std::unique_ptr<Connector>> start(const ConnectionSettings& settings) {
    if (auto same = check_pin(settings); !same) return pass(same);
    return start_connector(settings.plugin_path, settings.isolation);
}

Result<Loaded> load(const ConnectionSettings& settings) {
    Loaded out;
    auto connector = start(settings);
    if (!connector) {
        auto error = std::move(connector.error());
        error.args.emplace("connection", settings.name);
        return in_context("connection " + settings.name, std::move(error));
    }
    out.connector = std::move(*connector);
    auto spec = PluginSpec::parse(settings.spec_json.empty() ? out.connector->info().spec_json
                                                             : settings.spec_json);
    if (!spec) return pass(spec);
    out.spec = std::move(*spec);
    auto options = complete_options(out.spec, settings.options_json);
    if (!options) return pass(options);
    out.options = std::move(*options);
    const auto& kind = settings.auth.kind;
    const auto* auth = out.spec.auth_for(kind, out.options.texts);
    if (!auth && kind.empty()) auth = out.spec.auth_for("none", out.options.texts);
    const bool wants_none = kind.empty() || kind == "none";
    if (!auth && !(wants_none && out.spec.auth.empty()))
        return fail(Errc::kConfig, "the plugin does not know this kind of authentication",
                    {{"kind", kind}});
    if (auth) out.auth = *auth;
    return out;
}

Result<AllowList> allowed_hosts(const ConnectionSettings& settings, const Loaded& loaded,
                                const std::string& api_domain) {
    AllowList hosts(settings.allow_http_loopback);
    auto values = loaded.options.texts;
    if (!api_domain.empty()) values.emplace("api_domain", api_domain);
    for (const auto& pattern : loaded.spec.hosts) {
        // A host that hangs on an option not given is simply not reachable.
        const auto url = expand(pattern, values);
        if (!url) continue;
        if (auto added = hosts.add(*url); !added) return pass(added);
    }
    return hosts;
}

BudgetLimits budget_limits(const LimitsSpec& spec, const LimitOverrides& set) {
    const auto daily = set.daily_credits.value_or(spec.daily_credits);
    // Reading must not keep a person's edits from going out for the rest of the day.
    const auto usual = spec.credit_reserve > 0 ? spec.credit_reserve : daily / 10;
    return {.requests_per_second = set.requests_per_second.value_or(spec.requests_per_second),
            .concurrency = set.concurrency.value_or(spec.concurrency),
            .daily_credits = daily,
            .credit_reserve = set.credit_reserve.value_or(usual)};
}

Result<Secret> read_secret(const ConnectionSettings& settings, const SecretStore& store,
                           const std::string& name) {
    const auto reference = settings.auth.secrets.find(name);
    if (reference == settings.auth.secrets.end())
        return fail(Errc::kUnauthenticated, "the connection names no " + name, {{"secret", name}});
    auto secret = store.read(reference->second);
    if (!secret) {
        auto error = std::move(secret.error());
        error.args.emplace("secret", name);
        return in_context("read " + name, std::move(error));
    }
    return secret;
}

std::string auth_value(const ConnectionSettings& settings, const Loaded& loaded,
                       const std::string& name) {
    if (const auto set = settings.auth.values.find(name); set != settings.auth.values.end())
        return set->second;
    const auto option = loaded.options.texts.find(name);
    return option == loaded.options.texts.end() ? "" : option->second;
}

// Some plugins count the client id among the secrets, others among what is set openly.
Result<std::string> client_id(const ConnectionSettings& settings, const Loaded& loaded,
                              const SecretStore& store) {
    if (!settings.auth.secrets.contains("client_id"))
        return auth_value(settings, loaded, "client_id");
    auto secret = read_secret(settings, store, "client_id");
    if (!secret) return pass(secret);
    return std::string(secret->reveal());
}

Result<OAuthClient> oauth_client(const ConnectionSettings& settings, const Loaded& loaded,
                                 const SecretStore& store) {
    OAuthClient client;
    const auto token_url = expand(loaded.auth.token_url, loaded.options.texts);
    if (!token_url || token_url->empty())
        return fail(Errc::kConfig, "the address of the accounts server is not known",
                    {{"option", "accounts_url"}});
    client.token_url = *token_url;
    client.authorize_url = expand(loaded.auth.authorize_url, loaded.options.texts).value_or("");
    auto id = client_id(settings, loaded, store);
    if (!id) return pass(id);
    client.client_id = std::move(*id);
    if (client.client_id.empty())
        return fail(Errc::kConfig, "the client id is missing", {{"option", "client_id"}});
    client.scopes = loaded.auth.scopes;
    client.scope_separator = loaded.auth.scope_separator;
    client.authorize_parameters = loaded.auth.authorize_parameters;
    return client;
}

Result<> add_client_secret(OAuthClient& client, const ConnectionSettings& settings,
                           const SecretStore& store) {
    if (!settings.auth.secrets.contains("client_secret")) return {};  // a public client
    auto secret = read_secret(settings, store, "client_secret");
    if (!secret) return pass(secret);
    client.client_secret = std::move(*secret);
    return {};
}

Result<Secret> proxy_credentials(const ConnectionSettings& settings, const ConnectionDeps& deps,
                                 Redactor& redactor) {
    if (settings.proxy_secret.empty()) return Secret();
    auto secret = deps.secrets.read(settings.proxy_secret);
    if (!secret) return in_context("read the proxy's credentials", std::move(secret.error()));
    redactor.add(*secret);
    return secret;
}

Result<std::unique_ptr<HttpClient>> make_http(const ConnectionSettings& settings,
                                              const ConnectionDeps& deps, Redactor& redactor) {
    CurlOptions options;
    options.extra_ca_file = settings.ca_file;
    options.proxy = settings.proxy;
    options.trust = deps.trust;
    options.spool_folder = spool_folder(settings);
    options.allow_http_loopback = settings.allow_http_loopback;
    auto proxy = proxy_credentials(settings, deps, redactor);
    if (!proxy) return pass(proxy);
    options.proxy_credentials = std::move(*proxy);
    return CurlHttpClient::create(std::move(options), deps.stop);
}

// Everything that an open connection consists of, in the order of dependence.
struct Connection {
    Connection(ConnectionSettings s, const ConnectionDeps& d)
        : settings(std::move(s)),
          deps(d),
          own_sleeper(d.stop),
          sleeper(d.sleeper ? *d.sleeper : own_sleeper),
          log(d.log, redactor) {}

    const ConnectionSettings settings;
    const ConnectionDeps deps;
    StopSleeper own_sleeper;
    Sleeper& sleeper;
    Redactor redactor;
    RedactingLogger log;
    std::unique_ptr<HttpClient> own_http;
    HttpClient* http = nullptr;
    AllowList hosts;
    std::unique_ptr<Authenticator> auth;
    std::optional<Budgets> budgets;
    std::string credit_account;  // as told last
    std::optional<Requester> requester;
    std::optional<Dialer> dialer;  // where the plugin may dial at all
    std::optional<GrantedFiles> files;
    std::optional<Services> services;
};

Result<std::unique_ptr<Authenticator>> fixed_auth(Connection& connection, const Loaded& loaded) {
    const auto& settings = connection.settings;
    Credentials same;
    // A password goes to whom is dialled, and into no request.
    if (loaded.auth.kind != "none" && loaded.auth.kind != "password") {
        const bool basic = loaded.auth.kind == "basic";
        auto secret = read_secret(settings, connection.deps.secrets, basic ? "password" : "token");
        if (!secret) return pass(secret);
        connection.redactor.add(*secret);
        auto name = auth_value(settings, loaded, "header");
        if (name.empty() || loaded.auth.kind != "header") name = loaded.auth.header;
        std::string scheme = loaded.auth.scheme;
        if (scheme.empty() && loaded.auth.kind == "bearer") scheme = "Bearer";
        auto value = basic ? basic_credentials(auth_value(settings, loaded, "user"), *secret)
                           : with_scheme(scheme, *secret);
        connection.redactor.add(value);
        if (loaded.auth.kind == "query")
            same.query.push_back({loaded.auth.parameter, std::move(value)});
        else
            same.headers.push_back({std::move(name), std::move(value)});
    }
    return std::unique_ptr<Authenticator>(new FixedCredentials(std::move(same)));
}

Result<std::unique_ptr<Authenticator>> oauth(Connection& connection, const Loaded& loaded) {
    const auto& settings = connection.settings;
    OAuthSettings out;
    auto client = oauth_client(settings, loaded, connection.deps.secrets);
    if (!client) return pass(client);
    if (auto added = add_client_secret(*client, settings, connection.deps.secrets); !added)
        return pass(added);
    auto refresh_token = read_secret(settings, connection.deps.secrets, "refresh_token");
    if (!refresh_token) return pass(refresh_token);
    out.client = std::move(*client);
    out.refresh_token = std::move(*refresh_token);
    out.header = loaded.auth.header;
    out.scheme = loaded.auth.scheme.empty() ? "Bearer" : loaded.auth.scheme;
    out.token_limit_count = loaded.auth.token_limit_count;
    out.token_limit_window = loaded.auth.token_limit_window;
    out.no_refresh_codes = loaded.auth.no_refresh_codes;
    out.token_folder = token_folder(settings);
    return std::unique_ptr<Authenticator>(new OAuthTokens(std::move(out), *connection.http,
                                                          connection.deps.clock, connection.sleeper,
                                                          connection.redactor));
}

// A UUID of version 4, for servers that want a new one with each request.
std::string random_uuid(Random& random) {
    std::string hex = random.uid();
    hex[12] = '4';
    hex[16] = "89ab"[static_cast<std::size_t>(random.next() & 3)];
    for (const std::size_t at : {8U, 13U, 18U, 23U}) hex.insert(at, 1, '-');
    return hex;
}

// What an option, a value that is set openly or a secret gives for `{name}`.
Result<Secret> fill_in(std::string_view text, const Connection& connection, const Loaded& loaded) {
    const auto& settings = connection.settings;
    auto values = loaded.options.texts;
    for (const auto& [name, value] : settings.auth.values) values[name] = value;
    for (const auto& name : loaded.auth.secrets) {
        if (text.find("{" + name + "}") == std::string_view::npos) continue;
        if (!settings.auth.secrets.contains(name) && values.contains(name)) continue;
        auto secret = read_secret(settings, connection.deps.secrets, name);
        if (!secret) return pass(secret);
        values[name] = secret->reveal();
    }
    auto filled = expand(text, values);
    for (const auto& name : loaded.auth.secrets)
        if (const auto found = values.find(name); found != values.end()) wipe(found->second);
    if (!filled)
        return fail(Errc::kConfig, "a value that signing in needs is missing",
                    {{"option", std::string(text)}});
    return Secret(std::move(*filled));
}

// JSON in whose texts the gaps are filled.
Result<nlohmann::json> filled_in(nlohmann::json json, const Connection& connection,
                                 const Loaded& loaded, std::vector<Secret>& hidden) {
    if (json.is_structured()) {
        for (auto& each : json) {
            auto filled = filled_in(std::move(each), connection, loaded, hidden);
            if (!filled) return filled;
            each = std::move(*filled);
        }
        return json;
    }
    if (!json.is_string() || json.get_ref<const std::string&>().find('{') == std::string::npos)
        return json;
    auto value = fill_in(json.get_ref<const std::string&>(), connection, loaded);
    if (!value) return pass(value);
    nlohmann::json out = value->reveal();
    // What is not secret, such as the user's name, is hidden as well: it does no harm.
    hidden.push_back(std::move(*value));
    return out;
}

// The statement that `out.spec.claims` describe, signed with the connection's private key. Tells
// the token's file by the key and the claims.
Result<Secret> add_assertion(AppTokenSettings& out, Connection& connection, const Loaded& loaded) {
    auto claims = filled_in(nlohmann::json(out.spec.claims), connection, loaded, out.hidden);
    if (!claims) return pass(claims);
    auto key = read_secret(connection.settings, connection.deps.secrets, "private_key");
    if (!key) return pass(key);
    auto signer = JwtSigner::create(*key, claims->get<std::map<std::string, std::string>>(),
                                    out.spec.claims_last);
    if (!signer) return pass(signer);
    out.assertion = [signer = std::make_shared<const JwtSigner>(std::move(*signer))](Instant now) {
        return signer->sign(now);
    };
    return Secret(dump_json(*claims) + std::string(key->reveal()));
}

// Options, and what is set openly.
std::map<std::string, std::string> open_texts(const Connection& connection, const Loaded& loaded) {
    auto out = loaded.options.texts;
    for (const auto& [name, value] : connection.settings.auth.values) out[name] = value;
    return out;
}

// `needed`: one that the connection does not name is an error.
Result<std::vector<SecretHeader>> all_secrets(const Connection& connection, const Loaded& loaded,
                                              bool needed) {
    std::vector<SecretHeader> out;
    const auto& given = connection.settings.auth;
    for (const auto& name : loaded.auth.secrets) {
        if (!given.secrets.contains(name) && (!needed || given.values.contains(name))) continue;
        auto secret = read_secret(connection.settings, connection.deps.secrets, name);
        if (!secret) return pass(secret);
        out.push_back({name, std::move(*secret)});
    }
    return out;
}

// Options, what is set openly, and secrets.
Result<std::map<std::string, std::string>> all_texts(Connection& connection, const Loaded& loaded) {
    auto secrets = all_secrets(connection, loaded, true);
    if (!secrets) return pass(secrets);
    auto texts = open_texts(connection, loaded);
    for (const auto& each : *secrets) {
        connection.redactor.add(each.value);
        texts[each.name] = each.value.reveal();
    }
    return texts;
}

// Made of each request.
Result<std::unique_ptr<Authenticator>> signatures(Connection& connection, const Loaded& loaded) {
    auto texts = all_texts(connection, loaded);
    if (!texts) return pass(texts);
    const auto& spec = loaded.auth.app_token;
    const auto address = expand(spec.signed_below, loaded.options.texts);
    auto below = Url::parse(address.value_or(""));
    if (!below)
        return fail(Errc::kConfig, "the address that requests are signed for is not known",
                    {{"option", spec.signed_below}});
    return std::unique_ptr<Authenticator>(
        new SignedRequests(spec, std::move(*texts), std::move(*below), connection.deps.clock,
                           connection.deps.random, connection.redactor));
}

// The same in each request.
Result<std::unique_ptr<Authenticator>> keys(Connection& connection, const Loaded& loaded) {
    auto texts = all_texts(connection, loaded);
    if (!texts) return pass(texts);
    auto same = borne_by(loaded.auth.app_token, std::move(*texts));
    if (!same) return pass(same);
    for (const auto* borne : {&same->headers, &same->members, &same->query, &same->path})
        for (const auto& each : *borne) connection.redactor.add(each.value);
    return std::unique_ptr<Authenticator>(new FixedCredentials(std::move(*same)));
}

Result<std::unique_ptr<Authenticator>> app_token(Connection& connection, const Loaded& loaded) {
    AppTokenSettings out;
    out.spec = loaded.auth.app_token;
    out.values = open_texts(connection, loaded);
    std::string lasting_texts;
    // What only comes with the challenge, or is made of something, is filled in then.
    const bool later = !out.spec.challenge.url.empty() || !out.spec.digests.empty() ||
                       !out.spec.asking_headers.empty();
    if (loaded.auth.kind == "login" || later) {
        auto secrets = all_secrets(connection, loaded, later);
        if (!secrets) return pass(secrets);
        out.secrets = std::move(*secrets);
    }
    if (later) {
        lasting_texts = out.spec.request;
        for (const auto& [name, value] : connection.settings.auth.values)
            lasting_texts += "\n" + name + "=" + value;
        for (const auto& each : out.secrets) lasting_texts.append("\n").append(each.value.reveal());
        const auto url = expand(out.spec.challenge.url, out.values);
        if (!out.spec.challenge.url.empty() && !url)
            return fail(Errc::kConfig, "the address of the challenge is not known",
                        {{"option", out.spec.challenge.url}});
        out.challenge_url = url.value_or("");
    } else {
        auto request =
            filled_in(nlohmann::json::parse(out.spec.request), connection, loaded, out.hidden);
        if (!request) return pass(request);
        out.request = Secret(out.spec.as_form ? form_of(*request) : dump_json(*request));
    }
    auto texts = loaded.options.texts;
    texts["uuid"] = "-";
    const auto url = expand(loaded.auth.token_url, texts);
    if (!url || url->empty())
        return fail(Errc::kConfig, "the address of the token server is not known",
                    {{"option", "api_url"}});
    Secret lasting = later ? Secret(std::move(lasting_texts)) : out.request.copy();
    if (!out.spec.claims.empty()) {
        auto signed_by = add_assertion(out, connection, loaded);
        if (!signed_by) return pass(signed_by);
        lasting = std::move(*signed_by);
    }
    out.token_file = token_folder(connection.settings) + "/" + token_file_name(*url, "", lasting);
    out.url = [pattern = loaded.auth.token_url, texts, &random = connection.deps.random]() mutable {
        texts["uuid"] = random_uuid(random);
        return expand(pattern, texts).value_or("");
    };
    out.token_limit_count = loaded.auth.token_limit_count;
    out.token_limit_window = loaded.auth.token_limit_window;
    return std::unique_ptr<Authenticator>(new AppTokens(std::move(out), *connection.http,
                                                        connection.deps.clock, connection.sleeper,
                                                        connection.redactor));
}

Result<std::unique_ptr<Authenticator>> authenticator(Connection& connection, const Loaded& loaded) {
    if (loaded.auth.kind == "oauth2") return oauth(connection, loaded);
    for (const auto* kind : {"app_token", "login", "client_credentials"})
        if (loaded.auth.kind == kind) return app_token(connection, loaded);
    if (loaded.auth.kind == "keys") return keys(connection, loaded);
    if (loaded.auth.kind == "signed") return signatures(connection, loaded);
    return fixed_auth(connection, loaded);
}

Result<> make_folders(const ConnectionSettings& settings) {
    for (const auto& folder :
         {settings.state_folder, token_folder(settings), spool_folder(settings)})
        if (auto made = make_private_folder(folder); !made) return made;
    return {};
}

// The plugin's config: the options, with the API address that the accounts server named.
std::string config_json(const Options& options, const std::string& api_domain,
                        const std::string& description) {
    auto values = nlohmann::json::parse(options.json);
    if (!api_domain.empty()) values.emplace("api_domain", api_domain);
    nlohmann::json out = {{"options", std::move(values)}};
    if (!description.empty()) out["description"] = description;
    return dump_json(out);
}

// Somebody may be watching a sync that only waits.
std::function<void(int, bool)> retries_told(std::function<void(const Progress&)> tell) {
    if (!tell) return {};
    return [tell = std::move(tell)](int attempt, bool limited) {
        tell({limited ? "wait" : "retry", attempt, 0});
    };
}

// A remote counts the API credits of an organisation, whoever of it asks and with what client.
std::string account_of(const ConnectionSettings& settings, const remote::Identity& who) {
    const auto& system =
        settings.description_path.empty() ? settings.plugin_path : settings.description_path;
    return sha256_hex(std::filesystem::path(system).stem().string() + "\n" + who.org_id);
}

std::string account_file(const ConnectionSettings& settings) {
    return settings.state_folder + "/credit-account";
}

// As it was when it was last asked: from the first request on, what others have spent counts.
void join_known_account(Connection& connection) {
    if (!connection.deps.credits) return;
    constexpr std::size_t kNameBytes = 64;
    const auto kept = read_file(account_file(connection.settings), kNameBytes);
    const bool sound = kept && *kept && (*kept)->size() == kNameBytes &&
                       (*kept)->find_first_not_of("0123456789abcdef") == std::string::npos;
    if (sound) connection.budgets->belongs_to(connection.deps.credits->of_account(**kept));
}

void join_account(Connection& connection, const remote::Identity& who) {
    if (!connection.deps.credits || who.org_id.empty()) return;
    const auto account = account_of(connection.settings, who);
    if (account == connection.credit_account) return;
    connection.credit_account = account;
    connection.budgets->belongs_to(connection.deps.credits->of_account(account));
    // If it cannot be kept, the next check tells again.
    (void)replace_file(account_file(connection.settings), account, Durability::kQuick);
}

void assemble(Connection& connection, const Loaded& loaded) {
    const auto& settings = connection.settings;
    const auto& deps = connection.deps;
    const auto own_credits = settings.state_folder + "/credits.json";
    connection.budgets.emplace(budget_limits(loaded.spec.limits, settings.limits), deps.clock,
                               connection.sleeper,
                               deps.credits ? deps.credits->of_file(own_credits)
                                            : std::make_shared<CreditUse>(deps.clock, own_credits));
    join_known_account(connection);
    connection.requester.emplace(
        Requester::Parts{.http = *connection.http,
                         .hosts = connection.hosts,
                         .auth = *connection.auth,
                         .budgets = *connection.budgets,
                         .clock = deps.clock,
                         .random = deps.random,
                         .sleeper = connection.sleeper,
                         .log = connection.log,
                         .retry = settings.retry,
                         .credits_left_header = loaded.spec.limits.credits_left_header,
                         .on_retry = retries_told(deps.on_progress)});
    connection.files.emplace(settings.grants);
    connection.services.emplace(
        Services::Parts{.requester = *connection.requester,
                        .files = *connection.files,
                        .clock = deps.clock,
                        .random = deps.random,
                        .sleeper = connection.sleeper,
                        .log = connection.log,
                        .redactor = connection.redactor,
                        .on_progress = deps.on_progress,
                        .state_file = settings.state_folder + "/plugin-state",
                        .dialer = connection.dialer ? &*connection.dialer : nullptr});
}

// Whom the plugin may dial, and as whom.
Result<> set_up_dialer(Connection& connection, const Loaded& loaded) {
    const auto& settings = connection.settings;
    Dialer::Settings out;
    for (const auto& pattern : loaded.spec.dials) {
        const auto address = expand(pattern, loaded.options.texts);
        if (!address) continue;
        if (auto sound = DialAddress::parse(*address); !sound)
            return fail(Errc::kConfig, "the address of the server is malformed",
                        {{"option", "host"}});
        out.addresses.insert(*address);
    }
    if (out.addresses.empty()) return {};
    out.user = auth_value(settings, loaded, "user");
    if (loaded.auth.kind == "password") {
        auto password = read_secret(settings, connection.deps.secrets, "password");
        if (!password) return pass(password);
        connection.redactor.add(*password);
        out.password = std::move(*password);
    }
    out.plain_loopback = settings.allow_http_loopback;
    auto proxy = proxy_credentials(settings, connection.deps, connection.redactor);
    if (!proxy) return pass(proxy);
    SocketOptions options;
    options.extra_ca_file = settings.ca_file;
    options.trust = connection.deps.trust;
    options.proxy = settings.proxy;
    options.proxy_credentials = std::move(*proxy);
    out.connect = [options = std::make_shared<const SocketOptions>(std::move(options)),
                   &sleeper = connection.sleeper](const std::string& host, int port) {
        return connect_socket(host, port, *options, [&sleeper] { return sleeper.cancelled(); });
    };
    out.wrap = connection.deps.wrap_stream;
    connection.dialer.emplace(std::move(out));
    return {};
}

}  // namespace

Result<std::unique_ptr<remote::Remote>> open_connection(const ConnectionSettings& settings,
                                                        const ConnectionDeps& deps) {
    auto loaded = load(settings);
    if (!loaded) return pass(loaded);
    if (auto made = make_folders(settings); !made) return pass(made);
    auto connection = std::make_shared<Connection>(settings, deps);
    if (!deps.http) {
        auto http = make_http(settings, deps, connection->redactor);
        if (!http) return pass(http);
        connection->own_http = std::move(*http);
        if (deps.wrap_http) connection->own_http = deps.wrap_http(std::move(connection->own_http));
    }
    connection->http = deps.http ? deps.http : connection->own_http.get();
    auto auth = authenticator(*connection, *loaded);
    if (!auth) return pass(auth);
    connection->auth = std::move(*auth);
    auto api_domain = connection->auth->api_domain();
    if (!api_domain.empty() && !AllowList(settings.allow_http_loopback).add(api_domain)) {
        connection->log.warning("oauth.bad_api_domain", {{"connection", settings.name}});
        api_domain.clear();
    }
    auto hosts = allowed_hosts(settings, *loaded, api_domain);
    if (!hosts) return pass(hosts);
    connection->hosts = std::move(*hosts);
    if (auto made = set_up_dialer(*connection, *loaded); !made) return pass(made);
    assemble(*connection, *loaded);
    PluginRemote::Parts parts{
        .connection = settings.name,
        .connector = std::move(loaded->connector),
        .services = *connection->services,
        .budgets = *connection->budgets,
        .sleeper = connection->sleeper,
        .owner = connection,
        .on_identity = [&to = *connection](const remote::Identity& who) { join_account(to, who); }};
    return PluginRemote::open(std::move(parts),
                              config_json(loaded->options, api_domain, settings.description));
}

Result<std::string> consent_url(const ConnectionSettings& settings, const SecretStore& secrets,
                                std::string_view redirect_uri, std::string_view state) {
    auto loaded = load(settings);
    if (!loaded) return pass(loaded);
    auto client = oauth_client(settings, *loaded, secrets);
    if (!client) return pass(client);
    if (client->authorize_url.empty())
        return fail(Errc::kUnsupported, "the plugin names no page where the user consents");
    return authorize_url(*client, redirect_uri, state);
}

Result<Authorized> authorize(const ConnectionSettings& settings, const ConnectionDeps& deps,
                             const Secret& code, std::string_view redirect_uri,
                             std::string_view accounts_server) {
    auto loaded = load(settings);
    if (!loaded) return pass(loaded);
    const auto reference = settings.auth.secrets.find("refresh_token");
    if (reference == settings.auth.secrets.end())
        return fail(Errc::kConfig, "the connection does not say where the refresh token is kept",
                    {{"secret", "refresh_token"}});
    if (auto made = make_folders(settings); !made) return pass(made);
    auto client = oauth_client(settings, *loaded, deps.secrets);
    if (!client) return pass(client);
    if (auto added = add_client_secret(*client, settings, deps.secrets); !added) return pass(added);
    auto hosts = allowed_hosts(settings, *loaded, {});
    if (!hosts) return pass(hosts);
    for (const auto& server : loaded->auth.accounts_servers)
        if (auto added = hosts->add(server); !added) return pass(added);
    Redactor redactor;
    std::unique_ptr<HttpClient> own;
    if (!deps.http) {
        auto http = make_http(settings, deps, redactor);
        if (!http) return pass(http);
        own = std::move(*http);
    }
    auto grant = exchange_code(deps.http ? *deps.http : *own, *client, code, redirect_uri,
                               accounts_server, *hosts);
    if (!grant) return pass(grant);
    if (grant->refresh_token.empty())
        return fail(Errc::kUnauthenticated,
                    "the accounts server gave no refresh token; consent has to be asked for again");
    if (auto stored = deps.secrets.write(reference->second, grant->refresh_token); !stored)
        return pass(stored);
    if (auto kept = store_grant(token_folder(settings), *client, *grant, deps.clock.now()); !kept)
        return pass(kept);
    return Authorized{grant->api_domain, grant->scope};
}

}  // namespace kontor::host
