#pragma once

#include <string>

namespace kontor::salesforce {

/// What the connector says of itself before it is opened (docs/connector-abi.md, "spec").
[[nodiscard]] std::string spec_json();

}  // namespace kontor::salesforce
