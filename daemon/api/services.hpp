#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "config/load.hpp"
#include "connectors/host/secret_store.hpp"
#include "daemon/api/router.hpp"
#include "daemon/connector_home.hpp"
#include "daemon/databases.hpp"
#include "daemon/event_log.hpp"
#include "daemon/runtime/connections.hpp"
#include "daemon/search_service.hpp"

namespace kontor::api {

/// What a reload changed.
struct Reloaded {
    std::vector<std::string> files, started, stopped, changed;
    std::vector<std::string> restart_needed;  ///< keys that only a restart puts into force
};

/// Guided sign-in. The seam to the connector host.
struct SignIn {
    /// Where the user consents in a browser; `state` comes back with the redirect.
    std::function<Result<std::string>(const config::Connection&, const std::string& redirect_uri,
                                      const std::string& state)>
        consent_url;
    /// Turns an authorisation code into tokens, stored where the connection's secrets say.
    std::function<Result<>(const config::Connection&, const host::Secret& code,
                           const std::string& redirect_uri, const std::string& accounts_server)>
        authorize;
};

/// What the API's functions work with. All references outlive the router; everything is
/// thread-safe.
struct Services {
    app::Databases& databases;
    app::ReplicaHealth& health;
    app::Connections& connections;
    app::EventLog& events;
    const Clock& clock;
    Random& random;  ///< thread-safe
    Logger& log;
    app::RemoteFactory& remotes;
    const app::DescriptionCache& descriptions;
    host::SecretStore& secrets;
    SignIn sign_in;
    app::SearchService* search;                             ///< nullptr: switched off
    std::function<config::Loaded()> configuration;          ///< as it is in force
    std::function<config::Problems()> check_configuration;  ///< of the files as they are now
    std::function<Result<Reloaded>()> reload;
    std::function<void()> edited;  ///< a local edit was committed
    app::ConnectorHome connectors_at;
    std::mutex& mapping_files;  ///< held by who reads a mapping file in order to write it anew
    Instant started_at{};
};

// Each adds the routes of one part of the API. `services` must outlive the router.
void add_record_routes(Router& router, Services& services);
void add_history_routes(Router& router, Services& services);
void add_connection_routes(Router& router, Services& services);
void add_verify_routes(Router& router, Services& services);
void add_setup_routes(Router& router, Services& services);
void add_mapping_routes(Router& router, Services& services);
void add_sign_in_routes(Router& router, Services& services);
void add_decision_routes(Router& router, Services& services);
void add_rule_routes(Router& router, Services& services);
void add_query_routes(Router& router, Services& services);
void add_system_routes(Router& router, Services& services);

}  // namespace kontor::api
