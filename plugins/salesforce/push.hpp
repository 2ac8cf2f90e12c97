#pragma once

#include <vector>

#include "connectors/sdk/description.hpp"
#include "connectors/sdk/request.hpp"
#include "plugins/salesforce/metadata.hpp"

namespace kontor::salesforce {

/// Carries out changes of one object, by collections of up to 200. One result per change in order.
/// Throws only if surely nothing was carried out.
///
/// Creates with a key go through the external-id field, so that one sent twice happens once.
/// Updates that name the version they are based on are compared with what is there just before;
/// where there are few of them they go one by one, with If-Unmodified-Since.
[[nodiscard]] std::vector<sdk::PushResult> push_changes(Api& api, Metadata& metadata,
                                                        const Object& object,
                                                        const sdk::Request& request,
                                                        abi::BatchReader batch);

}  // namespace kontor::salesforce
