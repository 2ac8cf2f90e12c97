#pragma once

#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/rest/api.hpp"

namespace kontor::rest {

/// Carries out changes one after the other; one result for each.
[[nodiscard]] std::vector<sdk::PushResult> push(Api& api, const declarative::Stream& stream,
                                                const sdk::Request& request,
                                                abi::BatchReader changes);

}  // namespace kontor::rest
