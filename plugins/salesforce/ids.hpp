#pragma once

#include <string>
#include <string_view>

namespace kontor::salesforce {

/// Whether it looks like an id: nothing else goes into a query or an address as one.
[[nodiscard]] bool is_id(std::string_view text);

/// The form of 18 characters, which answers have, of an id of 15, which some messages have. Others
/// stay as they are.
[[nodiscard]] std::string full_id(std::string id);

}  // namespace kontor::salesforce
