#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "sync/base/result.hpp"

namespace kontor::host {

inline constexpr int kJsonDepthMax = 64;

/// True if brackets outside strings nest deeper than kJsonDepthMax. Asked before parsing, so that
/// no hostile nesting reaches a parser.
[[nodiscard]] bool nested_too_deeply(std::string_view text);

/// Reads JSON that came from outside. kProtocol, saying `what` it was, if it is larger than `max`
/// bytes, nested deeper than kJsonDepthMax, not UTF-8 or not JSON. The text is never quoted.
[[nodiscard]] Result<nlohmann::json> parse_json(std::string_view text, std::size_t max,
                                                std::string_view what);

/// Members of an object, of the right type, else the fallback. Never throw.
[[nodiscard]] std::string text_of(const nlohmann::json& object, const char* key,
                                  std::string_view fallback = {});
[[nodiscard]] std::int64_t integer_of(const nlohmann::json& object, const char* key,
                                      std::int64_t fallback = 0);
[[nodiscard]] double number_of(const nlohmann::json& object, const char* key, double fallback = 0);
[[nodiscard]] bool flag_of(const nlohmann::json& object, const char* key, bool fallback = false);
[[nodiscard]] std::vector<std::string> texts_of(const nlohmann::json& object, const char* key);
/// The array or object at `key`; an empty one if there is none.
[[nodiscard]] const nlohmann::json& array_of(const nlohmann::json& object, const char* key);
[[nodiscard]] const nlohmann::json& object_of(const nlohmann::json& object, const char* key);

/// Compact text; invalid UTF-8 is replaced rather than thrown at.
[[nodiscard]] std::string dump_json(const nlohmann::json& value);

}  // namespace kontor::host
