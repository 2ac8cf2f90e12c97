#include "tests/peers/zoho/credits.hpp"

#include "tests/peers/base/times.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr std::int64_t kUsers = 5;

}  // namespace

EditionLimits edition_limits(const Switches& switches) {
    const std::string& edition = switches.text("edition");
    EditionLimits limits{50000 + kUsers * 1000, 20};
    if (edition == "free") limits = {5000, 5};
    if (edition == "standard") limits = {50000 + kUsers * 250, 10};
    if (edition == "professional") limits = {50000 + kUsers * 500, 15};
    if (edition == "ultimate") limits = {50000 + kUsers * 2000, 25};
    if (const std::int64_t daily = switches.number("credits_daily"); daily > 0)
        limits.daily_credits = daily;
    return limits;
}

std::int64_t Credits::used(std::int64_t now_s) {
    while (!spent_.empty() && spent_.front().at_s <= now_s - kDaySeconds) {
        sum_ -= spent_.front().cost;
        spent_.pop_front();
    }
    return sum_;
}

bool Credits::take(std::int64_t cost, std::int64_t now_s, std::int64_t daily) {
    if (used(now_s) + cost > daily) return false;
    if (!spent_.empty() && spent_.back().at_s == now_s) {
        spent_.back().cost += cost;
    } else {
        spent_.push_back({now_s, cost});
    }
    sum_ += cost;
    total_ += cost;
    return true;
}

}  // namespace kontor::peer::zoho
