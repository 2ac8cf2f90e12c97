#pragma once

#include "sync/engine/decisions.hpp"
#include "sync/engine/plan.hpp"
#include "sync/engine/sql.hpp"

namespace kontor::engine {

/// The sides of an open question of the kind `delete`: who has deleted the record, what the other
/// side has changed since both agreed, and who did. Nothing of a side that says no more than
/// "deleted". Throws Failure.
void show_deletion(Sql& sql, const Plans& plans, const StreamPlan& plan, Conflict& conflict);

/// Who made what stands here in these columns of a record (places in StreamPlan::columns), and
/// when: Conflict::ours_by and ours_at.
void name_author(Sql& sql, const StreamPlan& plan, const std::vector<std::size_t>& columns,
                 Conflict& conflict);

}  // namespace kontor::engine
