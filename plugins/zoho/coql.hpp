#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/zoho/api.hpp"

namespace kontor::zoho {

struct CoqlIds {
    std::vector<std::string> ids;
    std::vector<std::string> versions;  ///< beside ids; empty texts unless asked for
    bool more = false;
};

/// Ids of the records of `module` that match `where`, ascending, at most 2,000. COQL reads the
/// records themselves, not the search index, so it sees what was written just before.
/// `module` must be one of the organisation's.
[[nodiscard]] CoqlIds coql_ids(Api& api, const std::string& module, const std::string& where,
                               bool with_versions = false);

/// A text literal.
[[nodiscard]] std::string coql_text(std::string_view text);

}  // namespace kontor::zoho
