#pragma once
// The criteria parameter of the Search API: `((Last_Name:equals:Doe)and(City:starts_with:B))`.

#include "tests/peers/zoho/criteria.hpp"

namespace kontor::peer::zoho {

/// Throws ApiError 400 INVALID_QUERY when malformed. Nesting is bounded.
Condition parse_search_criteria(const Org& org, const Module& module, std::string_view text);

}  // namespace kontor::peer::zoho
