#pragma once
// Queries: what of SOQL the peer understands, and which records they find.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/peers/salesforce/org.hpp"

namespace kontor::peer::salesforce {

struct Condition {
    enum class Kind { kCompare, kAnd, kOr, kNot } kind = Kind::kCompare;
    std::string field, op;     ///< kCompare: =, !=, <, <=, >, >=, LIKE, IN, NOT IN
    std::vector<Json> values;  ///< kCompare
    std::vector<Condition> parts;
};

struct Query {
    std::string object;
    std::vector<std::string> fields;
    bool count = false;  ///< SELECT count()
    std::optional<Condition> where;
    struct Order {
        std::string field;
        bool ascending = true;
    };
    std::vector<Order> order;
    std::size_t limit = static_cast<std::size_t>(-1);
};

/// Throws ApiError MALFORMED_QUERY.
Query parse_soql(std::string_view text);

/// Ids of what is found, in order; the fields are known then. `all`: deleted records too. Throws
/// ApiError INVALID_FIELD, INVALID_TYPE.
std::vector<std::string> run_query(Org& org, const Query& query, bool all);

/// One record as a query shows it.
Json shown(const Org& org, const Object& object, const Record& record,
           const std::vector<std::string>& fields);

}  // namespace kontor::peer::salesforce
