#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sync/engine/plan.hpp"
#include "sync/engine/sql.hpp"
#include "sync/merge/group_values.hpp"

namespace kontor::engine {

/// Clause b, where two systems meet that know the same people: values of a group without a base
/// that are unlike, and yet no question for a person. Throw Failure.

/// Why they say nothing against each other: "spelling" (one telephone number in two forms) or
/// "no_word" (ours refers to a record that the remote will never have, such as another system's
/// user). Each side keeps its own, until somebody changes it. "" if they do differ.
[[nodiscard]] std::string said_otherwise(const Plans& plans, const StreamPlan& plan,
                                         const GroupPlan& group, const merge::GroupValues& local,
                                         const merge::GroupValues& theirs);

/// True if `theirs` refers to a record of which a person has been asked whether it is one that is
/// here: the answer will tell whether the two differ. Notes that the group of `link` waits for it.
bool waits_for_answer(Sql& sql, const Plans& plans, const StreamPlan& plan, const GroupPlan& group,
                      std::int64_t link, const merge::GroupValues& theirs);

/// Ids of records of a stream with a group that waits so, and whose answer has come: they are to be
/// read now.
[[nodiscard]] std::vector<std::string> answered_referrers(Sql& sql, std::int64_t stream);

}  // namespace kontor::engine
