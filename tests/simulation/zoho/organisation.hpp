#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/peers/zoho/peer.hpp"
#include "tests/simulation/time.hpp"
#include "tests/simulation/zoho/step.hpp"

namespace kontor::simulation::zoho {

inline constexpr const char* kBaseUrl = "https://zoho.simulated";

/// The simulated Zoho account with a few records, its colleagues' hands, and what can be seen of it
/// without Kontor. Its clock is a few seconds wrong.
class Organisation {
public:
    Organisation(WorldTime& time, std::uint64_t seed);

    /// Texts of all fields, of live records by id; null and blank are "".
    using Record = std::map<std::string, std::string>;
    using Records = std::map<std::string, Record>;
    [[nodiscard]] Records live(const Kind& kind);
    [[nodiscard]] std::vector<std::string> deleted(const Kind& kind);

    // --- a colleague's hands; false if the account refuses it
    bool edit(const Kind& kind, const std::string& id, const std::string& field,
              const std::string& value_json);
    bool create(const Kind& kind, const std::string& title);
    bool erase(const Kind& kind, const std::string& id);
    bool restore(const Kind& kind, const std::string& id);
    bool merge(const Kind& kind, const std::string& loser, const std::string& winner);

    void end_tokens();
    /// Access tokens and the refresh token are worth nothing from now on.
    void withdraw_access();
    /// A person signs in again.
    void grant_access();
    /// What is to be signed in with now.
    [[nodiscard]] const peer::zoho::PeerCredentials& keys() const { return keys_; }
    /// Others have used up the day's credits, or they are there again.
    void use_up_credits(bool used_up);
    /// Records that its API has written so far.
    [[nodiscard]] std::int64_t writes();
    /// Requests that no document of Zoho's allows; "" if there were none.
    [[nodiscard]] std::string violations();
    [[nodiscard]] peer::zoho::ZohoPeer& peer() { return peer_; }

private:
    peer::Response control(const std::string& method, const std::string& what,
                           const std::string& body);

    peer::zoho::ZohoPeer peer_;
    peer::zoho::PeerCredentials keys_;
};

}  // namespace kontor::simulation::zoho
