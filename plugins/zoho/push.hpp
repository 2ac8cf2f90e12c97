#pragma once

#include <vector>

#include "connectors/sdk/request.hpp"
#include "plugins/zoho/meanwhile.hpp"
#include "plugins/zoho/push_results.hpp"

namespace kontor::zoho {

/// Carries out changes of one module, creates first, then updates, then deletes, at most 100 a
/// request and several requests at once, beside those of `meanwhile`. One result per change in
/// order. Throws only if surely nothing was carried out.
[[nodiscard]] std::vector<sdk::PushResult> push_changes(Api& api, const Module& module,
                                                        const sdk::Request& request,
                                                        abi::BatchReader batch,
                                                        Meanwhile& meanwhile);

}  // namespace kontor::zoho
