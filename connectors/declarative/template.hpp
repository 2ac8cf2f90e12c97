#pragma once

/// Texts and JSON with gaps: `{name}` is filled with the value of that name, `{{` and `}}` are
/// braces. Pure functions.

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::declarative {

using Json = nlohmann::json;
using Values = std::map<std::string, Json, std::less<>>;

/// The names in the gaps of a text, in order; nullopt if a brace has no partner.
[[nodiscard]] std::optional<std::vector<std::string>> names_in(std::string_view text);

/// A value as text: strings as they are, lists joined with commas, other JSON compact.
[[nodiscard]] std::string as_text(const Json& value);

/// The text with its gaps filled; nullopt if one has no value (missing or null).
[[nodiscard]] std::optional<std::string> fill_text(std::string_view text, const Values& values);
/// The same with each value percent-encoded, the text's own characters not: for paths.
[[nodiscard]] std::optional<std::string> fill_path(std::string_view text, const Values& values);

/// JSON with the gaps of its texts and names filled. A text that is one gap and nothing else
/// becomes the value itself, whatever its type. nullopt if a text lacks a value; members and items
/// that do are left out of their object or list. The members of an object that stands under the
/// name `...` are put beside the others, which come before one of the same name.
[[nodiscard]] std::optional<Json> fill_json(const Json& shape, const Values& values);

/// What an address or a form bears: a text filled, or filled JSON as text.
[[nodiscard]] std::optional<std::string> fill_parameter(const Json& shape, const Values& values);

}  // namespace kontor::declarative
