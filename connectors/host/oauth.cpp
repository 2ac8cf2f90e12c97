#include "connectors/host/oauth.hpp"

#include <algorithm>

#include "connectors/host/digest.hpp"

namespace kontor::host {
namespace {

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
      keeper_(
          settings_.token_folder + "/" +
              token_file_name(settings_.client.token_url, settings_.client.client_id,
                              settings_.refresh_token),
          {.limit_count = settings_.token_limit_count,
           .limit_window = settings_.token_limit_window,
           .asked_with = sha256_hex(settings_.client.client_secret.reveal()).substr(0, 16)},
          [this](TokenState kept) { return ask(std::move(kept)); }, clock, sleeper, redactor) {
    redactor.add(settings_.client.client_secret);
    redactor.add(settings_.refresh_token);
}

Result<Credentials> OAuthTokens::credentials(const AskedFor&) {
    auto token = keeper_.current();
    if (!token) return pass(token);
    Credentials out;
    out.headers.push_back({settings_.header, with_scheme(settings_.scheme, token->secret)});
    return out;
}

Result<bool> OAuthTokens::renew(const Credentials& used, const HttpResponse& answer) {
    if (used.headers.empty()) return false;
    if (answer.header("www-authenticate").find("insufficient_scope") != std::string_view::npos)
        return false;
    for (const auto& code : settings_.no_refresh_codes)
        if (!code.empty() && answer.body.find(code) != std::string::npos) return false;
    return keeper_.renew([&](const TokenState& state) {
        return with_scheme(settings_.scheme, state.access_token).reveal() ==
               used.headers.front().value.reveal();
    });
}

Result<TokenState> OAuthTokens::ask(TokenState kept) {
    const Secret& refresh_token =
        kept.rotated_refresh_token.empty() ? settings_.refresh_token : kept.rotated_refresh_token;
    auto grant = refresh_access(http_, settings_.client, refresh_token);
    if (!grant) return pass(grant);
    auto fresh = state_from(*grant, std::move(kept), clock_.now());
    if (!grant->refresh_token.empty() &&
        grant->refresh_token.reveal() != settings_.refresh_token.reveal())
        fresh.rotated_refresh_token = grant->refresh_token.copy();
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
