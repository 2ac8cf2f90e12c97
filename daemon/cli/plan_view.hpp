#pragma once

#include <cstdint>
#include <string>

#include "daemon/cli/context.hpp"

namespace kontor::cli {

/// Changes that a dry run shows to a person who has not said how many.
inline constexpr std::int64_t kPlanRowsDefault = 200;

/// Prints what the last dry run of `connection` found: to a person the first `limit` changes as a
/// table with a row for each value, and what to do to see the rest; as JSON a line for each change.
[[nodiscard]] Outcome<> print_plan(Context& context, const std::string& connection,
                                   std::int64_t limit);

}  // namespace kontor::cli
