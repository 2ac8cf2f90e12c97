#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/postgres/catalog.hpp"
#include "plugins/postgres/options.hpp"
#include "plugins/postgres/session.hpp"

namespace kontor::postgres {

inline constexpr std::string_view kChangeTable = "kontor_change";

/// The table of changes itself is no stream.
[[nodiscard]] bool is_ours(const Table& table);

/// The statements that make the table of changes and its function in a schema; each may be run
/// again.
[[nodiscard]] std::vector<std::string> change_table_sql(const std::string& schema);
/// The statement that has a table's changes noted.
[[nodiscard]] std::string trigger_sql(const Table& table, const std::string& schema);

/// Finds out, for each table, how its changes are found; installs triggers before, where the option
/// says so and they are missing.
void find_changes(Session& session, std::vector<Table>& tables, const Options& options);

}  // namespace kontor::postgres
