#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "connectors/host/auth.hpp"
#include "connectors/host/oauth_server.hpp"
#include "connectors/host/redactor.hpp"
#include "connectors/host/sleeper.hpp"
#include "connectors/host/token_keeper.hpp"
#include "sync/base/clock.hpp"

namespace kontor::host {

struct OAuthSettings {
    OAuthClient client;
    Secret refresh_token;
    std::string header = "Authorization";
    std::string scheme = "Bearer";
    int token_limit_count = 0;  ///< tokens that may be asked for in the window; 0 = no limit
    std::chrono::seconds token_limit_window{600};
    std::vector<std::string> no_refresh_codes;  ///< in a 401's body: a new token would not help
    std::string token_folder;                   ///< shared by all that use this refresh token
};

/// Access tokens from a refresh token (TokenKeeper). Thread-safe if `http` is, or if used from one
/// thread; the references must outlive it.
class OAuthTokens final : public Authenticator {
public:
    OAuthTokens(OAuthSettings settings, HttpClient& http, const Clock& clock, Sleeper& sleeper,
                Redactor& redactor);

    Result<Credentials> credentials(const AskedFor&) override;
    Result<bool> renew(const Credentials& used, const HttpResponse& answer) override;
    [[nodiscard]] std::string api_domain() const override { return keeper_.api_domain(); }

private:
    Result<TokenState> ask(TokenState kept);

    const OAuthSettings settings_;
    HttpClient& http_;
    const Clock& clock_;
    TokenKeeper keeper_;
};

/// Keeps what exchange_code() got where OAuthTokens with this refresh token will look.
[[nodiscard]] Result<> store_grant(const std::string& token_folder, const OAuthClient& client,
                                   const OAuthGrant& grant, Instant now);

}  // namespace kontor::host
