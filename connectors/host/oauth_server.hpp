#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/host/allow_list.hpp"
#include "connectors/host/http_client.hpp"
#include "connectors/host/secret.hpp"
#include "sync/base/result.hpp"

/// One call each to an OAuth 2.0 accounts server. Secrets travel in form bodies only.
namespace kontor::host {

struct OAuthClient {
    std::string token_url;
    std::string authorize_url;
    std::string client_id;
    Secret client_secret;  ///< empty for a public client
    std::vector<std::string> scopes;
    std::string scope_separator = ",";
    std::map<std::string, std::string> authorize_parameters;  ///< access_type, prompt, …
};

/// What the accounts server hands out.
struct OAuthGrant {
    Secret access_token;
    Secret refresh_token;  ///< empty if it sent none: the old one stays valid
    std::chrono::seconds expires_in{};
    std::string api_domain;  ///< "" if it named none
    std::string scope;
};

/// Where the user has to consent in a browser; `state` comes back with the redirect.
[[nodiscard]] std::string authorize_url(const OAuthClient& client, std::string_view redirect_uri,
                                        std::string_view state);

/// Turns an authorization code into tokens. `redirect_uri` is "" for a self client.
/// `accounts_server` is what the redirect named, "" if nothing: it must be in `allowed`, since the
/// client's secret is sent there. Errors as refresh_access().
[[nodiscard]] Result<OAuthGrant> exchange_code(HttpClient& http, const OAuthClient& client,
                                               const Secret& code, std::string_view redirect_uri,
                                               std::string_view accounts_server,
                                               const AllowList& allowed);

/// A new access token. kUnauthenticated if the refresh token or the client is refused,
/// kRateLimited if too many were asked for, kUnavailable, kProtocol; never retried here.
[[nodiscard]] Result<OAuthGrant> refresh_access(HttpClient& http, const OAuthClient& client,
                                                const Secret& refresh_token);

}  // namespace kontor::host
