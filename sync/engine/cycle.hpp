#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sync/base/clock.hpp"
#include "sync/base/log.hpp"
#include "sync/base/random.hpp"
#include "sync/base/result.hpp"
#include "sync/merge/mapping.hpp"
#include "sync/remote/remote.hpp"
#include "sync/replica/database.hpp"

namespace kontor::engine {

/// What the engine must know of a connection. A plain value.
struct ConnectionSettings {
    std::string name;
    std::string plugin;
    merge::Mapping mapping;
    std::vector<remote::StreamSpec> streams;  ///< as last described
    /// More deletes or edits than this in one push wait for a person's word (0 = no guard).
    std::int64_t guard_deletes = 25;
    std::int64_t guard_edits = 1'000;
    /// A sweep that misses more than max(25, this share) of a stream stops and asks.
    double guard_missing_share = 0.02;
    std::chrono::hours sweep_every{24};
};

/// How far a long step is. `total` 0 = not known.
struct Progress {
    std::string stage;  ///< load pull sweep push index wait
    std::string stream;
    std::int64_t done = 0;
    std::int64_t total = 0;
};

/// Told what happens while a cycle runs, on the thread that runs it. Must return quickly.
class Observer {
public:
    virtual ~Observer() = default;
    virtual void progress(const Progress&) {}
    /// The replica has changed and the change is committed (search, events).
    virtual void committed() {}
};

/// A place where a local writer says that it waits, so that the engine ends its transaction early.
/// Shared by all threads of a process that write to one replica.
class WriterGate {
public:
    void arrive() { waiting_.fetch_add(1, std::memory_order_relaxed); }
    void leave() { waiting_.fetch_sub(1, std::memory_order_relaxed); }
    [[nodiscard]] bool wanted() const { return waiting_.load(std::memory_order_relaxed) > 0; }

private:
    std::atomic<int> waiting_{0};
};

struct CycleOptions {
    bool dry_run = false;  ///< on a copy: nothing changes here or there
    bool sweep = false;    ///< compare id lists now, whatever the schedule says
    bool push = true;
    bool confirm_mass = false;         ///< a person agreed to what the mass-change guard stopped
    std::vector<std::string> streams;  ///< only these; empty = all
};

struct StreamCounts {
    std::string stream;
    std::int64_t seen = 0;  ///< images received
    std::int64_t created_here = 0, updated_here = 0, deleted_here = 0;
    std::int64_t created_there = 0, updated_there = 0, deleted_there = 0;
    std::int64_t conflicts = 0;  ///< opened or decided by a policy
    std::int64_t blocked = 0;
    std::int64_t unknown = 0;  ///< pushes whose fate is not known yet
};

/// One change that a dry run found.
struct PlannedChange {
    enum class Side : std::uint8_t { kHere, kThere };
    Side side = Side::kHere;
    std::string stream;
    std::string entity;
    std::int64_t record = 0;          ///< 0 if it does not exist here yet
    std::string ext_id;               ///< "" if it does not exist there yet
    std::string op;                   ///< create update delete conflict
    std::vector<std::string> fields;  ///< columns here, remote fields there
};

struct CycleReport {
    std::int64_t run = 0;
    std::vector<StreamCounts> streams;
    std::vector<PlannedChange> plan;  ///< dry run only; at most kPlanMax entries
    std::int64_t plan_total = 0;
    /// Set if some part failed and the rest was done: what, and when to come back.
    std::optional<Error> problem;
    bool pushed = false;  ///< false: pull-only, guard, dry run or paused; see `problem`
};
inline constexpr std::size_t kPlanMax = 100'000;

/// One round with one remote: metadata → settle open intents → pull → sweep if due → push → pull
/// back what the push changed. Resumable: whatever stops it, running it again goes on.
///
/// Everything is synchronous and on the caller's thread; the given objects must outlive it. `db` is
/// opened with Access::kEngine. Deterministic given clock, random, database and remote.
class Cycle {
public:
    struct Ports {
        const replica::Database& db;
        remote::Remote& remote;
        const Clock& clock;
        Random& random;
        Logger& log;
        Observer& observer;
        const WriterGate& gate;
        const std::atomic<bool>& cancelled;
    };
    Cycle(Ports ports, ConnectionSettings settings);

    /// An error means that nothing useful could be done (wrong organisation, credentials, storage);
    /// partial trouble is in the report.
    [[nodiscard]] Result<CycleReport> run(const CycleOptions& options);

private:
    Ports ports_;
    ConnectionSettings settings_;
};

}  // namespace kontor::engine
