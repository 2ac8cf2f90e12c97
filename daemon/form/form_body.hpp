#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kontor::form {

/// A form may have this many fields.
inline constexpr std::size_t kFieldsMax = 400;

using Fields = std::vector<std::pair<std::string, std::string>>;

/// The fields of application/x-www-form-urlencoded, in order. nullopt if it is malformed, has too
/// many fields, or one without a name. Values are bytes as they came. Pure.
[[nodiscard]] std::optional<Fields> parse_fields(std::string_view body);

/// The last value of that name; "" if there is none.
[[nodiscard]] std::string field_of(const Fields& fields, std::string_view name);

}  // namespace kontor::form
