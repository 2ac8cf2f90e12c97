#pragma once

#include <string>

namespace kontor::postgres {

/// What the host must know before it opens a connection (docs/connector-abi.md, "spec").
[[nodiscard]] std::string spec_json();

}  // namespace kontor::postgres
