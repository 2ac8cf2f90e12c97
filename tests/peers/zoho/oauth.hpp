#pragma once
// OAuth 2.0 as Zoho Accounts does it (section 2 of the published behaviour).

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/peers/zoho/api_error.hpp"
#include "tests/peers/zoho/org.hpp"

namespace kontor::peer::zoho {

struct Credentials {
    std::string client_id;
    std::string client_secret;
    std::string refresh_token;
    std::string grant_code;
};

/// What a request to the accounts server says, in its query, as a form or as multipart.
Parameters token_parameters(const Request& request);

class OAuth {
public:
    explicit OAuth(Org& org);

    const Credentials& credentials() const { return credentials_; }

    /// GET /oauth/v2/auth: the page where a user of a server-based client consents. Nobody has to
    /// press anything here: it sends the browser on at once, as the switch `consent` says.
    Response consent(const Request& request);
    /// POST /oauth/v2/token in any of the three encodings.
    Response token(const Request& request);
    /// POST /oauth/v2/token/revoke
    Response revoke(const Request& request);

    /// Throws ApiError 401 unless the request carries a live access token whose scope covers it.
    void require_token(const Request& request);
    /// What tokens issued from now on may do; comma separated. Empty: everything.
    void set_scope(std::string scope) { scope_ = std::move(scope); }

    void expire_access_tokens();
    void revoke_refresh_tokens();
    /// A fresh one-time code.
    std::string new_grant_code();

    Json save() const;
    void load(const Json& saved);
    /// True once after every change that must survive a restart.
    bool take_changed();

private:
    struct Access {
        std::string refresh_token;
        std::int64_t expires_s = 0;
        std::string scope;
    };
    struct Refresh {
        bool revoked = false;
        std::vector<std::int64_t> issued_s;  ///< access tokens of the last ten minutes
    };

    /// What a one-time code was given for.
    struct Grant {
        std::int64_t expires_s = 0;
        std::string redirect_uri;  ///< "" for a self client
        bool offline = true;       ///< with a refresh token
    };

    std::string new_code(std::string redirect_uri, bool offline);
    Response answer_error(std::string_view error, std::string_view description = {});
    Response issue(const std::string& refresh_token, bool with_refresh_token);

    Org& org_;
    Credentials credentials_;
    std::string scope_;
    std::map<std::string, Access> access_;
    std::map<std::string, Refresh> refresh_;
    std::map<std::string, Grant> grants_;  ///< by code
    bool changed_ = true;
};

}  // namespace kontor::peer::zoho
