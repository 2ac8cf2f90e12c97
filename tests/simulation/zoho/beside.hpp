#pragma once

#include <functional>
#include <memory>

#include "sync/merge/mapping.hpp"
#include "tests/simulation/account.hpp"
#include "tests/simulation/server.hpp"
#include "tests/simulation/zoho/crm.hpp"

namespace kontor::simulation::zoho {

/// Another CRM of the same people, in memory, to which the laptop is connected too: the records of
/// Zoho's go on to it, and its own to Zoho.
class Beside final : public Crm {
public:
    struct Hooks {
        std::function<void()> yield;
        std::function<bool()> gone;
        std::function<void(const std::string&)> violation;
    };
    Beside(WorldTime& time, std::uint64_t seed, Trace& trace, const Hooks& hooks);

    [[nodiscard]] merge::Mapping mapping() const;
    /// The laptop's access to it.
    [[nodiscard]] Account& account() { return account_; }

    Records live(const Kind& kind) override;
    std::vector<std::string> deleted(const Kind& kind) override;
    bool edit(const Kind& kind, const std::string& id, const std::string& field,
              const std::optional<std::string>& text) override;
    bool point(const Kind& kind, const std::string& id, const std::string& account) override;
    bool create(const Kind& kind, const std::string& title) override;
    bool erase(const Kind& kind, const std::string& id) override;
    bool restore(const Kind& kind, const std::string& id) override;
    bool merge(const Kind& kind, const std::string& loser, const std::string& winner) override;
    std::int64_t writes() override { return static_cast<std::int64_t>(server_.writes()); }

private:
    Server server_;
    Account account_;
};

}  // namespace kontor::simulation::zoho
