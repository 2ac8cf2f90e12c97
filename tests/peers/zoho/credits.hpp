#pragma once
// The rolling day of API credits, and the editions' limits.

#include <cstdint>
#include <deque>

#include "tests/peers/base/message.hpp"
#include "tests/peers/base/switches.hpp"

namespace kontor::peer::zoho {

struct EditionLimits {
    std::int64_t daily_credits;  ///< with the organisation's five users
    int concurrent_calls;
};

/// Calls at the same time that demand much, whatever the edition.
constexpr int kHeavyConcurrentCalls = 10;

/// True for COQL, searches, reads of a custom view, and writes of more than ten records.
bool is_heavy(const Request& request);

EditionLimits edition_limits(const Switches& switches);

class Credits {
public:
    /// Takes credits at `now_s`; false (and nothing taken) when the day's are used up.
    bool take(std::int64_t cost, std::int64_t now_s, std::int64_t daily);
    std::int64_t used(std::int64_t now_s);
    std::int64_t total() const { return total_; }

private:
    struct Spent {
        std::int64_t at_s;
        std::int64_t cost;
    };
    std::deque<Spent> spent_;  ///< one entry a second at most
    std::int64_t sum_ = 0;
    std::int64_t total_ = 0;
};

}  // namespace kontor::peer::zoho
