#pragma once

#include "config/node.hpp"

namespace kontor::declarative {

/// `over` on top of `under`: tables are joined, member by member; anything else replaces. A member
/// that is `false` where `under` has a table takes that table away.
[[nodiscard]] config::Node merged(const config::Node& under, const config::Node& over);

}  // namespace kontor::declarative
