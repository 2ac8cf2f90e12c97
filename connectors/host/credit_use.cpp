#include "connectors/host/credit_use.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "connectors/host/atomic_file.hpp"
#include "connectors/host/json_text.hpp"

namespace kontor::host {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kStateBytesMax = 65'536;
constexpr auto kSaveEvery = 2'000ms;
constexpr auto kLearnedIsStaleAfter = 1h;  // then asking is the only way to know
constexpr std::int64_t kHours = 24;

}  // namespace

CreditUse::CreditUse(const Clock& clock, std::string state_file)
    : clock_(clock), state_file_(std::move(state_file)) {
    load();
}

CreditUse::~CreditUse() {
    try {
        save();
    } catch (...) {  // out of memory while going down: the last seconds' spending is forgotten
    }
}

void CreditUse::load() {
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

void CreditUse::save() {
    nlohmann::json per_hour = nlohmann::json::object();
    for (const auto& [at, credits] : per_hour_) per_hour[std::to_string(at)] = credits;
    // A count that cannot be written costs at most a refused request later.
    (void)replace_file(state_file_, dump_json({{"per_hour", per_hour}}), Durability::kQuick);
    saved_at_ = clock_.steady();
}

std::int64_t CreditUse::hour() const {
    return std::chrono::floor<std::chrono::hours>(clock_.now()).time_since_epoch().count();
}

std::int64_t CreditUse::spent_in_24_hours() const {
    std::int64_t sum = 0;
    for (const auto& [at, credits] : per_hour_)
        if (at >= hour() - kHours) sum += credits;  // the 25th hour may hold some of the window
    return sum;
}

std::optional<std::int64_t> CreditUse::left(std::int64_t daily) const {
    std::optional<std::int64_t> out;
    if (daily > 0) out = daily - spent_in_24_hours();
    if (learned_ && clock_.now() - learned_->at < kLearnedIsStaleAfter)
        out = out ? std::min(*out, learned_->left) : learned_->left;
    return out;
}

std::chrono::milliseconds CreditUse::until_credits_return() const {
    const auto now = clock_.now();
    const auto end_of = [](std::int64_t at) { return Instant(std::chrono::hours(at + 1)); };
    for (const auto& [at, credits] : per_hour_)
        if (at >= hour() - kHours && credits > 0)
            return std::max<std::chrono::milliseconds>(end_of(at) + 24h - now, 1min);
    return end_of(hour()) - now + 1min;
}

void CreditUse::count(std::int64_t credits) {
    auto& bucket = per_hour_[hour()];
    bucket = std::max<std::int64_t>(0, bucket + credits);
    std::erase_if(per_hour_, [&](const auto& each) { return each.first < hour() - kHours; });
    if (learned_) learned_->left -= credits;
    if (!saved_at_ || clock_.steady() - *saved_at_ >= kSaveEvery) save();
}

bool CreditUse::affords_now(std::int64_t credits, const Limit& limit) const {
    const auto rest = left(limit.daily);
    return !rest || credits <= 0 || *rest - credits >= limit.reserve;
}

bool CreditUse::affords(std::int64_t credits, const Limit& limit) const {
    const std::lock_guard lock(mutex_);
    return affords_now(credits, limit);
}

bool CreditUse::spend(std::int64_t credits, const Limit& limit) {
    const std::lock_guard lock(mutex_);
    if (!affords_now(credits, limit)) return false;
    count(credits);
    return true;
}

void CreditUse::refund(std::int64_t credits) {
    const std::lock_guard lock(mutex_);
    count(-credits);
}

void CreditUse::learn_left(std::int64_t left) {
    const std::lock_guard lock(mutex_);
    learned_ = Learned{std::max<std::int64_t>(0, left), clock_.now()};
}

CreditUse::Standing CreditUse::standing(std::int64_t daily) const {
    const std::lock_guard lock(mutex_);
    const auto rest = left(daily);
    const auto none_less = [&](std::int64_t allowed) {
        return std::max<std::int64_t>(0, rest.value_or(0)) >= std::max<std::int64_t>(0, allowed);
    };
    return {rest, daily > 0 && none_less(daily - spent_in_24_hours()), until_credits_return()};
}

void CreditUse::take_over(CreditUse& other) {
    const std::scoped_lock lock(mutex_, other.mutex_);
    for (const auto& [at, credits] : other.per_hour_) per_hour_[at] += credits;
    if (other.learned_ && (!learned_ || other.learned_->at >= learned_->at))
        learned_ = other.learned_;
    other.per_hour_.clear();
    other.learned_.reset();
    save();
    other.save();
}

std::shared_ptr<CreditUse> CreditAccounts::of_file(const std::string& state_file) {
    const std::lock_guard lock(mutex_);
    auto& kept = by_file_[state_file];
    if (!kept) kept = std::make_shared<CreditUse>(clock_, state_file);
    return kept;
}

std::shared_ptr<CreditUse> CreditAccounts::of_account(const std::string& account) {
    (void)make_private_folder(folder_);  // without it the count is only in memory
    return of_file(folder_ + "/" + account + ".json");
}

}  // namespace kontor::host
