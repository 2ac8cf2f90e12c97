#pragma once

#include <nlohmann/json_fwd.hpp>

#include "daemon/doctor/checks.hpp"

namespace kontor::doctor {

/// A finding as the API tells it, with its texts in that language.
[[nodiscard]] nlohmann::json finding_json(const Finding& finding, messages::Language language);

}  // namespace kontor::doctor
