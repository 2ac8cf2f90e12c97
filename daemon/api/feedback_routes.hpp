#pragma once

#include "daemon/api/feedback_service.hpp"
#include "daemon/api/router.hpp"
#include "daemon/api/services.hpp"

namespace kontor::api {

/// Surveys. All given must outlive the router.
void add_feedback_routes(Router& router, Services& services, FeedbackService& surveys);

}  // namespace kontor::api
