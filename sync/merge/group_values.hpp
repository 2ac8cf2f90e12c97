#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/value.hpp"

namespace kontor::merge {

/// The values of one field group in the remote's own representation, in the mapping's order.
using GroupValues = std::vector<Value>;

/// Stored form (shadow rows, intents, conflicts): per value a kind byte, then 8 bytes or a length
/// and text. Equal values have equal bytes.
[[nodiscard]] std::string encode(std::span<const Value> values);

/// nullopt if the bytes are not what encode() writes.
[[nodiscard]] std::optional<GroupValues> decode(std::string_view bytes);

/// True if every value is null or empty text.
[[nodiscard]] bool is_blank(std::span<const Value> values);

}  // namespace kontor::merge
