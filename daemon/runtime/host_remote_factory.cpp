#include "daemon/runtime/host_remote_factory.hpp"

#include "daemon/descriptions.hpp"

namespace kontor::app {
namespace {

constexpr unsigned kAttemptsWhileSomebodyWaits = 2;

}  // namespace

Result<host::ConnectionSettings> HostRemoteFactory::settings_of(const config::Connection& c) const {
    auto out = connection_settings(c, parts_.home, parts_.state_dir);
    if (auto applied = apply_description(parts_.home, c.plugin, out); !applied)
        return pass(applied);
    return out;
}

Result<std::unique_ptr<remote::Remote>> HostRemoteFactory::open(const config::Connection& c,
                                                                const Wishes& wishes) {
    host::ConnectionDeps deps{parts_.clock, parts_.random, parts_.log, parts_.secrets};
    deps.trust = trust_;
    deps.credits = credits_;
    deps.stop = wishes.stop;
    if (wishes.on_progress)
        deps.on_progress = [tell = wishes.on_progress](const host::Progress& progress) {
            tell(progress.stage, progress.done, progress.total);
        };
    auto settings = settings_of(c);
    if (!settings) return pass(settings);
    if (!wishes.patient) settings->retry.attempts_max = kAttemptsWhileSomebodyWaits;
    return host::open_connection(*settings, deps);
}

Result<std::string> HostRemoteFactory::consent_url(const config::Connection& c,
                                                   const std::string& redirect_uri,
                                                   const std::string& state) const {
    auto settings = settings_of(c);
    if (!settings) return pass(settings);
    return host::consent_url(*settings, parts_.secrets, redirect_uri, state);
}

Result<> HostRemoteFactory::authorize(const config::Connection& c, const host::Secret& code,
                                      const std::string& redirect_uri,
                                      const std::string& accounts_server) {
    const host::ConnectionDeps deps{parts_.clock, parts_.random, parts_.log, parts_.secrets};
    auto settings = settings_of(c);
    if (!settings) return pass(settings);
    auto done = host::authorize(*settings, deps, code, redirect_uri, accounts_server);
    if (!done) return pass(done);
    return {};
}

}  // namespace kontor::app
