#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/outcome.hpp"
#include "tests/simulation/zoho/beside.hpp"
#include "tests/simulation/zoho/laptop.hpp"
#include "tests/simulation/zoho/organisation.hpp"
#include "tests/simulation/zoho/step.hpp"

namespace kontor::simulation::zoho {

/// One scenario: a laptop and its Zoho account, in half of the seeds another CRM beside it, in a
/// third a second laptop, people at all of them, and what goes wrong in between. Carries out the
/// steps, brings everything to rest and asks the oracles.
class World {
public:
    /// `folder`: for what the host keeps in files.
    World(const Outfit& outfit, std::string folder, std::uint64_t seed,
          const std::vector<Step>& steps, bool print);

    void run();
    [[nodiscard]] Outcome outcome() const;

private:
    void perform(const Step& step);
    void at_laptop(Laptop& laptop, const Step& step);
    void by_colleague(const Step& step);
    void sync(Laptop& laptop, const engine::CycleOptions& options, bool troubles_allowed);
    void sync_beside(const engine::CycleOptions& options, bool troubles_allowed);
    Result<engine::CycleReport> carry_out(Laptop& laptop, const std::string& connection,
                                          const engine::CycleOptions& options);
    void add_laptop(const std::string& name);
    [[nodiscard]] Laptop& first() { return *laptops_.front(); }
    [[nodiscard]] Laptop& laptop(const Step& step) {
        return *laptops_[step.laptop % laptops_.size()];
    }
    /// Starts it again if its power is gone and no sync of it is under way.
    void wake(Laptop& laptop);
    void begin();
    [[nodiscard]] Crm& crm(const Step& step);
    [[nodiscard]] std::vector<Crm*> crms();
    void yield();
    void sign_in();
    void settle_credits();
    void come_to_rest();
    [[nodiscard]] std::string state();
    void add_state(const Laptop& laptop, std::string& out) const;

    void check_values();
    void check_creates(Crm& crm, const std::string& where);
    void check_agreement(const Laptop& laptop, const std::string& who,
                         const std::string& connection, Crm& crm);
    void check_replica(const Laptop& laptop);
    void check_increments();
    void check_fresh_load();

    [[nodiscard]] bool all_have(const Kind& kind, const std::string& id) const;
    [[nodiscard]] bool merged_away(const Laptop& laptop, const Kind& kind,
                                   const std::string& record) const;
    void replaced_there(const Crm::Record& record);
    void violation(const std::string& what);

    const Outfit& outfit_;
    std::string folder_;
    std::uint64_t seed_;
    const std::vector<Step>& steps_;
    Trace trace_;
    WorldTime time_;
    Organisation organisation_;
    std::optional<Beside> beside_;  ///< of the first laptop
    std::vector<std::unique_ptr<Laptop>> laptops_;
    Tally tally_;
    std::vector<std::string> violations_;
    std::deque<Step> during_;  ///< steps that wait for a yield of the sync under way
    int yields_ = 0;
    const Laptop* syncing_ = nullptr;
    Instant tokens_ended_{};
    bool withdrawn_ = false;                 ///< nobody has signed in again
    Instant used_up_{};                      ///< when the credits were
    std::optional<Instant> credits_return_;  ///< they are used up until then

    std::set<Token> typed_here_;
    std::set<Token> typed_there_;  ///< and still there when a laptop looked next
    std::set<Token> created_;
    std::set<std::string> merged_;  ///< ids of losers
};

}  // namespace kontor::simulation::zoho
