#include "sync/base/backoff.hpp"

#include <catch2/catch.hpp>

namespace kontor {

using std::chrono::milliseconds;

TEST_CASE("delays double up to the maximum and are never below half the first", "[base][backoff]") {
    const BackoffPolicy policy{.first = milliseconds(1000), .max = milliseconds(5000)};
    const auto low = [&](unsigned attempt) { return backoff_delay(policy, attempt, 0); };
    const auto high = [&](unsigned attempt, std::int64_t span) {
        return backoff_delay(policy, attempt, static_cast<std::uint64_t>(span));
    };
    CHECK(low(1) == milliseconds(500));
    CHECK(high(1, 500) == milliseconds(1000));
    CHECK(high(1, 501) == milliseconds(500));  // wraps: the bounds are inclusive
    CHECK(high(2, 1500) == milliseconds(2000));
    CHECK(high(3, 3500) == milliseconds(4000));
    CHECK(high(4, 4500) == milliseconds(5000));
    CHECK(high(4'000'000'000U, 4500) == milliseconds(5000));
    CHECK(low(0) == milliseconds(500));
}

TEST_CASE("any random number gives a delay within bounds", "[base][backoff]") {
    const BackoffPolicy policy{.first = milliseconds(3), .max = milliseconds(2)};
    for (const std::uint64_t random : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
        const auto delay = backoff_delay(policy, 9, random);
        CHECK(delay >= milliseconds(1));
        CHECK(delay <= milliseconds(2));
    }
    CHECK(backoff_delay({milliseconds(0), milliseconds(0)}, 5, UINT64_MAX) == milliseconds(0));
}

}  // namespace kontor
