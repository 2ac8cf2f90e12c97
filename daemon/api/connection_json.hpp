#pragma once

#include <nlohmann/json.hpp>

#include "daemon/api/services.hpp"
#include "sync/engine/connection_status.hpp"

namespace kontor::api {

/// A connection as the API shows it: what the replica knows of it and how its worker stands.
/// `damaged`: the replica is, so that nothing is synced.
[[nodiscard]] nlohmann::json connection_json(const app::Worker& worker,
                                             const engine::ConnectionStatus* known,
                                             const config::Sync& sync, bool damaged,
                                             messages::Language language);

/// An error as the API shows one that is no answer: code, message, detail, args, hint.
[[nodiscard]] nlohmann::json failure_json(const Error& error, messages::Language language);
/// The same of one that a connection or a connector, `subject`, has had.
[[nodiscard]] nlohmann::json failure_json(Error error, const std::string& subject,
                                          messages::Language language);

/// Who answered.
[[nodiscard]] nlohmann::json identity_json(const remote::Identity& who);

/// One connection; kNotFound.
[[nodiscard]] Result<nlohmann::json> one_connection(Services& services, const std::string& name,
                                                    messages::Language language);
/// All of them, by name.
[[nodiscard]] Result<nlohmann::json> all_connections(Services& services,
                                                     messages::Language language);
/// The worker; kNotFound names the connection.
[[nodiscard]] Result<std::shared_ptr<app::Worker>> worker_of(Services& services,
                                                             const std::string& name);
/// kNotFound unless there is a connection of that name, or was: it may have left runs and
/// conflicts.
[[nodiscard]] Result<> check_known(Services& services, const replica::Database& db,
                                   const std::string& connection);

}  // namespace kontor::api
