#pragma once

#include <string>
#include <string_view>

#include "daemon/cli/context.hpp"
#include "daemon/cli/http.hpp"

namespace kontor::cli {

/// Where the API has the survey that the command names, and what belongs to it: `rest` is "/calls".
[[nodiscard]] inline std::string survey_path(Context& context, std::string_view rest) {
    return "/surveys/" + url_encode(context.args().argument("SURVEY")) + std::string(rest);
}

}  // namespace kontor::cli
