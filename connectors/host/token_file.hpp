#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "connectors/host/secret.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"

namespace kontor::host {

/// What is kept of the tokens for one set of credentials between runs, in a file of mode 0600.
struct TokenState {
    Secret access_token;
    Instant obtained{};
    Instant expires{};
    Secret rotated_refresh_token;  ///< replaces the configured one; empty if never rotated
    std::string api_domain;
    std::map<std::string, std::string> values;  ///< further texts that came with the token
    std::vector<Instant> asked;                 ///< when tokens were asked for, oldest first
    Instant refused_at{};                       ///< when the accounts server last refused, …
    std::string refused_with;  ///< … and its error code; "" = the last answer was a token
    std::string refused_for;   ///< … to whom: TokenRules::asked_with

    [[nodiscard]] TokenState copy() const;
};

/// A fresh state if there is no file or nothing can be made of it; kStorage if it cannot be read.
[[nodiscard]] Result<TokenState> load_token_state(const std::string& path);
[[nodiscard]] Result<> save_token_state(const std::string& path, const TokenState& state);

/// A file name for this client and its lasting secret (a refresh token) that gives neither away.
[[nodiscard]] std::string token_file_name(std::string_view token_url, std::string_view client_id,
                                          const Secret& lasting);

}  // namespace kontor::host
