#pragma once

#include <vector>

#include "daemon/api/services.hpp"
#include "daemon/doctor/checks.hpp"

namespace kontor::doctor {

/// Looks at everything: reads the whole replica and asks each remote, so it may take a while. Any
/// thread but the loop's.
[[nodiscard]] std::vector<Finding> examine(api::Services& services);

/// What keeps a connection from syncing on this side: its mapping, secrets, folders and ca_file.
/// Asks nobody but the stores of secrets.
[[nodiscard]] std::vector<Finding> examine_settings(const config::Connection& connection,
                                                    const host::SecretStore& secrets);

}  // namespace kontor::doctor
