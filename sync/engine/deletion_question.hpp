#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sync/base/value.hpp"
#include "sync/engine/decisions.hpp"
#include "sync/engine/plan.hpp"
#include "sync/engine/references.hpp"
#include "sync/engine/sql.hpp"
#include "sync/engine/state.hpp"
#include "sync/merge/group_values.hpp"

/// The sides of a conflict of the kind `delete`: who has deleted the record, what the other side
/// has changed since both agreed, and who did. Nothing of a side that says no more than "deleted".
/// All throw Failure.
namespace kontor::engine {

/// A field that the side has changed that has not deleted the record; in the remote's
/// representation, never as it is shown.
struct ChangedField {
    std::int64_t field = 0;  ///< kontor_field of its first column
    Value before, now;
};

struct DeletionSides {
    std::string deleted;  ///< the side that has, ours or theirs; "" = it became another record
    std::vector<ChangedField> changed;
    std::int64_t ours = 0;  ///< entry of kontor_history that says who did ours, and when; 0 = none

    /// Of a group: what differs.
    void add(const StreamPlan& plan, const GroupPlan& group, const merge::GroupValues& before,
             const merge::GroupValues& now);
};

/// What follows from that a record was deleted here, without what they have changed.
[[nodiscard]] DeletionSides deleted_here(Sql& sql, const StreamPlan& plan, std::int64_t record);

/// What was changed here of a record that they have deleted and that is still here.
[[nodiscard]] DeletionSides deleted_there(Sql& sql, const StreamPlan& plan, const Link& link,
                                          const LinkReferences& references);

/// Writes the sides down with the newest conflict of the kind of a link, once it is decided: what
/// they are read from while it is open goes, and is the record's own affair from then on.
void keep_sides(Sql& sql, std::int64_t link, const DeletionSides& sides);

/// The same of an open question, as they are now.
void keep_sides_of_open(Sql& sql, const Plans& plans, const StreamPlan& plan, const Link& link,
                        Conflict conflict);

/// Completes an open or a decided conflict.
void show_deletion(Sql& sql, const Plans& plans, const StreamPlan& plan, Conflict& conflict);

/// Who made what stands here in these columns of a record (places in StreamPlan::columns), and
/// when: Conflict::ours_by and ours_at.
void name_author(Sql& sql, const StreamPlan& plan, const std::vector<std::size_t>& columns,
                 Conflict& conflict);

}  // namespace kontor::engine
