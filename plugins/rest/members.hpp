#pragma once

#include <optional>

#include "connectors/declarative/description.hpp"

namespace kontor::rest {

using declarative::Json;

/// The object that a description makes of a list of names and values, or of a text. What has no
/// name, or a blank value, is left out. nullopt if the value is neither.
[[nodiscard]] std::optional<Json> members_of(const declarative::Members& members,
                                             const Json& value);

}  // namespace kontor::rest
