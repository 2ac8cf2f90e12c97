#pragma once

#include <string>
#include <string_view>

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/hub/catalog.hpp"
#include "plugins/postgres/hub/clock.hpp"

namespace kontor::postgres::hub {

/// All records, or what has changed since the cursor, deletions included; the new cursor, for which
/// `horizon` holds.
[[nodiscard]] std::string pull(sdk::Host& host, Session& session, const Stream& stream,
                               const sdk::Request& request, std::string_view cursor, Stamp horizon);
/// Where a pull with this cursor begins; 0 if it is the first, or goes on half way.
[[nodiscard]] Stamp begins_at(std::string_view cursor);
/// The cursor of a pull that ends at `horizon`.
[[nodiscard]] std::string cursor_at(Stamp horizon);
/// Ids of all records. Drops marks of deleted records that are past their time.
void list_ids(sdk::Host& host, Session& session, const Stream& stream);
/// The records of these ids, or that they are deleted or missing.
void fetch(sdk::Host& host, Session& session, const Stream& stream, const sdk::Request& request);
/// The records of these keys that are not deleted: a key is an id here.
void find(sdk::Host& host, Session& session, const Stream& stream, const sdk::Request& request);

}  // namespace kontor::postgres::hub
