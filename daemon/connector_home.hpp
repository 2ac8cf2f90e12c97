#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"
#include "connectors/host/connection.hpp"

namespace kontor::app {

/// Where connectors lie and how they run.
struct ConnectorHome {
    std::string folder;  ///< "" = there are none: a test brings remotes of its own
    host::Isolation isolation{};
    std::vector<std::string> descriptions = {};  ///< folders of description files, first one first

    [[nodiscard]] std::string path_of(const std::string& plugin) const {
        return folder + "/" + plugin + ".so";
    }
};

/// As configured. Plugins and kontor-connector lie beside the program (`program`: its path) if it
/// is not installed, else where they are installed.
[[nodiscard]] ConnectorHome connector_home(const config::Config& config,
                                           const std::string& program);

/// A configured connection as the host wants it; what it keeps lies under `state_dir`.
[[nodiscard]] host::ConnectionSettings connection_settings(const config::Connection& connection,
                                                           const ConnectorHome& home,
                                                           const std::string& state_dir);

}  // namespace kontor::app
