#include "connectors/host/token_keeper.hpp"

#include <algorithm>
#include <utility>

#include "connectors/host/file_lock.hpp"
#include "connectors/host/http_client.hpp"

namespace kontor::host {
namespace {

using namespace std::chrono_literals;

// A session may end at any moment, a minute after it began too. But where requests are refused
// whatever the token, signing in goes on once a minute at most after the second time.
constexpr auto kYoung = 60s;
constexpr auto kLately = 2 * kYoung;
constexpr int kAskedLatelyMax = 2;
constexpr auto kRefusalHolds = 60s;  // how long a refusal is believed without asking again
constexpr auto kLockWaitMax = 90'000ms;
constexpr std::size_t kAskedMax = 1'000;

tl::unexpected<Error> too_many(std::chrono::milliseconds wait) {
    Error error{
        Errc::kRateLimited, "as many access tokens as allowed were asked for lately", {}, {}};
    error.retry_after = wait;
    return tl::unexpected(std::move(error));
}

}  // namespace

TokenKeeper::TokenKeeper(std::string path, TokenRules rules, Ask ask, const Clock& clock,
                         Sleeper& sleeper, Redactor& redactor)
    : path_(std::move(path)),
      rules_(std::move(rules)),
      ask_(std::move(ask)),
      clock_(clock),
      sleeper_(sleeper),
      redactor_(redactor) {
    if (auto state = load_token_state(path_)) adopt(std::move(*state));
}

bool TokenKeeper::usable(const TokenState& state) const {
    const auto now = clock_.now();
    // A short-lived token is renewed when half of its life is over. One "obtained" in the future
    // means that the clock was set back: nothing is known of its age.
    const auto early = std::min<std::chrono::milliseconds>(rules_.renew_before,
                                                           (state.expires - state.obtained) / 2);
    return !state.access_token.empty() && state.obtained <= now && now < state.expires - early;
}

void TokenKeeper::adopt(TokenState state) {
    redactor_.add(state.access_token);
    redactor_.add(state.rotated_refresh_token);
    state_ = std::move(state);
}

std::string TokenKeeper::api_domain() const {
    const std::lock_guard lock(mutex_);
    return state_.api_domain;
}

Result<TokenKeeper::Token> TokenKeeper::current() {
    const std::lock_guard lock(mutex_);
    if (!usable(state_)) {
        auto got = obtain(nullptr);
        // While the server is out of reach, the old token serves until it really expires.
        const bool still_valid = !state_.access_token.empty() && clock_.now() < state_.expires &&
                                 state_.obtained <= clock_.now();
        if (!got && !still_valid) return pass(got);
    }
    return Token{state_.access_token.copy(), state_.values};
}

Result<bool> TokenKeeper::renew(const Bore& bore) {
    const std::lock_guard lock(mutex_);
    if (bore(state_))
        if (auto got = obtain(&bore); !got) return pass(got);
    return !bore(state_);
}

bool TokenKeeper::may_replace(const TokenState& state) const {
    const auto now = clock_.now();
    if (now - state.obtained >= kYoung) return true;
    return std::ranges::count_if(state.asked, [now](Instant at) {
               return at <= now && now - at < kLately;
           }) < kAskedLatelyMax;
}

// Brings in a usable token, other than the rejected one if that may be replaced.
Result<> TokenKeeper::obtain(const Bore* rejected) {
    auto lock = FileLock::acquire(path_ + ".lock", clock_, sleeper_, kLockWaitMax);
    if (!lock) return pass(lock);
    auto state = load_token_state(path_);
    if (!state) return pass(state);
    if (usable(*state)) {
        const bool is_rejected = rejected != nullptr && (*rejected)(*state);
        if (!is_rejected || !may_replace(*state)) {
            adopt(std::move(*state));
            return {};
        }
    }
    auto fresh = ask(std::move(*state));
    if (!fresh) return pass(fresh);
    adopt(std::move(*fresh));
    return {};
}

// kUnauthenticated or kRateLimited if asking would be in vain or against the server's rules.
Result<> TokenKeeper::may_ask(TokenState& state) const {
    const auto now = clock_.now();
    const auto since_refusal = now - state.refused_at;
    if (!state.refused_with.empty() && state.refused_for == rules_.asked_with &&
        since_refusal >= 0ms && since_refusal < kRefusalHolds)
        return fail(Errc::kUnauthenticated, "the accounts server answered " + state.refused_with,
                    {{"oauth_error", state.refused_with}});
    const std::chrono::milliseconds window = rules_.limit_window;
    std::erase_if(state.asked, [&](Instant at) { return at > now || at + window <= now; });
    if (rules_.limit_count > 0 &&
        state.asked.size() >= static_cast<std::size_t>(rules_.limit_count))
        return too_many(state.asked.front() + window - now);
    if (state.asked.size() >= kAskedMax) state.asked.erase(state.asked.begin());
    return {};
}

Result<TokenState> TokenKeeper::ask(TokenState state) {
    if (auto allowed = may_ask(state); !allowed) return pass(allowed);
    // Counted before it is sent: a crash in between must not make us exceed the limit.
    state.asked.push_back(clock_.now());
    if (auto saved = save_token_state(path_, state); !saved) return pass(saved);
    auto fresh = ask_(state.copy());
    if (!fresh) {
        auto error = std::move(fresh.error());
        if (error.code == Errc::kRateLimited && !error.retry_after)
            error.retry_after = rules_.limit_window;
        if (surely_unsent(error)) {  // and so the server has not counted it
            state.asked.pop_back();
            if (auto saved = save_token_state(path_, state); !saved) return pass(saved);
        }
        if (error.code == Errc::kUnauthenticated) {
            state.refused_at = clock_.now();
            state.refused_with = error.args["oauth_error"];
            state.refused_for = rules_.asked_with;
            if (auto saved = save_token_state(path_, state); !saved) return pass(saved);
        }
        return tl::unexpected(std::move(error));
    }
    fresh->refused_with.clear();
    if (auto saved = save_token_state(path_, *fresh); !saved) return pass(saved);
    return fresh;
}

}  // namespace kontor::host
