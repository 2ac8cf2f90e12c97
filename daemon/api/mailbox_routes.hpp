#pragma once

#include "daemon/api/mailbox.hpp"
#include "daemon/api/router.hpp"

namespace kontor::api {

/// Adds POST /api/v1/mailbox/receive. `mailbox` must outlive the router.
void add_mailbox_routes(Router& router, Mailbox& mailbox);

}  // namespace kontor::api
