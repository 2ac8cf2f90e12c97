#pragma once

#include "daemon/api/services.hpp"
#include "daemon/jobs/service.hpp"

namespace kontor::api {

/// Jobs: how they stand, run now, pause, and what they did. All given must outlive the router.
void add_job_routes(Router& router, Services& services, jobs::Service& jobs);

}  // namespace kontor::api
