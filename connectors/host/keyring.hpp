#pragma once

#include <string>

#include "connectors/host/secret.hpp"
#include "sync/base/result.hpp"

/// The desktop's Secret Service, through libsecret. Both block on D-Bus. kUnavailable if no such
/// service runs.
namespace kontor::host {

[[nodiscard]] Result<Secret> read_keyring(const std::string& name);
[[nodiscard]] Result<> write_keyring(const std::string& name, const Secret& secret);

}  // namespace kontor::host
