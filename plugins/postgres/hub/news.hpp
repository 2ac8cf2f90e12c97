#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/hub/catalog.hpp"
#include "plugins/postgres/hub/clock.hpp"

namespace kontor::postgres::hub {

/// Which kinds of records have news, asked for all of them at once: a sync without any needs one
/// connection to the server, not one for each kind.
///
/// A round of pulls asks once, and again for the rest of it where it takes longer than kFor_ms. A
/// kind that asks a second time begins a new round. After a push nothing known holds, and the pull
/// that reads back what was pushed asks for itself alone: the round after it is a later one.
class News {
public:
    /// Short: a sync that follows one of some kinds only goes by what that one knew.
    static constexpr std::int64_t kFor_ms = 200;

    /// True if a pull of this kind may take what is known; read() first otherwise.
    [[nodiscard]] bool hold_for(const sdk::Host& host, const std::string& stream);
    /// Asks, for the pull that hold_for() was last called for.
    void read(sdk::Host& host, Session& session, Clock& clock, const std::vector<Stream>& streams);
    /// True if there is nothing with the stamp `from` or a later one.
    [[nodiscard]] bool nothing_since(const std::string& stream, Stamp from) const;
    /// Where a pull goes on that ends now, see Clock::horizon().
    [[nodiscard]] Stamp horizon() const { return horizon_; }
    void pushed(const std::string& stream);

private:
    std::int64_t at_ms_ = 0;  ///< when it was asked; 0: not
    Stamp horizon_ = 0;
    std::map<std::string, Stamp> newest_;
    std::set<std::string> told_;  ///< in this round
    std::set<std::string> pushed_;
    bool for_one_ = false;
};

}  // namespace kontor::postgres::hub
