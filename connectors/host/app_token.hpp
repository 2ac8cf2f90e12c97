#pragma once

#include <functional>
#include <string>
#include <vector>

#include "connectors/host/auth.hpp"
#include "connectors/host/http_client.hpp"
#include "connectors/host/redactor.hpp"
#include "connectors/host/sleeper.hpp"
#include "connectors/host/spec.hpp"
#include "connectors/host/token_keeper.hpp"
#include "sync/base/clock.hpp"

namespace kontor::host {

struct AppTokenSettings {
    std::function<std::string()> url;  ///< where a token is asked for, made anew for each request
    Secret request;                    ///< the body that asks
    /// Makes the signed statement that goes to the end of that body, a form; null: there is none.
    std::function<Result<Secret>(Instant now)> assertion;
    std::vector<Secret> hidden;  ///< what is secret in it
    AppTokenSpec spec;
    /// What is not secret, for what requests bear: options, the user's name.
    std::map<std::string, std::string> values;
    int token_limit_count = 0;
    std::chrono::seconds token_limit_window{600};
    std::string token_file;
};

/// Tokens that an application gets for its own lasting secrets, or a user for a password, by JSON
/// or a form, and that requests bear in headers or in their JSON bodies; errors may come with 200.
/// Thread-safe if `http` is, or if used from one thread; the references must outlive it.
class AppTokens final : public Authenticator {
public:
    AppTokens(AppTokenSettings settings, HttpClient& http, const Clock& clock, Sleeper& sleeper,
              Redactor& redactor);

    Result<Credentials> credentials() override;
    [[nodiscard]] bool refuses(const HttpResponse& answer) const override;
    Result<bool> renew(const Credentials& used, const HttpResponse& answer) override;

private:
    [[nodiscard]] Result<Credentials> borne(const Secret& token,
                                            const std::map<std::string, std::string>& values) const;
    [[nodiscard]] Result<Secret> asking() const;
    Result<TokenState> ask(TokenState kept);
    Result<TokenState> read(const HttpResponse& answer, TokenState kept) const;

    const AppTokenSettings settings_;
    HttpClient& http_;
    const Clock& clock_;
    TokenKeeper keeper_;
};

}  // namespace kontor::host
