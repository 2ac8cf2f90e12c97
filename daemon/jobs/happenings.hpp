#pragma once

#include <string>
#include <vector>

#include "config/config.hpp"
#include "sync/replica/database.hpp"

namespace kontor::jobs {

/// The records to which `event` happened between two entries of the history, `after` excluded and
/// `until` included: their column was changed, by whomever; for an event with a value, it came to
/// be that value, or the record was made with it (with `made`: or just made). What a first load
/// brings counts as old. At most kHappenedMax, as "deal:42". kNotFound if the replica has no such
/// column.
[[nodiscard]] Result<std::vector<std::string>> happened(const replica::Database& db,
                                                        const config::JobEvent& event,
                                                        std::int64_t after, std::int64_t until);
inline constexpr std::size_t kHappenedMax = 100;

/// The newest entry of the history; 0 if there is none.
[[nodiscard]] Result<std::int64_t> newest_entry(const replica::Database& db);

}  // namespace kontor::jobs
