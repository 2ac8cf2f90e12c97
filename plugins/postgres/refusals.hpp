#pragma once

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/catalog.hpp"
#include "plugins/postgres/session.hpp"

namespace kontor::postgres {

/// What a statement's refusal means for the record it was about.
[[nodiscard]] sdk::PushResult refusal(const Table& table, const SqlError& error);

/// True for what hits whoever comes next as well: the server goes down, or has no room.
[[nodiscard]] bool ends_all(const SqlError& error);

}  // namespace kontor::postgres
