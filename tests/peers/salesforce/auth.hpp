#pragma once
// Access tokens: client credentials and statements signed with the connected app's key.

#include <map>
#include <memory>
#include <set>
#include <string>

#include "tests/peers/base/message.hpp"
#include "tests/peers/salesforce/org.hpp"

namespace kontor::peer::salesforce {

class Auth {
public:
    explicit Auth(Org& org);
    ~Auth();

    /// The answer of the token endpoint; refusals are 400 with error and error_description.
    Response token(const Request& request, const std::string& base_url);
    /// Throws ApiError 401 INVALID_SESSION_ID.
    void require(const Request& request) const;
    void expire_tokens() { tokens_.clear(); }
    /// PEM of the key whose public half the connected app knows; made at the first call.
    std::string private_key();

    static constexpr const char* kUser = "admin@example.com";
    std::string client_id, client_secret;

private:
    struct Key;
    std::string problem_with(const std::string& assertion);

    Org& org_;
    std::unique_ptr<Key> key_;
    std::set<std::string> tokens_;
};

}  // namespace kontor::peer::salesforce
