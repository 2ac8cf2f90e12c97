#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "connectors/host/redactor.hpp"
#include "connectors/host/sleeper.hpp"
#include "connectors/host/token_file.hpp"
#include "sync/base/clock.hpp"

namespace kontor::host {

/// When a token server may be asked.
struct TokenRules {
    int limit_count = 0;  ///< tokens that may be asked for in the window; 0 = no limit
    std::chrono::seconds limit_window{600};
    std::chrono::seconds renew_before{60};  ///< a token is renewed so long before it expires
    std::string asked_with = {};  ///< a digest of the secrets sent: a refusal is of these alone
};

/// Access tokens that are asked for, kept in a file, and renewed in time. Whatever the number of
/// threads and processes, one of them asks at a time and the others use what it got; the token
/// outlives the process. A refused one is renewed, never in a loop (one that is younger than a
/// minute once, then none before the minute is over) and never more often than the server allows.
/// Thread-safe if what `ask` uses is, or if used from one thread; the references must outlive it.
class TokenKeeper {
public:
    /// Asks the server. Gets what is kept, returns it with the new token, when it was obtained and
    /// when it expires. kUnauthenticated, with what the server said in args["oauth_error"], if it
    /// refuses; kRateLimited, kUnavailable, kProtocol.
    using Ask = std::function<Result<TokenState>(TokenState kept)>;
    /// Whether the refused request bore the token of this state.
    using Bore = std::function<bool(const TokenState& state)>;

    struct Token {
        Secret secret;
        std::map<std::string, std::string> values;  ///< further texts of the answer
    };

    /// `path`: the file, shared by all that use the same credentials.
    TokenKeeper(std::string path, TokenRules rules, Ask ask, const Clock& clock, Sleeper& sleeper,
                Redactor& redactor);

    /// A token that is valid now. Errors as Ask; kBusy, kCancelled, kStorage.
    [[nodiscard]] Result<Token> current();
    /// After a refusal: true if there is another token than the one that was borne. Errors as
    /// current().
    [[nodiscard]] Result<bool> renew(const Bore& bore);
    /// The API address that the server named; "" if it named none.
    [[nodiscard]] std::string api_domain() const;

private:
    [[nodiscard]] bool usable(const TokenState& state) const;
    /// Whether a refused token of this state is replaced.
    [[nodiscard]] bool may_replace(const TokenState& state) const;
    void adopt(TokenState state);
    Result<> obtain(const Bore* rejected);
    Result<TokenState> ask(TokenState state);
    [[nodiscard]] Result<> may_ask(TokenState& state) const;

    const std::string path_;
    const TokenRules rules_;
    const Ask ask_;
    const Clock& clock_;
    Sleeper& sleeper_;
    Redactor& redactor_;
    mutable std::mutex mutex_;
    TokenState state_;
};

}  // namespace kontor::host
