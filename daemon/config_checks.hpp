#pragma once

#include <string>
#include <vector>

#include "config/load.hpp"
#include "daemon/connector_home.hpp"

namespace kontor::app {

/// Which secrets can be looked at.
enum class SecretsSeen {
    kAll,
    kFiles,  ///< what only the daemon is given (credentials, environment, keyring) is left out
};

/// What the parser cannot see: whether the connectors of the connections are there and take their
/// options, whether the files of mappings and of certificates are right, whether the secrets can be
/// read. Adds a problem for each, at its place in the file; starts the connectors. Returns the keys
/// that were left out.
[[nodiscard]] std::vector<std::string> check_connections(config::Loaded& loaded,
                                                         const ConnectorHome& home,
                                                         SecretsSeen seen);

}  // namespace kontor::app
