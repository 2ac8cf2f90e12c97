#pragma once
// POST /coql: the documented subset of Zoho's query language.

#include "tests/peers/zoho/api_error.hpp"
#include "tests/peers/zoho/call.hpp"
#include "tests/peers/zoho/org.hpp"

namespace kontor::peer::zoho {

/// Throws ApiError 400 SYNTAX_ERROR, INVALID_QUERY or LIMIT_EXCEEDED.
Response run_coql(Org& org, Call& call);

}  // namespace kontor::peer::zoho
