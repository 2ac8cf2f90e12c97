#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sync/base/result.hpp"
#include "sync/base/value.hpp"
#include "sync/replica/catalogue.hpp"
#include "sync/replica/database.hpp"

namespace kontor::replica {

enum class Compare {
    kEqual,  ///< null equals null; of a list, a text that is in it
    kNotEqual,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kContains,    ///< text; ASCII letters regardless of case
    kStartsWith,  ///< likewise
    kIsNull,
    kIsNotNull,
    kIn,
};

/// Reads "=", "!=", "<", "<=", ">", ">=", "contains", "startswith", "isnull", "notnull", "in".
[[nodiscard]] std::optional<Compare> compare_from(std::string_view name);

struct Filter {
    std::string column;
    Compare compare = Compare::kEqual;
    std::vector<Value> values = {};  ///< one; none for null tests; any number for kIn
};

struct Sort {
    std::string column;
    bool descending = false;
};

/// Columns are those of the catalogue, `id` and `uid`. Filters must all hold.
struct Query {
    std::string entity;
    std::vector<std::string> columns = {};  ///< empty: id, uid and all fields
    std::vector<Filter> filters = {};
    std::vector<Sort> sort = {};  ///< `id` ascending is always the last
    std::int64_t limit = 50;      ///< 0: no limit (for stream)
    std::int64_t offset = 0;
    /// Page::next of the page before: goes on after it, whatever was inserted meanwhile.
    std::vector<Value> after = {};
};

/// Column names with values, in the order asked for.
using Record = std::vector<std::pair<std::string, Value>>;

struct Page {
    std::vector<Record> records;
    std::vector<Value> next;  ///< empty: this was the last page
};

/// Longest page that list() gives.
inline constexpr std::int64_t kPageMax = 10'000;

// Errors of all: kNotFound names the unknown entity or column and a `suggestion`; kInvalid for
// filters that make no sense; kStorage. Names are checked against the catalogue, values are bound.

[[nodiscard]] Result<Page> list(const Database& db, const Catalogue& catalogue, const Query& query);

/// Records that the filters let through, regardless of limit and page.
[[nodiscard]] Result<std::int64_t> count(const Database& db, const Catalogue& catalogue,
                                         const Query& query);

/// Calls `row` with the record's values: id, uid, then the entity's fields in their order. False if
/// there is none. Views are valid during the call.
[[nodiscard]] Result<bool> get(const Database& db, const Entity& entity, std::int64_t id,
                               const std::function<void(std::span<const ValueView>)>& row);

/// Calls `row` with the values of each record until it returns false; memory does not grow with the
/// number of records. Views are valid during the call.
[[nodiscard]] Result<> stream(const Database& db, const Catalogue& catalogue, const Query& query,
                              const std::function<bool(std::span<const ValueView>)>& row);

/// The columns that a query gives, in order.
[[nodiscard]] Result<std::vector<std::string>> columns_of(const Catalogue& catalogue,
                                                          const Query& query);

}  // namespace kontor::replica
