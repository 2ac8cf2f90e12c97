#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace kontor::cli {

class Context;

/// "zoho answers as Zylker.", of an `identity` as the API gives it: by the organisation's name or
/// id, else by the user's; a remote may tell neither.
[[nodiscard]] std::string answers_as(Context& context, const std::string& connection,
                                     const nlohmann::json& identity);

}  // namespace kontor::cli
