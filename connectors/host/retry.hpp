#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "connectors/host/http_client.hpp"
#include "sync/base/backoff.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/random.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

struct RetryPolicy {
    BackoffPolicy backoff{};
    unsigned attempts_max = 6;
    /// While nothing can be reached: whoever is offline is told at once, and the next sync comes
    /// soon enough.
    unsigned unreached_attempts_max = 3;
    std::chrono::milliseconds total_max{300'000};   ///< from the first attempt on
    std::chrono::milliseconds wait_max{120'000};    ///< a longer Retry-After goes to the scheduler
    std::chrono::milliseconds long_pause{300'000};  ///< asked of it when 429 persists
};

/// Reads Retry-After: seconds or an HTTP date in any of its three forms; nullopt if it is neither.
/// Never negative. `now` by the clock of whoever answered.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value,
                                                                         Instant now);

/// Decides, attempt by attempt, how one request goes on. Pure but for clock and chance.
class Retries {
public:
    /// `idempotent`: the request may be sent again although it may have been carried out.
    Retries(const RetryPolicy& policy, const Clock& clock, Random& random, bool idempotent);

    struct Decision {
        enum class Kind { kReturn, kWait, kFail } kind = Kind::kReturn;
        std::chrono::milliseconds wait{};  ///< kWait: before the next attempt
        Error error = {};                  ///< kFail: what to return instead of the answer
    };
    [[nodiscard]] Decision after(const Result<HttpResponse>& answer);

private:
    [[nodiscard]] Decision after_status(const HttpResponse& answer);
    [[nodiscard]] std::optional<std::chrono::milliseconds> next_wait(
        std::optional<std::chrono::milliseconds> asked, unsigned attempts_max);

    const RetryPolicy policy_;
    const Clock& clock_;
    Random& random_;
    const bool idempotent_;
    const std::chrono::milliseconds started_;
    unsigned attempt_ = 0;
};

}  // namespace kontor::host
