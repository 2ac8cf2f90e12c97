#pragma once

/// Values that a remote wraps into JSON of its own: {"__class__": "date", "year": 2026, …},
/// [{"value": "a@example.com", "primary": true}]. A shape is that JSON with `%v` where the value
/// stands, or %Y %m %d %H %M %S %f where the parts of a moment do. It serves in both directions.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

namespace kontor::declarative {

using Json = nlohmann::json;

/// What the shape is made of.
struct ShapeUse {
    bool value = false;  ///< has %v
    bool time = false;   ///< has parts of a moment
};
[[nodiscard]] ShapeUse use_of(const Json& shape);

/// The shape around a value, or around a moment (local time).
[[nodiscard]] Json wrap(const Json& shape, const Json& value);
[[nodiscard]] Json wrap_time(const Json& shape, std::int64_t ms);

/// What stands where the shape has %v; nullptr if nothing does.
[[nodiscard]] const Json* unwrap(const Json& shape, const Json& wrapped);
/// nullopt if a part is missing or is no number.
[[nodiscard]] std::optional<std::int64_t> unwrap_time(const Json& shape, const Json& wrapped);

}  // namespace kontor::declarative
