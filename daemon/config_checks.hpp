#pragma once

#include <string>
#include <vector>

#include "config/load.hpp"

namespace kontor::app {

/// Where connectors lie: as configured, beside the program (`program`: its path) if it is not
/// installed, or where they are installed.
[[nodiscard]] std::string plugin_dir_of(const config::Daemon& daemon, const std::string& program);

/// Which secrets can be looked at.
enum class SecretsSeen {
    kAll,
    kFiles,  ///< what only the daemon is given (credentials, environment, keyring) is left out
};

/// What the parser cannot see: whether the connectors of the connections are there and take their
/// options, whether the mapping files are right, whether the secrets can be read. Adds a problem
/// for each, at its place in the file; loads the connectors. Returns the keys that were left out.
[[nodiscard]] std::vector<std::string> check_connections(config::Loaded& loaded,
                                                         const std::string& plugin_dir,
                                                         SecretsSeen seen);

}  // namespace kontor::app
