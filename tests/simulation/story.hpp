#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/device.hpp"
#include "tests/simulation/server.hpp"

namespace kontor::simulation {

/// One fixed scenario in which every kind of push and pull happens: a first load, creates, changes
/// and deletes from both sides, a create that meets its record by key, conflicts, deletions against
/// edits, references that wait, records that were merged, leads that become contacts, rows of a
/// record, refused ones, sweeps, lost permission, a field mapped later, a decision; a second remote
/// that has some of the records already, and hears from the first one what happened there and the
/// other way round. Its steps are what the device does to last: each write and sync
/// of its disk, each request to the remote before it arrives and after it was carried out. At one
/// of them the device may crash; then it starts again and everybody goes on with what they meant
/// to do.
class Story {
public:
    /// `keyed`: the remote has a field for our key. Where it has none, a create whose answer was
    /// lost may end in doubt.
    Story(Machines& machines, bool keyed, bool print);
    ~Story() { device_.disk().watch({}); }
    Story(const Story&) = delete;
    Story& operator=(const Story&) = delete;

    void run();
    /// With both remotes; nothing is left to be told.
    void sync_all();

    /// Called before each step is taken; it may crash().
    void at_each_step(const std::function<void(StepKind)>& watcher);
    /// The power goes, now. `left`: what the disk will have of what was written and not synced.
    void crash(Left left);

    [[nodiscard]] Machine& machine() { return device_.machine(); }
    /// What stands in the replica and at the remote in the end; see summary.hpp.
    [[nodiscard]] std::string ending() const;
    /// Of an ending, what says nothing of records that are in doubt here, or that refer to one.
    [[nodiscard]] std::string without_doubt(const std::string& ending) const;
    /// Names of records that wait for a person, since nobody knows whether they were created.
    [[nodiscard]] std::vector<std::string> doubtful() const;
    /// Records of that name that were made from here, at the remote that has most.
    [[nodiscard]] int copies_there(const std::string& name) const;
    /// Changes that remotes have made for the device.
    [[nodiscard]] std::uint64_t carried_out() const { return server_.writes() + second_.writes(); }
    /// What has happened, as a story without a crash tells it: pushes by what was carried out or
    /// refused, pulls by what they changed here.
    [[nodiscard]] std::set<std::string> kinds() const;
    /// Those that must be there and are not.
    [[nodiscard]] std::vector<std::string> missing_kinds() const;
    /// What went wrong on the way.
    [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }

private:
    void remote_before();
    void sync(const char* remote, const engine::CycleOptions& options = {});
    void switch_pushing_on(const char* remote);
    void decide(const std::string& which, engine::Side side);
    void convert_leads();
    void meet_second();
    void tell_both();
    void edit_here();
    void edit_there();
    void born_here_and_gone_there();
    void decide_and_correct();
    void check_whole();

    void type(const std::string& sql);
    /// Does what must be done to last, again if the device crashed before it was.
    void lasting(const std::string& what, const std::function<Result<>()>& act,
                 const std::function<bool()>& done);
    void on_request(std::string_view request);
    [[nodiscard]] std::string id_of(const std::string& stream, const std::string& name) const;
    void edit(const std::string& contact, const Fields& fields);
    void edit_account(const std::string& account, const Fields& fields);
    void later();
    void note_push(const Server& server, const std::string& stream, const remote::Change& change,
                   const remote::PushResult& result);
    [[nodiscard]] std::unique_ptr<Account> account_at(Server& server, std::uint64_t seed);

    Left left_ = Left::kSome;
    WorldTime time_;
    Trace trace_;
    Server server_, second_;
    Device device_;
    std::set<std::string> pushed_;
    std::vector<std::string> problems_;
    std::function<void(StepKind)> watcher_;
    std::function<void()> before_contacts_;  ///< happens as contacts are about to be pushed
};

}  // namespace kontor::simulation
