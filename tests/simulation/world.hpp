#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/account.hpp"
#include "tests/simulation/device.hpp"
#include "tests/simulation/outcome.hpp"
#include "tests/simulation/server.hpp"
#include "tests/simulation/step.hpp"

namespace kontor::simulation {

/// What was typed, by whom, and what must be true of it.
struct Ledger {
    std::set<Token> typed_here;   ///< committed at a device
    std::set<Token> typed_there;  ///< by colleagues
    struct Typed {
        int device = 0;
        Instant when;          ///< by the one true time
        milliseconds skew{0};  ///< of the device's clock then
    };
    std::map<Token, Typed> typed;  ///< here
    /// Typed into a restored replica, over what stood there as it was backed up.
    std::map<Token, Token> typed_over;
    std::set<Token> taken_back;      ///< rolled back: must be nowhere
    std::set<Token> asserted_again;  ///< brought back by undo, a decision or a restore
    /// City and street of each contact after a person has edited or decided.
    std::set<std::pair<std::string, std::string>> addresses;
};

/// One person at every remote (Twists::twins).
struct Twin {
    Token token = 0;               ///< first and last name and e-mail are made of this and the next
    std::vector<std::string> ids;  ///< at each remote
    bool certain = false;          ///< nothing had changed who they are when the remotes were met
};

struct Delay;  // rest.cpp

/// One scenario under way: carries out its steps, lets others act while the engine waits, and
/// brings everything to rest in the end.
class World {
public:
    World(Machines& machines, const Scenario& scenario, bool print);

    /// All steps, then rounds without faults until one writes nothing (C1); how many that may be is
    /// in rest.cpp.
    void run();

    [[nodiscard]] std::vector<std::unique_ptr<Device>>& devices() { return devices_; }
    [[nodiscard]] const std::vector<std::unique_ptr<Device>>& devices() const { return devices_; }
    [[nodiscard]] std::vector<std::unique_ptr<Server>>& servers() { return servers_; }
    [[nodiscard]] const std::vector<std::unique_ptr<Server>>& servers() const { return servers_; }
    [[nodiscard]] const Scenario& scenario() const { return scenario_; }
    [[nodiscard]] const std::vector<Twin>& twins() const { return twins_; }
    [[nodiscard]] const std::set<Token>& kept() const { return kept_; }
    /// What this device calls its connection with a remote.
    [[nodiscard]] std::string name_at(int device, int remote) const;
    /// Nothing was lost, refused or cut off, and no device was closed.
    [[nodiscard]] bool calm() const { return calm_; }
    [[nodiscard]] const Ledger& ledger() const { return ledger_; }
    [[nodiscard]] Tally& tally() { return tally_; }
    [[nodiscard]] Trace& trace() { return trace_; }
    [[nodiscard]] WorldTime& time() { return time_; }
    [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
    void violation(const std::string& what);

    /// A device of no scenario, connected to one remote only, for comparison.
    std::unique_ptr<Device> fresh_device(int remote);
    /// One round with one remote; false if it failed.
    bool cycle(Device& device, const std::string& name, const engine::CycleOptions& options,
               bool faults_allowed);

private:
    void perform(const Step& step);
    void at_device(Device& device, const Step& step);
    void through_kontor(Device& device, const Step& step);
    void by_colleague(Server& server, const Step& step);
    void lead_here(Device& device, const Step& step);
    void retype(Server& server, const Step& step);
    void narrow(Device& device, const std::string& name, const Step& step);
    void widen_all(Device& device);
    void watch_sent(int device, int remote, const std::string& stream,
                    const remote::Change& change);
    void lead_there(Server& server, const Step& step);
    void rows_here(Device& device, const Step& step);
    void take_back_rows(Device& device, std::int64_t account, std::uint64_t pick);
    void rows_there(Server& server, const Step& step);
    void sync_beside(const Step& step);
    void named_here(Device& device, const Step& step);
    void named_there(Server& server, const Step& step);
    void target_here(Device& device, const Step& step);
    void target_there(Server& server, const Step& step);
    void keep_there(Server& server, const Step& step);
    void type_kept(Device& device, const Step& step);
    [[nodiscard]] bool known_to_all(const Server& server, const std::string& stream,
                                    const std::string& id) const;
    void sync(const Step& step);
    void yield();
    void end_faults();
    void come_to_rest();
    std::string round_of_rest(bool first);
    void check_rest_is_near(std::size_t round, const std::string& changed, Instant begun,
                            std::vector<Delay> delays);
    void note_sent(int device, int remote, const std::string& stream, const remote::Change& change);

    bool write_sql(Device& device, const std::string& sql, std::vector<Token> tokens);
    void undo(Device& device, const Step& step);
    void decide(Device& device, const Step& step, bool open);
    void retry(Device& device);
    void note_asserted(Device& device, std::int64_t after_seq);
    void note_addresses(const Device& device);
    void restart(Device& device);
    void read_along(Device& device);
    void make_twins();
    void have_met(Device& device, const std::string& name);
    void change_epoch(Server& server, const Step& step);
    [[nodiscard]] bool may_accept(Device& device, const std::string& name) const;
    void accept(Device& device, const std::string& name, bool send);
    bool accept_all();
    void restore(Device& device);
    [[nodiscard]] std::optional<Token> standing_since_backup(const Device& device,
                                                             const std::string& entity,
                                                             const std::string& column,
                                                             std::int64_t record) const;
    void check_typed_over(const Device& device, const std::string& name);
    void sent_again(int device, int remote, Token token, const std::string& where,
                    std::optional<Instant> insists);
    [[nodiscard]] bool still_twins(const Twin& twin, const std::string& known) const;
    [[nodiscard]] std::set<std::string> parked(int device, int remote) const;
    /// See Account::Hooks.
    [[nodiscard]] std::optional<std::string> known(int device, int remote,
                                                   const std::string& stream,
                                                   const std::string& id) const;
    [[nodiscard]] bool fate_must_be_known() const;
    std::unique_ptr<Account> account_for(int device, int remote, std::uint64_t seed);

    Machines& machines_;
    const Scenario& scenario_;
    Trace trace_;
    WorldTime time_;
    std::vector<std::unique_ptr<Server>> servers_;
    std::vector<std::unique_ptr<Device>> devices_;
    std::vector<Twin> twins_;
    Ledger ledger_;
    /// What was made last at each remote for Twists::targets: ids there.
    struct Targets {
        std::string goes, stays, other;  ///< accounts
        std::string referrer;            ///< a contact
    };
    std::map<int, Targets> targets_;
    std::set<Token> kept_;  ///< streets of what Twists::again is about
    Tally tally_;
    std::vector<std::string> violations_;
    std::deque<Step> during_;  ///< steps that wait for a yield of the sync under way
    int yields_ = 0;
    bool calm_ = true;
    std::vector<int> syncing_;  ///< devices, outermost first
    struct SentChange {
        std::string what;
        bool fought_over;  ///< it is of a field that automations may fight over (C3)
    };
    std::vector<SentChange> sent_in_round_;
};

[[nodiscard]] inline std::string remote_name(int remote) {
    return "R" + std::to_string(remote);
}

}  // namespace kontor::simulation
