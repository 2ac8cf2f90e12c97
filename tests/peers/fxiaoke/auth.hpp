#pragma once
// Both generations of tokens.

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "tests/peers/base/message.hpp"
#include "tests/peers/fxiaoke/tenant.hpp"

namespace kontor::peer::fxiaoke {

struct Credentials {
    std::string app_id, app_secret, permanent_code, ea, corp_id;
};

class Auth {
public:
    explicit Auth(Tenant& tenant);

    const Credentials& credentials() const { return known_; }
    /// The answer to a token call of either generation. Throws Refusal.
    Json token(const Json& body, bool new_style);
    /// Who asks: the employee's id. Throws Refusal. `old_style` says how the request was signed.
    std::string require(const Request& request, const Json& body, bool& old_style);
    /// All tokens are dead from now on.
    void expire_tokens();

private:
    struct Token {
        std::string text;
        std::int64_t issued_ms = 0;
        bool new_style = true;
    };
    bool alive(const Token& token) const;
    std::string employee(const std::string& id, bool open_id) const;

    Tenant& tenant_;
    Credentials known_;
    std::deque<Token> tokens_;
    std::deque<std::int64_t> asked_ms_;
};

}  // namespace kontor::peer::fxiaoke
