#pragma once

#include <string>

#include "daemon/cli/context.hpp"
#include "sync/base/clock.hpp"

namespace kontor::cli {

/// The instant that a person means by "2026-05-01T08:00:00Z", or by "2h": two hours ago. A usage
/// failure for all else.
[[nodiscard]] Outcome<Instant> time_of(Context& context, const std::string& text,
                                       const Clock& clock);

}  // namespace kontor::cli
