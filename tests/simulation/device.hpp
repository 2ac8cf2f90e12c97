#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sync/engine/cycle.hpp"
#include "sync/engine/decisions.hpp"
#include "tests/simulation/account.hpp"
#include "tests/simulation/machine.hpp"
#include "tests/simulation/reader.hpp"
#include "tests/simulation/step.hpp"

namespace kontor::simulation {

/// What a person has a mapping not send for a while.
struct Narrowed {
    /// Streams and groups ("Contacts/Phone") that only come in, and columns ("contact.email") that
    /// do not leave.
    std::set<std::string> received;
    std::map<std::string, merge::DeletePolicy> deletions;  ///< of a stream, by people here
    /// Streams whose deletions here were not passed on, groups that only came in and columns
    /// ("contact.email") that did not leave, now or at some time before.
    std::set<std::string> once;

    void apply(merge::Mapping& mapping) const;
};

/// One laptop: a clock, a machine with a replica, and its connections.
class Device {
public:
    Device(Machines& machines, int number, WorldTime& time, std::uint64_t seed, Trace& trace);
    ~Device();
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    void connect(const std::string& name, std::unique_ptr<Account> account);
    struct Connected {
        std::string name;
        std::unique_ptr<Account> account;
        engine::ConnectionSettings settings;
        /// As long as the daemon's worker would keep it.
        std::unique_ptr<engine::Session> session = std::make_unique<engine::Session>();
        bool late_mapped = false;
        bool reformed = false;
        Narrowed narrowed;
        std::set<std::string> received_then;  ///< Narrowed::received as its last sync began
        bool met = false;  ///< its first load is done, and a person has let it push
        /// The remote's that a person has accepted (Server::epoch).
        std::uint64_t epoch = 0;
        bool accepted = false;
        int acceptances = 0;
        /// Before the remote was accepted: by stream and id, the records here.
        std::map<std::pair<std::string, std::string>, std::int64_t> known_before;
        /// … and which had been deleted here. Lists that lag show such a one once more, as a new
        /// record.
        std::set<std::pair<std::string, std::string>> deleted_before;
        /// Types that the remote's fields have had, as of the last whole cycle (Server::retypes).
        std::uint64_t retypes = 0;
        /// Version of each link, by its id and the record's at the remote.
        std::map<std::pair<std::int64_t, std::string>, std::string> versions;
        /// What the remote has said to be gone, and was not linked after that: streams and ids.
        std::set<std::pair<std::string, std::string>> let_go;
        /// What was known of the remote's records is not known any more.
        void forget_records() {
            versions.clear();
            let_go.clear();
            static_cast<void>(account->take_told_gone());
        }
    };
    [[nodiscard]] std::map<std::string, Connected>& connections() { return connections_; }
    [[nodiscard]] const std::map<std::string, Connected>& connections() const {
        return connections_;
    }
    [[nodiscard]] Connected& connection(const std::string& name) { return connections_.at(name); }
    [[nodiscard]] const Connected& connection(const std::string& name) const {
        return connections_.at(name);
    }
    void map_late(const std::string& name);
    /// The mapping is made anew of what the remote's fields are now, and of what is sent of them.
    void follow(const std::string& name) { remap(connection(name)); }
    /// A connector of a new version describes the phone otherwise: its form is compared anew.
    void reform(const std::string& name);

    /// From now on another program reads along.
    void read_along(std::uint64_t seed, Reader::Hooks hooks);

    Result<engine::CycleReport> sync(const std::string& name, const engine::CycleOptions& options,
                                     engine::Observer& observer);

    /// Plain SQL, as any program runs it.
    Result<> sql(const std::string& text);
    /// First column of the first row; nullopt without a row or for NULL. For what must work.
    [[nodiscard]] std::optional<std::string> text(const std::string& query) const;
    /// Names of the tables with people's records.
    [[nodiscard]] std::vector<std::string> entity_names() const;
    [[nodiscard]] std::int64_t number(const std::string& query) const;
    /// Calls `row` for each row.
    void each(const std::string& query,
              const std::function<void(const replica::Statement&)>& row) const;

    [[nodiscard]] const replica::Database& local() const { return *machine_->local; }
    [[nodiscard]] const replica::Database& engine() const { return *machine_->engine; }
    [[nodiscard]] const replica::Database& api() const { return *machine_->api; }
    [[nodiscard]] Machine& machine() { return *machine_; }
    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] std::string name() const { return "dev" + std::to_string(number_); }
    [[nodiscard]] DeviceClock& clock() { return clock_; }
    [[nodiscard]] Disk& disk() { return machine_->disk; }
    [[nodiscard]] const Disk& disk() const { return machine_->disk; }
    [[nodiscard]] Random& random() { return dice_.random(); }

    /// Its replica is copied, as for a backup, with what the oracles know of it.
    void back_up(Instant when);
    /// The replica is again what the copy was: its clock, its disk and its settings are not. False
    /// without one.
    [[nodiscard]] bool put_back();
    /// When the copy was made to which it was put back last.
    [[nodiscard]] std::optional<Instant> put_back_to() const { return put_back_to_; }

    /// Closes and opens the replica; after a power cut, with what the disk kept.
    void restart(Left left = Left::kSome);

private:
    void set_up();
    void remap(Connected& connected);

    Machines& machines_;
    int number_;
    Trace& trace_;
    DeviceClock clock_;
    Dice dice_;
    bool early_checkpoints_;
    [[nodiscard]] int checkpoint_pages() const { return early_checkpoints_ ? 12 : 1'000; }
    std::unique_ptr<Machine> machine_;
    std::unique_ptr<Reader> reader_;
    std::map<std::string, Connected> connections_;
    struct Backup {
        Instant when;
        std::string file;
        struct Of {
            Account::Memory memory;
            bool met, accepted;
            std::uint64_t epoch;
        };
        std::map<std::string, Of> connections;
    };
    std::optional<Backup> backup_;
    std::optional<Instant> put_back_to_;
    engine::WriterGate gate_;
    std::atomic<bool> cancelled_{false};
};

}  // namespace kontor::simulation
