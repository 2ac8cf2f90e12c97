#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "connectors/host/auth.hpp"
#include "connectors/host/oauth_server.hpp"
#include "connectors/host/redactor.hpp"
#include "connectors/host/sleeper.hpp"
#include "connectors/host/token_file.hpp"
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

/// Access tokens from a refresh token. Whatever the number of threads and processes, one of them
/// asks at a time and the others use what it got; the token outlives the process. It is renewed a
/// minute before it expires, or once after a 401, never in a loop and never more often than the
/// accounts server allows. Thread-safe if `http` is, or if used from one thread; the references
/// must outlive it.
class OAuthTokens final : public Authenticator {
public:
    OAuthTokens(OAuthSettings settings, HttpClient& http, const Clock& clock, Sleeper& sleeper,
                Redactor& redactor);

    Result<std::vector<SecretHeader>> headers() override;
    Result<bool> renew(const std::vector<SecretHeader>& used, const HttpResponse& answer) override;
    [[nodiscard]] std::string api_domain() const override;

private:
    [[nodiscard]] bool usable(const TokenState& state) const;
    [[nodiscard]] Secret header_value() const;
    void adopt(TokenState state);
    Result<> obtain(const Secret* rejected_header);
    Result<TokenState> ask(TokenState state);
    [[nodiscard]] Result<> may_ask(TokenState& state) const;

    const OAuthSettings settings_;
    HttpClient& http_;
    const Clock& clock_;
    Sleeper& sleeper_;
    Redactor& redactor_;
    const std::string path_;
    mutable std::mutex mutex_;
    TokenState state_;
};

/// Keeps what exchange_code() got where OAuthTokens with this refresh token will look.
[[nodiscard]] Result<> store_grant(const std::string& token_folder, const OAuthClient& client,
                                   const OAuthGrant& grant, Instant now);

}  // namespace kontor::host
