#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "connectors/sdk/host.hpp"

namespace kontor::csv {

/// Where in a workbook what is.
struct WorkbookParts {
    std::vector<std::pair<std::string, std::string>> sheets;  ///< name, path; no hidden ones
    std::string strings, styles;                              ///< paths; "" = there are none
    bool from_1904 = false;                                   ///< days are counted from then
};

/// Throws Unreadable.
[[nodiscard]] WorkbookParts workbook_parts(const sdk::HostFile& file, std::int64_t size);

}  // namespace kontor::csv
