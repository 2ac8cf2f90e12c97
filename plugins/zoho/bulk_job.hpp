#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/zoho/api.hpp"

namespace kontor::zoho {

/// A Bulk Read job that is done.
struct BulkResult {
    std::string job;
    std::int64_t page = 1, count = 0;
    bool more = false;
};

/// Starts a job that exports `fields` of up to 200,000 records (the 1-based `page` of them).
/// nullopt if Zoho refuses Bulk Read for this module or this user: page by page is the way then.
[[nodiscard]] std::optional<std::string> start_bulk_read(Api& api, const std::string& module,
                                                         std::vector<std::string> fields,
                                                         std::int64_t page);

/// Waits for the job, asking ever less often. nullopt if there is no such job any more, or it
/// failed: start anew. Throws KONTOR_E_TIMEOUT after an hour.
[[nodiscard]] std::optional<BulkResult> wait_bulk_read(Api& api, const std::string& job);

/// The result, a ZIP archive, as a spool file. A closed file if it is gone.
[[nodiscard]] sdk::HostFile download_bulk_read(Api& api, const std::string& job);

}  // namespace kontor::zoho
