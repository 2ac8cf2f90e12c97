#pragma once

#include <chrono>
#include <cstdint>

namespace kontor {

struct BackoffPolicy {
    std::chrono::milliseconds first{2'000};
    std::chrono::milliseconds max{60'000};
};

/// Delay before retry number `attempt` (1-based): exponential with full jitter, i.e. uniform in
/// [first/2, min(max, first·2^(attempt-1))]. Pure: `random` is any 64-bit random number.
[[nodiscard]] std::chrono::milliseconds backoff_delay(const BackoffPolicy& policy, unsigned attempt,
                                                      std::uint64_t random);

}  // namespace kontor
