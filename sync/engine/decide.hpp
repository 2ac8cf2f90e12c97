#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sync/engine/absorb.hpp"
#include "sync/engine/context.hpp"
#include "sync/engine/decisions.hpp"
#include "sync/engine/rows.hpp"
#include "sync/merge/group_values.hpp"
#include "sync/merge/lens.hpp"

/// Deciding one conflict, within a transaction of the caller's. All throw Failure.
namespace kontor::engine {

/// True if a conflict of that stream and group is about a column, or the group of that name.
[[nodiscard]] bool about_field(const Plans& plans, std::int64_t stream, std::int64_t group_id,
                               const std::string& field);

/// As resolve(); `rule` is what the conflict says of how it was decided.
void decide(Context& context, std::int64_t id, Side side, std::string_view rule,
            const std::string& actor);

/// The columns that show `values` here. kConflict if a reference has not arrived.
[[nodiscard]] std::vector<ColumnChange> columns_for(const GroupPlan& group,
                                                    const merge::GroupValues& values,
                                                    const Row& row,
                                                    const merge::References& references);
[[nodiscard]] OldValues old_values(const StreamPlan& plan, const Row& row,
                                   const std::vector<ColumnChange>& changes);

}  // namespace kontor::engine
