#pragma once

#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/catalog.hpp"

namespace kontor::postgres {

/// Carries out the changes: all in one transaction and one round trip; if one of them is refused,
/// one by one, each with its own result.
[[nodiscard]] std::vector<sdk::PushResult> push(sdk::Host& host, const Table& table,
                                                const Options& options, const sdk::Request& request,
                                                abi::BatchReader changes);

}  // namespace kontor::postgres
