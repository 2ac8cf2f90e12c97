#pragma once

#include <string>
#include <string_view>

#include "connectors/sdk/request.hpp"
#include "plugins/limesurvey/api.hpp"

namespace kontor::limesurvey {

/// All responses that are new since the cursor, or may have been finished since; once a week all
/// of them, for nothing tells which ones were edited. The new cursor.
[[nodiscard]] std::string pull(Api& api, const sdk::Request& request, std::string_view cursor);

/// Emits the image of each id ("SURVEY-NUMBER"), or that it is missing.
void fetch(Api& api, const sdk::Request& request);

}  // namespace kontor::limesurvey
