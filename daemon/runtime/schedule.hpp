#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "config/config.hpp"
#include "sync/base/result.hpp"

namespace kontor::app {

/// When a connection is synced again. Pure.
struct ScheduleInput {
    std::chrono::milliseconds interval{0};
    config::Sync sync;
    unsigned failures = 0;       ///< in a row
    std::optional<Error> error;  ///< of the last sync
    std::uint64_t random = 0;
};

/// Time until the next sync. After success: the interval, give or take the jitter. After a failure
/// that may pass: back-off, not before what the other side said. After one that needs a person: the
/// interval, since a person may have acted at the remote.
[[nodiscard]] std::chrono::milliseconds next_sync_in(const ScheduleInput& input);

}  // namespace kontor::app
