#pragma once

#include <string>

namespace kontor::zoho {

/// The plugin's options, authentication, hosts and limits as JSON (docs/connector-abi.md).
[[nodiscard]] std::string spec_json();

}  // namespace kontor::zoho
