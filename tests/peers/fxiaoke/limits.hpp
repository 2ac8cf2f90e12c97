#pragma once
// How often the interface may be called.

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "tests/peers/fxiaoke/tenant.hpp"

namespace kontor::peer::fxiaoke {

class Limits {
public:
    /// Counts a call of this path. Throws Refusal if it is one too many.
    void take(Tenant& tenant, const std::string& path) {
        constexpr std::int64_t kWindowMs = 20'000, kDayMs = 86'400'000, kZoneMs = 8 * 3'600'000;
        constexpr std::size_t kCallsMost = 100;
        const std::int64_t now = tenant.now_ms();
        if (tenant.switches.on("no_quota")) throw Refusal{30003, "没有购买接口调用量", ""};
        const std::int64_t day = (now + kZoneMs) / kDayMs;
        if (day != day_) {
            day_ = day;
            today_ = 0;
        }
        const std::int64_t quota = tenant.switches.number("daily_quota");
        if (quota > 0 && today_ >= quota) throw Refusal{30002, "当日调用次数超限", ""};
        auto& calls = calls_ms_[path];
        while (!calls.empty() && calls.front() <= now - kWindowMs) calls.pop_front();
        if (tenant.switches.on("rate_limit") && calls.size() >= kCallsMost)
            throw Refusal{static_cast<int>(tenant.switches.number("rate_code")), "秒频次超限", ""};
        calls.push_back(now);
        ++today_;
    }
    std::int64_t today() const { return today_; }

private:
    std::map<std::string, std::deque<std::int64_t>> calls_ms_;
    std::int64_t day_ = 0, today_ = 0;
};

}  // namespace kontor::peer::fxiaoke
