#pragma once

#include <vector>

#include "daemon/api/services.hpp"
#include "daemon/doctor/checks.hpp"

namespace kontor::doctor {

/// Looks at everything: reads the whole replica and asks each remote, so it may take a while. Any
/// thread but the loop's.
[[nodiscard]] std::vector<Finding> examine(api::Services& services);

}  // namespace kontor::doctor
