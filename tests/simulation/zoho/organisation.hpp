#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "tests/peers/zoho/peer.hpp"
#include "tests/simulation/time.hpp"
#include "tests/simulation/zoho/crm.hpp"

namespace kontor::simulation::zoho {

inline constexpr const char* kBaseUrl = "https://zoho.simulated";

/// The simulated Zoho account with a few records. Its clock is a few seconds wrong.
class Organisation final : public Crm {
public:
    Organisation(WorldTime& time, std::uint64_t seed);

    Records live(const Kind& kind) override;
    std::vector<std::string> deleted(const Kind& kind) override;
    bool edit(const Kind& kind, const std::string& id, const std::string& field,
              const std::optional<std::string>& text) override;
    bool point(const Kind& kind, const std::string& id, const std::string& account) override;
    bool create(const Kind& kind, const std::string& title) override;
    bool erase(const Kind& kind, const std::string& id) override;
    bool restore(const Kind& kind, const std::string& id) override;
    bool merge(const Kind& kind, const std::string& loser, const std::string& winner) override;
    std::int64_t writes() override;

    void end_tokens();
    /// Access tokens and the refresh token are worth nothing from now on.
    void withdraw_access();
    /// A person signs in again.
    void grant_access();
    /// What is to be signed in with now.
    [[nodiscard]] const peer::zoho::PeerCredentials& keys() const { return keys_; }
    /// Others have used up the day's credits, or they are there again.
    void use_up_credits(bool used_up);
    /// Requests that no document of Zoho's allows; "" if there were none.
    [[nodiscard]] std::string violations();
    [[nodiscard]] peer::zoho::ZohoPeer& peer() { return peer_; }

private:
    peer::Response control(const std::string& method, const std::string& what,
                           const std::string& body);
    bool set(const Kind& kind, const std::string& id, const nlohmann::json& fields);

    peer::zoho::ZohoPeer peer_;
    peer::zoho::PeerCredentials keys_;
};

}  // namespace kontor::simulation::zoho
