#pragma once

#include <string>

#include "connectors/declarative/description.hpp"

namespace kontor::declarative {

/// What the host must know before it opens a connection by this description: the "spec" of
/// docs/connector-abi.md.
[[nodiscard]] std::string spec_json(const Description& description);

}  // namespace kontor::declarative
