#pragma once

#include "plugins/salesforce/cursor.hpp"
#include "plugins/salesforce/metadata.hpp"

namespace kontor::salesforce {

/// Adds what was deleted or merged since `since_ms`: what is in the recycle bin, and, from time to
/// time, what the deleted feed tells, which knows what never was in it. Moves cursor.feed_ms.
void add_deletions(Api& api, const Object& object, std::int64_t since_ms, Cursor& cursor,
                   abi::BatchWriter& out);

/// Those of the ids that were merged, as kMerged; the others as kMissing.
void add_missing(Api& api, const Object& object, const std::vector<std::string>& ids,
                 abi::BatchWriter& out);

}  // namespace kontor::salesforce
