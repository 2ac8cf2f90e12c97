#pragma once

#include "daemon/api/http.hpp"
#include "sync/replica/query.hpp"

namespace kontor::api {

/// The columns that the query's `fields` names.
[[nodiscard]] std::vector<std::string> named_fields(const ApiRequest& request);

/// What a list of records is asked for by the request's query: `filter` (COLUMN:OP:VALUE,
/// repeatable), `sort`, `fields`, `limit`, `offset`, `after`. kInvalid names what makes no sense;
/// whether columns exist is for replica::list() to say.
[[nodiscard]] Result<replica::Query> read_query(const ApiRequest& request,
                                                const replica::Entity& entity);

}  // namespace kontor::api
