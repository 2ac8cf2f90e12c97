#pragma once

#include <vector>

#include "connectors/sdk/description.hpp"
#include "connectors/sdk/request.hpp"
#include "plugins/fxiaoke/metadata.hpp"

namespace kontor::fxiaoke {

/// Carries out changes of one object, one call each: the interface has no batches for writing. One
/// result per change in order. Throws only if surely nothing was carried out.
///
/// There is no precondition either. Records that are to be updated are read just before and just
/// after: one that is newer than what the change was based on is not written, and an edit that
/// slipped in between is told in the log.
[[nodiscard]] std::vector<sdk::PushResult> push_changes(Api& api, const Object& object,
                                                        const sdk::Request& request,
                                                        abi::BatchReader batch);

}  // namespace kontor::fxiaoke
