#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "daemon/cli/context.hpp"

/// What signing in at a remote needs, gathered from options, files, the browser and questions.
namespace kontor::cli {

/// The body of a request that holds secrets: they are overwritten when it goes.
struct SecretBody {
    nlohmann::json body = nlohmann::json::object();

    SecretBody() = default;
    SecretBody(const SecretBody&) = delete;
    SecretBody& operator=(const SecretBody&) = delete;
    ~SecretBody();
};

/// Secrets from --secret-file NAME=FILE (- is standard input) into `body`.
[[nodiscard]] Outcome<> take_secret_files(Context& context, nlohmann::json& body);

/// Asks for a secret, not shown; Enter leaves it out.
[[nodiscard]] Outcome<> ask_secret(Context& context, const std::string& name,
                                   const std::string& question, nlohmann::json& body);

/// Asks for the secrets that `auth` of the connector's spec names and `body` lacks.
[[nodiscard]] Outcome<> ask_secrets(Context& context, const nlohmann::json& auth,
                                    nlohmann::json& body);

/// Whether there is what tokens come from already: a code or a refresh token.
[[nodiscard]] bool has_grant(const nlohmann::json& body);

/// Asks for a code, or else for a refresh token.
[[nodiscard]] Outcome<> ask_grant(Context& context, nlohmann::json& body);

/// How the user signs in with oauth2: "self-client", "browser", or "" where that is no question.
/// From --sign-in, or asked if the connector (`auth` of its spec) offers both.
[[nodiscard]] Outcome<std::string> choose_flow(Context& context, const nlohmann::json& auth,
                                               const nlohmann::json& body);

/// Lets the user consent in a browser and puts code, redirect_uri and accounts_server into `body`.
/// `client`: whose page it is, as POST /consent-url takes it.
[[nodiscard]] Outcome<> sign_in_by_browser(Context& context, nlohmann::json client,
                                           nlohmann::json& body);

}  // namespace kontor::cli
