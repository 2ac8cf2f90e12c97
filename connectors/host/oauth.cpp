#include "connectors/host/oauth.hpp"

#include <algorithm>

#include "connectors/host/file_lock.hpp"

namespace kontor::host {
namespace {

using namespace std::chrono_literals;

constexpr auto kRenewBefore = 60s;
constexpr auto kYoung = 60s;         // a token this young is not renewed because of a 401
constexpr auto kRefusalHolds = 60s;  // how long a refusal is believed without asking again
constexpr auto kLockWaitMax = 90'000ms;
constexpr std::size_t kAskedMax = 1'000;

tl::unexpected<Error> too_many(std::chrono::milliseconds wait) {
    Error error{
        Errc::kRateLimited, "as many access tokens as allowed were asked for lately", {}, {}};
    error.retry_after = wait;
    return tl::unexpected(std::move(error));
}

TokenState state_from(const OAuthGrant& grant, TokenState state, Instant now) {
    state.access_token = grant.access_token.copy();
    state.obtained = now;
    state.expires = now + grant.expires_in;
    if (!grant.api_domain.empty()) state.api_domain = grant.api_domain;
    state.refused_with.clear();
    return state;
}

}  // namespace

OAuthTokens::OAuthTokens(OAuthSettings settings, HttpClient& http, const Clock& clock,
                         Sleeper& sleeper, Redactor& redactor)
    : settings_(std::move(settings)),
      http_(http),
      clock_(clock),
      sleeper_(sleeper),
      redactor_(redactor),
      path_(settings_.token_folder + "/" +
            token_file_name(settings_.client.token_url, settings_.client.client_id,
                            settings_.refresh_token)) {
    redactor_.add(settings_.client.client_secret);
    redactor_.add(settings_.refresh_token);
    if (auto state = load_token_state(path_)) adopt(std::move(*state));
}

bool OAuthTokens::usable(const TokenState& state) const {
    const auto now = clock_.now();
    // A short-lived token is renewed when half of its life is over. One "obtained" in the future
    // means that the clock was set back: nothing is known of its age.
    const auto early =
        std::min<std::chrono::milliseconds>(kRenewBefore, (state.expires - state.obtained) / 2);
    return !state.access_token.empty() && state.obtained <= now && now < state.expires - early;
}

Secret OAuthTokens::header_value() const {
    return with_scheme(settings_.scheme, state_.access_token);
}

void OAuthTokens::adopt(TokenState state) {
    redactor_.add(state.access_token);
    redactor_.add(state.rotated_refresh_token);
    state_ = std::move(state);
}

std::string OAuthTokens::api_domain() const {
    const std::lock_guard lock(mutex_);
    return state_.api_domain;
}

Result<std::vector<SecretHeader>> OAuthTokens::headers() {
    const std::lock_guard lock(mutex_);
    if (!usable(state_)) {
        auto got = obtain(nullptr);
        // While the accounts server is out of reach, the old token serves until it really expires.
        const bool still_valid = !state_.access_token.empty() && clock_.now() < state_.expires &&
                                 state_.obtained <= clock_.now();
        if (!got && !still_valid) return pass(got);
    }
    std::vector<SecretHeader> out;
    out.push_back({settings_.header, header_value()});
    return out;
}

Result<bool> OAuthTokens::renew(const std::vector<SecretHeader>& used, const HttpResponse& answer) {
    if (used.empty()) return false;
    if (answer.header("www-authenticate").find("insufficient_scope") != std::string_view::npos)
        return false;
    for (const auto& code : settings_.no_refresh_codes)
        if (!code.empty() && answer.body.find(code) != std::string::npos) return false;
    const std::lock_guard lock(mutex_);
    const Secret& rejected = used.front().value;
    if (header_value().reveal() == rejected.reveal())
        if (auto got = obtain(&rejected); !got) return pass(got);
    return header_value().reveal() != rejected.reveal();
}

// Brings in a usable token, other than the rejected one if that is old enough to be replaced.
Result<> OAuthTokens::obtain(const Secret* rejected) {
    auto lock = FileLock::acquire(path_ + ".lock", clock_, sleeper_, kLockWaitMax);
    if (!lock) return pass(lock);
    auto state = load_token_state(path_);
    if (!state) return pass(state);
    if (usable(*state)) {
        const bool is_rejected =
            rejected &&
            with_scheme(settings_.scheme, state->access_token).reveal() == rejected->reveal();
        const bool keep = !is_rejected || clock_.now() - state->obtained < kYoung;
        if (keep) {
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
Result<> OAuthTokens::may_ask(TokenState& state) const {
    const auto now = clock_.now();
    const auto since_refusal = now - state.refused_at;
    if (!state.refused_with.empty() && since_refusal >= 0ms && since_refusal < kRefusalHolds)
        return fail(Errc::kUnauthenticated, "the accounts server answered " + state.refused_with,
                    {{"oauth_error", state.refused_with}});
    const std::chrono::milliseconds window = settings_.token_limit_window;
    std::erase_if(state.asked, [&](Instant at) { return at > now || at + window <= now; });
    if (settings_.token_limit_count > 0 &&
        state.asked.size() >= static_cast<std::size_t>(settings_.token_limit_count))
        return too_many(state.asked.front() + window - now);
    if (state.asked.size() >= kAskedMax) state.asked.erase(state.asked.begin());
    return {};
}

Result<TokenState> OAuthTokens::ask(TokenState state) {
    if (auto allowed = may_ask(state); !allowed) return pass(allowed);
    // Counted before it is sent: a crash in between must not make us exceed the limit.
    state.asked.push_back(clock_.now());
    if (auto saved = save_token_state(path_, state); !saved) return pass(saved);
    const Secret& refresh_token =
        state.rotated_refresh_token.empty() ? settings_.refresh_token : state.rotated_refresh_token;
    auto grant = refresh_access(http_, settings_.client, refresh_token);
    const auto now = clock_.now();
    if (!grant) {
        auto error = std::move(grant.error());
        if (error.code == Errc::kRateLimited && !error.retry_after)
            error.retry_after = settings_.token_limit_window;
        if (error.code == Errc::kUnauthenticated) {
            state.refused_at = now;
            state.refused_with = error.args["oauth_error"];
            if (auto saved = save_token_state(path_, state); !saved) return pass(saved);
        }
        return tl::unexpected(std::move(error));
    }
    auto fresh = state_from(*grant, std::move(state), now);
    if (!grant->refresh_token.empty() &&
        grant->refresh_token.reveal() != settings_.refresh_token.reveal())
        fresh.rotated_refresh_token = grant->refresh_token.copy();
    if (auto saved = save_token_state(path_, fresh); !saved) return pass(saved);
    return fresh;
}

Result<> store_grant(const std::string& token_folder, const OAuthClient& client,
                     const OAuthGrant& grant, Instant now) {
    const auto name = token_file_name(client.token_url, client.client_id, grant.refresh_token);
    auto state = state_from(grant, TokenState{}, now);
    state.asked.push_back(now);
    return save_token_state(token_folder + "/" + name, state);
}

}  // namespace kontor::host
