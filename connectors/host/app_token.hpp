#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
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
    /// The body that asks; empty: it is filled from `spec` each time, with what the challenge
    /// brought and with texts made of secrets.
    Secret request;
    std::string challenge_url;
    std::vector<SecretHeader> secrets;  ///< by name, for all that is filled
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

/// The members as a form; what is no text is JSON.
[[nodiscard]] std::string form_of(const nlohmann::json& members);

/// Adds to `texts` those that `spec` makes of others (digests, signatures, base64), as far as those
/// are there.
void make_texts(const AppTokenSpec& spec, std::map<std::string, std::string>& texts,
                Blank blank = Blank::kIsMissing);

/// What requests bear by `spec`, with `texts` in its gaps. kConfig if one has none.
[[nodiscard]] Result<Credentials> borne_with(const AppTokenSpec& spec,
                                             const std::map<std::string, std::string>& texts);
/// The same with what make_texts() makes of them; `texts` are wiped.
[[nodiscard]] Result<Credentials> borne_by(const AppTokenSpec& spec,
                                           std::map<std::string, std::string> texts);

/// Tokens that an application gets for its own lasting secrets, or a user for a password, by JSON
/// or a form, and that requests bear in headers or in their JSON bodies; errors may come with 200.
/// Thread-safe if `http` is, or if used from one thread; the references must outlive it.
class AppTokens final : public Authenticator {
public:
    AppTokens(AppTokenSettings settings, HttpClient& http, const Clock& clock, Sleeper& sleeper,
              Redactor& redactor);

    Result<Credentials> credentials(const AskedFor&) override;
    [[nodiscard]] bool refuses(const HttpResponse& answer) const override;
    Result<bool> renew(const Credentials& used, const HttpResponse& answer) override;

private:
    [[nodiscard]] Result<Credentials> borne(const Secret& token,
                                            const std::map<std::string, std::string>& values) const;
    /// Options, values, secrets.
    [[nodiscard]] std::map<std::string, std::string> texts() const;
    Result<> take_challenge(std::map<std::string, std::string>& texts);
    [[nodiscard]] Result<Secret> asking(const std::map<std::string, std::string>& texts) const;
    Result<HttpResponse> send(HttpRequest& request, const std::string& body, bool as_form);
    Result<TokenState> ask(TokenState kept);
    void hide_made(const std::map<std::string, std::string>& texts);
    Result<TokenState> read(const HttpResponse& answer, TokenState kept) const;

    const AppTokenSettings settings_;
    HttpClient& http_;
    const Clock& clock_;
    Redactor& redactor_;
    TokenKeeper keeper_;
};

}  // namespace kontor::host
