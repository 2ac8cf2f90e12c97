#include "daemon/runtime/schedule.hpp"

#include <algorithm>

#include "sync/base/backoff.hpp"

namespace kontor::app {

using std::chrono::milliseconds;

milliseconds next_sync_in(const ScheduleInput& input) {
    // In [-1, 1), from the upper 53 bits.
    const double chance = static_cast<double>(input.random >> 11) * 0x1p-52 - 1.0;
    const double share = 1.0 + chance * input.sync.jitter;
    const milliseconds regular(
        static_cast<std::int64_t>(static_cast<double>(input.interval.count()) * share));
    if (!input.error) return regular;
    const auto said = input.error->retry_after.value_or(milliseconds(0));
    if (!input.error->retryable()) return std::max(regular, said);
    const BackoffPolicy policy{input.sync.retry_first, input.sync.retry_max};
    const auto delay = backoff_delay(policy, std::max(1U, input.failures), input.random);
    return std::max(delay, said);
}

}  // namespace kontor::app
