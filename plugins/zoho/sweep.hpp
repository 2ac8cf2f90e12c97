#pragma once

#include "plugins/zoho/records.hpp"

namespace kontor::zoho {

/// Emits id and version of every record of the module. True if the list is surely complete.
/// Throws sdk::Error; what was emitted before is right, but not all.
[[nodiscard]] bool list_all_ids(Api& api, const Module& module);

}  // namespace kontor::zoho
