#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/rest/api.hpp"
#include "plugins/rest/rows.hpp"

namespace kontor::rest {

/// One record, read by its id.
struct Found {
    enum class What : std::uint8_t { kThere, kMissing, kForbidden };
    What what = What::kMissing;
    Json row;
    Reply reply;
};
[[nodiscard]] Found read_one(Api& api, const declarative::Stream& stream, const Rows& rows,
                             const std::string& id);

/// The same of several, in their order.
[[nodiscard]] std::vector<Found> read_some(Api& api, const declarative::Stream& stream,
                                           const Rows& rows, const std::vector<std::string>& ids);

/// Emits the image of each id, or that it is missing or forbidden.
void fetch(Api& api, const declarative::Stream& stream, const sdk::Request& request);
/// Emits all records whose key field is one of the values.
void find(Api& api, const declarative::Stream& stream, const sdk::Request& request);
/// Calls `take` with each row that has this key.
void find_rows(Api& api, const declarative::Stream& stream, const Rows& rows,
               const std::vector<std::string>& keys, const std::function<void(const Json&)>& take);

}  // namespace kontor::rest
