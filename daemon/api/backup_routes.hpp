#pragma once

#include <functional>
#include <string>

#include "daemon/api/services.hpp"

namespace kontor::api {

/// How far each backup is behind, which there are, records put back as they were, and what differs
/// between two moments. `environment` ("" = not set) is for the programs that it starts. `services`
/// must outlive the router.
void add_backup_routes(Router& router, Services& services,
                       std::function<std::string(const std::string& name)> environment);

}  // namespace kontor::api
