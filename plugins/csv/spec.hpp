#pragma once

#include <string>

namespace kontor::csv {

/// The connector's spec (docs/connector-abi.md).
[[nodiscard]] std::string spec_json();

}  // namespace kontor::csv
