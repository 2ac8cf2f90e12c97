#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/request.hpp"
#include "plugins/fxiaoke/metadata.hpp"

namespace kontor::fxiaoke {

/// The stream "users": the staff list, which has no increments and is read whole each time.
[[nodiscard]] std::vector<Field> user_fields();
/// Returns the cursor for the next pull.
[[nodiscard]] std::string pull_users(Api& api, const sdk::Request& request);
/// True: complete.
[[nodiscard]] bool list_users(Api& api);
void fetch_users(Api& api, const sdk::Request& request);
/// The name of an employee; "" if there is none with this id.
[[nodiscard]] std::string user_name(Api& api, const std::string& id);

}  // namespace kontor::fxiaoke
