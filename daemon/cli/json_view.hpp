#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace kontor::cli {

/// Reading answers without throwing, whatever they hold.

/// The member as text: strings as they are, numbers and booleans as written, "" for null, absent
/// and anything else that is no scalar; lists of scalars joined by ", ".
[[nodiscard]] std::string text_at(const nlohmann::json& object, std::string_view name);
[[nodiscard]] std::int64_t integer_at(const nlohmann::json& object, std::string_view name,
                                      std::int64_t fallback = 0);
[[nodiscard]] bool flag_at(const nlohmann::json& object, std::string_view name);
/// The array at that name; an empty array if there is none.
[[nodiscard]] const nlohmann::json& list_at(const nlohmann::json& object, std::string_view name);
/// The object at that name; an empty object if there is none.
[[nodiscard]] const nlohmann::json& object_at(const nlohmann::json& object, std::string_view name);
[[nodiscard]] bool has(const nlohmann::json& object, std::string_view name);

/// Any value as one cell of a table: objects and lists as compact JSON, null as "".
[[nodiscard]] std::string cell(const nlohmann::json& value);

}  // namespace kontor::cli
