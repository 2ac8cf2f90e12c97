#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace kontor::cli {

/// An option's text as the type that the plugin wants (`option`: its entry in the spec); a wrong
/// one is left for the host to refuse.
[[nodiscard]] nlohmann::json typed(const nlohmann::json& option, const std::string& text);

/// The spec's option of that name; an empty object if there is none.
[[nodiscard]] const nlohmann::json& option_named(const nlohmann::json& spec,
                                                 const std::string& name);

/// The spec's way of signing in that is meant for these options, of which those that have a default
/// may be left out; an empty object if there is none.
[[nodiscard]] const nlohmann::json& sign_in_for(const nlohmann::json& spec,
                                                const nlohmann::json& options);

}  // namespace kontor::cli
