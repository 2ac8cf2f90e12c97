#pragma once

#include <string>

namespace kontor::fxiaoke {

/// What the host must know before it opens a connection (docs/connector-abi.md, "spec").
[[nodiscard]] std::string spec_json();

}  // namespace kontor::fxiaoke
