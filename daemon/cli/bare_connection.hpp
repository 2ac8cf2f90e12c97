#pragma once

#include <string>

#include "connectors/host/connection.hpp"
#include "daemon/cli/context.hpp"
#include "daemon/cli/failure.hpp"
#include "daemon/connector_home.hpp"

namespace kontor::cli {

/// The settings of a connection that no configuration has: the command line itself describes it
/// (--option, --value, --secret, --folder, --ca-file, --allow-http-loopback). `plugin` is the name
/// of a connector or of a description, or the path of a file of either. What it keeps goes into
/// `folder`.
[[nodiscard]] Outcome<host::ConnectionSettings> bare_connection(Context& context,
                                                                const std::string& plugin,
                                                                const app::ConnectorHome& home,
                                                                const std::string& folder);

/// --requests-per-second instead of the limit that the connector names.
[[nodiscard]] Outcome<> set_rate(Context& context, host::LimitOverrides& limits);

}  // namespace kontor::cli
