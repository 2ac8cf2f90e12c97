#pragma once

#include <string>
#include <vector>

#include "daemon/doctor/checks.hpp"

namespace kontor::doctor {

/// What can be looked at while no kontord answers, for it may be why: room, rights, and the replica
/// itself, which is read as a whole. Changes nothing. Empty if there is no replica yet, or none
/// that we may see.
[[nodiscard]] std::vector<Finding> examine_at_rest(const std::string& state_dir);

}  // namespace kontor::doctor
