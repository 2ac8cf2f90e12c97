#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "connectors/host/connector.hpp"
#include "connectors/host/granted_files.hpp"
#include "connectors/host/http_client.hpp"
#include "connectors/host/retry.hpp"
#include "connectors/host/secret_store.hpp"
#include "connectors/host/services.hpp"
#include "connectors/host/sleeper.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/log.hpp"
#include "sync/base/random.hpp"
#include "sync/remote/remote.hpp"

namespace kontor::host {

class CreditAccounts;
class KeptTrust;

struct AuthSettings {
    /// oauth2, app_token, bearer, basic, header, password, none; "" = the only one that suits the
    /// options
    std::string kind;
    /// Not secret: client_id (oauth2; may be a secret too), user (basic, password), header
    /// (header).
    std::map<std::string, std::string> values;
    /// References for SecretStore: client_secret, refresh_token (oauth2), token (bearer, header),
    /// password (basic, password), whatever the plugin names (app_token).
    std::map<std::string, std::string> secrets;
};

/// What the administrator sets instead of the plugin's own limits.
struct LimitOverrides {
    std::optional<double> requests_per_second;
    std::optional<int> concurrency;
    std::optional<std::int64_t> daily_credits;
    std::optional<std::int64_t> credit_reserve;
};

struct ConnectionSettings {
    std::string name;
    std::string plugin_path;
    std::string plugin_sha256;  ///< no other file is run; "" = any
    /// What the plugin runs, if that is a description file: its path, its text, and the spec that
    /// was made of it instead of the plugin's own. plugin_sha256 is then the text's.
    std::string description_path, description, spec_json;
    Isolation isolation;
    std::string options_json;  ///< a JSON object; "" = none
    AuthSettings auth;
    std::string ca_file;       ///< PEM, trusted besides the system's authorities; "" = none
    std::string proxy;         ///< "" = none
    std::string proxy_secret;  ///< reference to "user:password"; "" = none
    std::string state_folder;  ///< of this connection alone; made if missing
    std::string token_folder;  ///< shared by connections with one refresh token; "" = state_folder
    std::string spool_folder;  ///< for large bodies; made if missing; "" = state_folder
    LimitOverrides limits;
    RetryPolicy retry{};
    bool allow_http_loopback = false;     ///< nothing else needs no TLS
    std::map<std::string, Grant> grants;  ///< folders opened to the plugin, by name
};

/// What a connection is given. All must outlive the Remote; SecretStore, Clock, Random and Logger
/// are only used from its thread.
struct ConnectionDeps {
    const Clock& clock;
    Random& random;
    Logger& log;
    SecretStore& secrets;
    std::function<void(const Progress&)> on_progress = {};
    std::stop_token stop = {};   ///< ends all waiting; from any thread
    HttpClient* http = nullptr;  ///< instead of libcurl
    /// Puts something between the connection and libcurl. May be empty.
    std::function<std::unique_ptr<HttpClient>(std::unique_ptr<HttpClient>)> wrap_http = {};
    /// The same for what a plugin dials, once it is signed in.
    std::function<std::unique_ptr<ByteStream>(std::unique_ptr<ByteStream>)> wrap_stream = {};
    Sleeper* sleeper = nullptr;             ///< instead of really waiting
    std::shared_ptr<KeptTrust> trust = {};  ///< shared with others; empty: its own
    /// Shared by connections that may be of one account; empty: it counts alone.
    std::shared_ptr<CreditAccounts> credits = {};
};

/// Starts the plugin's process and opens the connection; no network yet. kConfig names the option
/// that is wrong; kUnauthenticated the secret that is missing; else as start_connector() and
/// SecretStore.
[[nodiscard]] Result<std::unique_ptr<remote::Remote>> open_connection(
    const ConnectionSettings& settings, const ConnectionDeps& deps);

/// Guided set-up of oauth2, first step: where the user consents. `state` comes back and must be
/// compared. A self client needs no such step.
[[nodiscard]] Result<std::string> consent_url(const ConnectionSettings& settings,
                                              const SecretStore& secrets,
                                              std::string_view redirect_uri,
                                              std::string_view state);

struct Authorized {
    std::string api_domain;
    std::string scope;
};
/// Second step: turns the code into tokens and stores the refresh token under the reference that
/// the settings name. `redirect_uri` and `accounts_server` are "" for a self client.
[[nodiscard]] Result<Authorized> authorize(const ConnectionSettings& settings,
                                           const ConnectionDeps& deps, const Secret& code,
                                           std::string_view redirect_uri,
                                           std::string_view accounts_server);

}  // namespace kontor::host
