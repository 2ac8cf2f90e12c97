#pragma once

#include <string>

namespace kontor::limesurvey {

/// The connector's spec: options, sign-in, limits (docs/connector-abi.md).
[[nodiscard]] std::string spec_json();

}  // namespace kontor::limesurvey
