#pragma once

#include <string>
#include <string_view>

#include "sync/base/result.hpp"
#include "sync/merge/mapping.hpp"

namespace kontor::merge {

/// How a stream's mapping is kept in the replica, so that any connection's cycle can absorb edits
/// for all of them. Not the file that people edit (that is config/mapping_file.hpp).
[[nodiscard]] std::string to_json(const StreamMapping& mapping);
/// kCorrupt if the text is not what to_json() writes.
[[nodiscard]] Result<StreamMapping> stream_mapping_from_json(std::string_view text);

/// What decides whether a group is still the same to compare: its fields and lenses, without
/// policies and labels.
[[nodiscard]] std::string shape(const GroupMapping& group);

}  // namespace kontor::merge
