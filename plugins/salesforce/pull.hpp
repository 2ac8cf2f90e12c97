#pragma once

#include <string>
#include <string_view>

#include "connectors/sdk/request.hpp"
#include "plugins/salesforce/metadata.hpp"

namespace kontor::salesforce {

/// Pulls everything of one object since `cursor`, deletions and merges included, and returns the
/// next cursor. Throws sdk::Error.
[[nodiscard]] std::string pull(Api& api, Metadata& metadata, const sdk::Request& request,
                               std::string_view cursor);

/// Emits id and version of every record. True: surely complete.
[[nodiscard]] bool list_all_ids(Api& api, const Object& object);

/// Emits the records with the ids of the request.
void fetch(Api& api, Metadata& metadata, const sdk::Request& request);

/// Emits the records whose field equals one of the request's values.
void find(Api& api, Metadata& metadata, const sdk::Request& request);

}  // namespace kontor::salesforce
