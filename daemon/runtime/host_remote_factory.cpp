#include "daemon/runtime/host_remote_factory.hpp"

#include <nlohmann/json.hpp>

namespace kontor::app {
namespace {

constexpr unsigned kAttemptsWhileSomebodyWaits = 2;

std::string options_json(const std::map<std::string, config::Option>& options) {
    nlohmann::json out = nlohmann::json::object();
    for (const auto& [name, option] : options)
        std::visit([&, &key = name](const auto& value) { out[key] = value; }, option);
    return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

host::ConnectionSettings HostRemoteFactory::settings_of(const config::Connection& c) const {
    host::ConnectionSettings out;
    out.name = c.name;
    out.plugin_path = parts_.home.path_of(c.plugin);
    out.plugin_sha256 = c.plugin_sha256;
    out.isolation = parts_.home.isolation;
    out.options_json = options_json(c.options);
    out.auth.kind = c.sign_in.kind;
    out.auth.values = c.sign_in.values;
    out.auth.secrets = c.secrets;
    if (const auto proxy = c.secrets.find("proxy"); proxy != c.secrets.end()) {
        out.proxy_secret = proxy->second;
        out.auth.secrets.erase("proxy");
    }
    out.ca_file = c.ca_file;
    out.proxy = c.proxy;
    out.state_folder = parts_.state_dir + "/connections/" + c.name;
    out.token_folder = parts_.state_dir + "/tokens";
    out.spool_folder = parts_.state_dir + "/spool/" + c.name;
    out.allow_http_loopback = c.allow_http_loopback;
    for (const auto& [name, folder] : c.folders)
        out.grants.emplace(name, host::Grant{folder.path, folder.write});
    if (c.limits.requests_per_second > 0)
        out.limits.requests_per_second = c.limits.requests_per_second;
    if (c.limits.concurrency > 0) out.limits.concurrency = static_cast<int>(c.limits.concurrency);
    if (c.limits.daily_credits > 0) out.limits.daily_credits = c.limits.daily_credits;
    if (c.limits.credit_reserve >= 0) out.limits.credit_reserve = c.limits.credit_reserve;
    return out;
}

Result<std::unique_ptr<remote::Remote>> HostRemoteFactory::open(const config::Connection& c,
                                                                const Wishes& wishes) {
    host::ConnectionDeps deps{parts_.clock, parts_.random, parts_.log, parts_.secrets};
    deps.stop = wishes.stop;
    if (wishes.on_progress)
        deps.on_progress = [tell = wishes.on_progress](const host::Progress& progress) {
            tell(progress.stage, progress.done, progress.total);
        };
    auto settings = settings_of(c);
    if (!wishes.patient) settings.retry.attempts_max = kAttemptsWhileSomebodyWaits;
    return host::open_connection(settings, deps);
}

Result<std::string> HostRemoteFactory::consent_url(const config::Connection& c,
                                                   const std::string& redirect_uri,
                                                   const std::string& state) const {
    return host::consent_url(settings_of(c), parts_.secrets, redirect_uri, state);
}

Result<> HostRemoteFactory::authorize(const config::Connection& c, const host::Secret& code,
                                      const std::string& redirect_uri,
                                      const std::string& accounts_server) {
    const host::ConnectionDeps deps{parts_.clock, parts_.random, parts_.log, parts_.secrets};
    auto done = host::authorize(settings_of(c), deps, code, redirect_uri, accounts_server);
    if (!done) return pass(done);
    return {};
}

}  // namespace kontor::app
