#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sync/engine/absorb.hpp"
#include "sync/engine/context.hpp"
#include "sync/engine/decisions.hpp"
#include "sync/engine/references.hpp"
#include "sync/engine/rows.hpp"
#include "sync/merge/group_values.hpp"
#include "sync/merge/lens.hpp"

/// Deciding one conflict, within a transaction of the caller's. All throw Failure.
namespace kontor::engine {

/// The groups (kontor_group) that `field` names, or that hold the column of that name: those of a
/// connection and an entity ("" = any).
[[nodiscard]] std::set<std::int64_t> groups_about(const Plans& plans, const std::string& connection,
                                                  const std::string& entity,
                                                  const std::string& field);

/// As get_conflict(). Whoever shows many loads the plans once.
[[nodiscard]] Conflict shown_conflict(Sql& sql, const Plans& plans, std::int64_t id);

/// The sides of a field as they are shown.
[[nodiscard]] ConflictField conflict_field(const LinkReferences& references,
                                           const merge::FieldMapping& field, const Value& base,
                                           const Value& ours, const Value& theirs);

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
