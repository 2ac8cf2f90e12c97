#pragma once
// Text of a COQL query -> what it asks for, with fields already resolved.

#include "tests/peers/zoho/criteria.hpp"

namespace kontor::peer::zoho {

struct CoqlColumn {
    std::string name;  ///< as in the query
    FieldPath path;
};

struct CoqlOrder {
    FieldPath path;
    bool ascending = true;
};

struct CoqlQuery {
    const Module* module = nullptr;
    std::vector<CoqlColumn> columns;
    Condition where;
    bool has_where = false;
    std::vector<CoqlOrder> order;
    std::int64_t offset = 0;
    std::int64_t limit = 200;
};

/// Throws ApiError 400.
CoqlQuery parse_coql(const Org& org, std::string_view text);

}  // namespace kontor::peer::zoho
