#include "connectors/host/budgets.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "connectors/host/atomic_file.hpp"
#include "connectors/host/json_text.hpp"

namespace kontor::host {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kStateBytesMax = 65'536;
constexpr auto kSaveEvery = 2'000ms;
constexpr auto kPollConcurrency = 20ms;
constexpr auto kLearnedIsStaleAfter = 1h;  // then asking is the only way to know
constexpr std::int64_t kHours = 24;
constexpr std::int64_t kCreditsPerRequestMax = 1'000'000;

}  // namespace

Budgets::Budgets(BudgetLimits limits, const Clock& clock, Sleeper& sleeper, std::string state_file)
    : limits_(limits),
      clock_(clock),
      sleeper_(sleeper),
      state_file_(std::move(state_file)),
      refilled_at_(clock.steady()) {
    load();
}

Budgets::~Budgets() {
    try {
        save();
    } catch (...) {  // out of memory while going down: the last seconds' spending is forgotten
    }
}

void Budgets::load() {
    auto bytes = read_file(state_file_, kStateBytesMax);
    if (!bytes || !*bytes) return;
    auto json = parse_json(**bytes, kStateBytesMax, "the credit state");
    if (!json) return;
    const auto now = hour();
    for (const auto& [text, value] : object_of(*json, "per_hour").items()) {
        std::int64_t at = 0;
        std::from_chars(text.data(), text.data() + text.size(), at);
        if (!value.is_number_integer() || at > now || at < now - kHours) continue;
        per_hour_[at] = std::max<std::int64_t>(0, value.get<std::int64_t>());
    }
}

void Budgets::save() {
    nlohmann::json per_hour = nlohmann::json::object();
    for (const auto& [at, credits] : per_hour_) per_hour[std::to_string(at)] = credits;
    // A count that cannot be written costs at most a refused request later.
    (void)replace_file(state_file_, dump_json({{"per_hour", per_hour}}), Durability::kQuick);
    saved_at_ = clock_.steady();
}

std::int64_t Budgets::hour() const {
    return std::chrono::floor<std::chrono::hours>(clock_.now()).time_since_epoch().count();
}

std::int64_t Budgets::spent_in_24_hours() const {
    std::int64_t sum = 0;
    for (const auto& [at, credits] : per_hour_)
        if (at >= hour() - kHours) sum += credits;  // the 25th hour may hold some of the window
    return sum;
}

std::optional<std::int64_t> Budgets::left() const {
    std::optional<std::int64_t> out;
    if (limits_.daily_credits > 0) out = limits_.daily_credits - spent_in_24_hours();
    if (learned_ && clock_.now() - learned_->at < kLearnedIsStaleAfter)
        out = out ? std::min(*out, learned_->left) : learned_->left;
    return out;
}

std::chrono::milliseconds Budgets::until_credits_return() const {
    const auto now = clock_.now();
    const auto end_of = [](std::int64_t at) { return Instant(std::chrono::hours(at + 1)); };
    for (const auto& [at, credits] : per_hour_)
        if (at >= hour() - kHours && credits > 0)
            return std::max<std::chrono::milliseconds>(end_of(at) + 24h - now, 1min);
    return end_of(hour()) - now + 1min;
}

void Budgets::count(std::int64_t credits) {
    auto& bucket = per_hour_[hour()];
    bucket = std::max<std::int64_t>(0, bucket + credits);
    std::erase_if(per_hour_, [&](const auto& each) { return each.first < hour() - kHours; });
    if (learned_) learned_->left -= credits;
    spending_.spent += credits;
    if (!saved_at_ || clock_.steady() - *saved_at_ >= kSaveEvery) save();
}

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

std::int64_t Budgets::reserve_kept_from(Lane lane) const {
    return lane == Lane::kWrite || serves_writes_ ? 0 : limits_.credit_reserve;
}

bool Budgets::affordable(Lane lane, std::int64_t credits) const {
    const auto rest = left();
    return !rest || credits <= 0 || *rest - credits >= reserve_kept_from(lane);
}

// Who set the limit decides what a person can do about it.
Error Budgets::used_up(Lane lane) const {
    const auto rest = std::max<std::int64_t>(0, left().value_or(0));
    const bool ours =
        limits_.daily_credits > 0 &&
        rest >= std::max<std::int64_t>(0, limits_.daily_credits - spent_in_24_hours());
    const bool kept = rest > 0 && reserve_kept_from(lane) > 0;
    const auto limit = std::to_string(limits_.daily_credits);
    Error error{Errc::kRateLimited, {}, {}, until_credits_return()};
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
    if (last || !affordable(lane, credits) || take_turn()) return std::nullopt;
    ++spending_.requests;
    count(credits);
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
            if (!affordable(lane, credits)) return tl::unexpected(used_up(lane));
            const auto turn = take_turn();
            if (!turn) {
                ++spending_.requests;
                count(credits);
                return Permit(*this);
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
    count(-credits);
}

void Budgets::learn_left(std::int64_t left) {
    const std::lock_guard lock(mutex_);
    learned_ = Learned{std::max<std::int64_t>(0, left), clock_.now()};
}

Budgets::Spending Budgets::spending() const {
    const std::lock_guard lock(mutex_);
    auto out = spending_;
    out.limit = limits_.daily_credits;
    if (const auto rest = left()) out.left = std::max<std::int64_t>(0, *rest);
    return out;
}

}  // namespace kontor::host
