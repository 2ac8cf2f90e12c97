#pragma once

#include <string>
#include <vector>

#include "sync/base/result.hpp"

namespace kontor::host {

/// The libraries that a shared object names as its own needs (DT_NEEDED), in its order: what the
/// dynamic loader looks for before it runs any of its code. The file may be anything. kInvalid:
/// it is no shared object for this machine, or a name that is a path; kNotFound, kPermission, … .
[[nodiscard]] Result<std::vector<std::string>> needed_libraries(const std::string& path);

}  // namespace kontor::host
