#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plugins/postgres/catalog.hpp"
#include "plugins/postgres/session.hpp"

namespace kontor::postgres {

/// New rows of one table that all say something of the same columns.
struct NewRows {
    std::vector<const Column*> columns;
    std::vector<std::pair<std::string, std::string>> marks;  ///< further columns: name, expression
    std::vector<std::string> keys;                           ///< Kontor's, one a row
    std::vector<std::vector<Cell>> values;                   ///< in the order of `columns`
};

/// Inserts them by COPY into a table of this transaction's own and one INSERT, which leaves out
/// those whose key is there already. Returns, for each that it made, Kontor's key, the parts of the
/// row's key, and what `version` says. Needs an open transaction and a key column.
[[nodiscard]] Rows copy_in(Session& session, const Table& table, const Options& options,
                           const NewRows& rows, const std::string& version);

}  // namespace kontor::postgres
