#pragma once
// GET /{module}/deleted: the recycle bin and permanent deletions, with their retention.

#include "tests/peers/zoho/api_error.hpp"
#include "tests/peers/zoho/call.hpp"
#include "tests/peers/zoho/org.hpp"

namespace kontor::peer::zoho {

Response list_deleted(Org& org, Call& call, const Module& module);

}  // namespace kontor::peer::zoho
