#pragma once

#include <string>
#include <string_view>

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/catalog.hpp"
#include "plugins/postgres/session.hpp"

namespace kontor::postgres {

/// All rows, or those changed since the cursor; the new cursor.
[[nodiscard]] std::string pull(sdk::Host& host, Session& session, const Table& table,
                               const Options& options, const sdk::Request& request,
                               std::string_view cursor);
/// Ids of all rows. False if policies may hide some.
[[nodiscard]] bool list_ids(sdk::Host& host, Session& session, const Table& table);

}  // namespace kontor::postgres
