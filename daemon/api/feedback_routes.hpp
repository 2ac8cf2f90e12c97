#pragma once

#include "daemon/api/router.hpp"
#include "daemon/api/services.hpp"

namespace kontor::api {

/// Surveys. `services` must outlive the router.
void add_feedback_routes(Router& router, Services& services);

}  // namespace kontor::api
