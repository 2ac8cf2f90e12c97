#include "connectors/host/budgets.hpp"

#include <algorithm>
#include <cmath>

namespace kontor::host {
namespace {

using namespace std::chrono_literals;

constexpr auto kPollConcurrency = 20ms;
constexpr std::int64_t kCreditsPerRequestMax = 1'000'000;

}  // namespace

Budgets::Budgets(BudgetLimits limits, const Clock& clock, Sleeper& sleeper,
                 std::shared_ptr<CreditUse> own)
    : limits_(limits),
      clock_(clock),
      sleeper_(sleeper),
      own_(std::move(own)),
      use_(own_),
      refilled_at_(clock.steady()) {}

Budgets::Budgets(BudgetLimits limits, const Clock& clock, Sleeper& sleeper, std::string state_file)
    : Budgets(limits, clock, sleeper, std::make_shared<CreditUse>(clock, std::move(state_file))) {}

// Takes a token and a place among the requests under way; else says how long to wait.
std::optional<std::chrono::milliseconds> Budgets::take_turn() {
    if (limits_.concurrency > 0 && under_way_ >= limits_.concurrency) return kPollConcurrency;
    if (const double rate = limits_.requests_per_second; rate > 0) {
        const auto now = clock_.steady();
        const double elapsed_s = static_cast<double>((now - refilled_at_).count()) / 1000.0;
        tokens_ = std::min(std::max(1.0, rate), tokens_ + elapsed_s * rate);
        refilled_at_ = now;
        // A hair less than one token is one: the wait was rounded to milliseconds.
        if (tokens_ < 1 - 1e-6)
            return std::chrono::milliseconds(
                static_cast<std::int64_t>(std::ceil((1 - tokens_) / rate * 1000.0)));
        tokens_ -= 1;
    }
    ++under_way_;
    return std::nullopt;
}

void Budgets::give_turn_back() {
    --under_way_;
    tokens_ += 1;
}

CreditUse::Limit Budgets::limit_for(Lane lane) const {
    const bool for_write = lane == Lane::kWrite || serves_writes_;
    return {limits_.daily_credits, for_write ? 0 : limits_.credit_reserve};
}

bool Budgets::spend(Lane lane, std::int64_t credits) {
    if (!use_->spend(credits, limit_for(lane))) return false;
    ++spending_.requests;
    spending_.spent += credits;
    return true;
}

// Who set the limit decides what a person can do about it.
Error Budgets::used_up(Lane lane) const {
    const auto standing = use_->standing(limits_.daily_credits);
    const auto rest = std::max<std::int64_t>(0, standing.left.value_or(0));
    const bool ours = standing.by_limit;
    const bool kept = rest > 0 && limit_for(lane).reserve > 0;
    const auto limit = std::to_string(limits_.daily_credits);
    Error error{Errc::kRateLimited, {}, {}, standing.until_return};
    error.args["reason"] = ours ? (kept ? "budget_reserve" : "budget_spent")
                                : (kept ? "credits_reserve" : "credits_spent");
    error.args["credits_left"] = std::to_string(rest);
    if (ours) error.args["limit"] = limit;
    if (kept) error.args["for_writes"] = std::to_string(rest);
    const auto whose = ours ? "the " + limit + " API credits that daily_credits allows in 24 hours"
                            : std::string("the remote's API credits of 24 hours");
    error.message = whose + " are used up";
    if (kept) error.message += ", but for " + std::to_string(rest) + " kept for sending edits";
    return error;
}

std::optional<Budgets::Permit> Budgets::try_acquire(Lane lane, std::int64_t credits) {
    if (credits < 0 || credits > kCreditsPerRequestMax || sleeper_.cancelled()) return std::nullopt;
    const std::lock_guard lock(mutex_);
    // The last place is for whoever waits for an answer: else it would wait for its own thread.
    const bool last = limits_.concurrency > 0 && under_way_ + 1 >= limits_.concurrency;
    if (last || !use_->affords(credits, limit_for(lane)) || take_turn()) return std::nullopt;
    if (!spend(lane, credits)) {
        give_turn_back();
        return std::nullopt;
    }
    return std::optional<Permit>(std::in_place, *this);
}

Result<Budgets::Permit> Budgets::acquire(Lane lane, std::int64_t credits) {
    if (credits < 0 || credits > kCreditsPerRequestMax)
        return fail(Errc::kInvalid, "a request cannot cost so many credits");
    while (true) {
        if (sleeper_.cancelled()) return fail(Errc::kCancelled, "cancelled");
        std::chrono::milliseconds wait{};
        {
            const std::lock_guard lock(mutex_);
            if (!use_->affords(credits, limit_for(lane))) return tl::unexpected(used_up(lane));
            const auto turn = take_turn();
            if (!turn) {
                if (spend(lane, credits)) return Permit(*this);
                // Another connection of the account was faster.
                give_turn_back();
                return tl::unexpected(used_up(lane));
            }
            wait = *turn;
        }
        if (!sleeper_.sleep(wait)) return fail(Errc::kCancelled, "cancelled");
    }
}

void Budgets::finish() {
    const std::lock_guard lock(mutex_);
    --under_way_;
}

void Budgets::serve_writes(bool on) {
    const std::lock_guard lock(mutex_);
    serves_writes_ = on;
}

void Budgets::refund(std::int64_t credits) {
    const std::lock_guard lock(mutex_);
    spending_.spent -= credits;
    use_->refund(credits);
}

void Budgets::learn_left(std::int64_t left) {
    const std::lock_guard lock(mutex_);
    use_->learn_left(left);
}

void Budgets::belongs_to(std::shared_ptr<CreditUse> account) {
    const std::lock_guard lock(mutex_);
    if (use_ == account) return;
    account->take_over(*own_);
    use_ = std::move(account);
}

Budgets::Spending Budgets::spending() const {
    const std::lock_guard lock(mutex_);
    auto out = spending_;
    out.limit = limits_.daily_credits;
    if (const auto rest = use_->standing(limits_.daily_credits).left)
        out.left = std::max<std::int64_t>(0, *rest);
    return out;
}

}  // namespace kontor::host
