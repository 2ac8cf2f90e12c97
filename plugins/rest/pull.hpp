#pragma once

#include <string>
#include <string_view>

#include "connectors/sdk/connector.hpp"
#include "plugins/rest/api.hpp"

namespace kontor::rest {

/// All changes since the cursor; the new one. Without `changes` in the description: all records.
[[nodiscard]] std::string pull(Api& api, const declarative::Stream& stream,
                               const sdk::Request& request, std::string_view cursor);

/// Ids and versions of all records; false if rows moved between pages again and again.
[[nodiscard]] bool list_ids(Api& api, const declarative::Stream& stream);

}  // namespace kontor::rest
