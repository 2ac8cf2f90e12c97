#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace kontor::sdk {

using Json = nlohmann::json;

inline constexpr int kJsonDepthMax = 64;

/// Parses text from outside. Throws Error(KONTOR_E_PROTOCOL) that names `what` if it is not JSON,
/// not UTF-8, or nested deeper than `depth_max`.
[[nodiscard]] Json parse_json(std::string_view text, std::string_view what,
                              int depth_max = kJsonDepthMax);

/// Text of member `key` of an object: strings as they are, numbers and booleans as their JSON; ""
/// if it is missing, null or a structure.
[[nodiscard]] std::string text_of(const Json& object, std::string_view key);

/// Member `key`, or a shared null if `object` is no object or has no such member.
[[nodiscard]] const Json& member(const Json& object, std::string_view key);

[[nodiscard]] bool flag_of(const Json& object, std::string_view key, bool otherwise = false);
[[nodiscard]] std::int64_t integer_of(const Json& object, std::string_view key,
                                      std::int64_t otherwise = 0);

}  // namespace kontor::sdk
