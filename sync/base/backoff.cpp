#include "sync/base/backoff.hpp"

#include <algorithm>

namespace kontor {

std::chrono::milliseconds backoff_delay(const BackoffPolicy& policy, unsigned attempt,
                                        std::uint64_t random) {
    const unsigned doublings = std::min(attempt > 0 ? attempt - 1 : 0U, 20U);
    const auto high = std::min(policy.max, policy.first * (std::int64_t{1} << doublings));
    const auto low = std::min(policy.first / 2, high);
    const auto span = static_cast<std::uint64_t>((high - low).count()) + 1;
    return low + std::chrono::milliseconds{static_cast<std::int64_t>(random % span)};
}

}  // namespace kontor
