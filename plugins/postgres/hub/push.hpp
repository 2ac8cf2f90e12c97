#pragma once

#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/hub/catalog.hpp"
#include "plugins/postgres/hub/clock.hpp"

namespace kontor::postgres::hub {

/// Carries out the changes under one stamp.
[[nodiscard]] std::vector<sdk::PushResult> push(sdk::Host& host, const Options& options,
                                                Clock& clock, const Stream& stream,
                                                const sdk::Request& request,
                                                abi::BatchReader changes);

}  // namespace kontor::postgres::hub
