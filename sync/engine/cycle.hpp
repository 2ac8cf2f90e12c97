#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sync/base/clock.hpp"
#include "sync/base/log.hpp"
#include "sync/base/random.hpp"
#include "sync/base/result.hpp"
#include "sync/engine/plan.hpp"
#include "sync/engine/planned_change.hpp"
#include "sync/merge/mapping.hpp"
#include "sync/remote/remote.hpp"
#include "sync/replica/catalogue.hpp"
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

/// Tells the engine that a local writer waits, so that it ends its transaction early.
using WriterGate = replica::WriteTurn;

struct CycleOptions {
    bool dry_run = false;  ///< on a copy: nothing changes here or there
    bool sweep = false;    ///< compare id lists now, whatever the schedule says
    bool push = true;
    bool confirm_mass = false;         ///< a person agreed to what the mass-change guard stopped
    std::vector<std::string> streams;  ///< only these; empty = all
    bool operator==(const CycleOptions&) const = default;
};

struct StreamCounts {
    std::string stream;
    std::int64_t seen = 0;  ///< images received
    std::int64_t created_here = 0, updated_here = 0, deleted_here = 0;
    std::int64_t created_there = 0, updated_there = 0, deleted_there = 0;
    std::int64_t conflicts = 0;  ///< opened or decided by a policy
    std::int64_t blocked = 0;
    std::int64_t unknown = 0;  ///< pushes whose fate is not known yet
    /// Longest that building one index after a first load kept other writers waiting, rounded up;
    /// 0 if none was built.
    std::chrono::milliseconds index_wait{0};
};

struct CycleReport {
    std::int64_t run = 0;  ///< 0: a dry run, which leaves no row
    std::vector<StreamCounts> streams;
    PlannedChanges plan;  ///< dry run only
    /// Dry run only: set if the mass-change guard would stop the push and ask.
    std::optional<Error> guard;
    /// Set if some part failed and the rest was done: what, and when to come back.
    std::optional<Error> problem;
    bool pushed = false;  ///< false: pull-only, guard, dry run or paused; see `problem`
};

/// What one cycle may leave to the next, so that a sync in which nothing has changed asks for
/// nothing but changes. For one remote as long as it stays open: begin a new one when it is opened
/// anew, or after a cycle that failed other than for want of calls.
struct Session {
    /// Who we are there is asked again after this time.
    static constexpr std::chrono::hours kIdentityFor{1};

    std::optional<remote::Identity> identity;
    std::chrono::milliseconds identity_at{0};  ///< Clock::steady
    /// Remote's clock minus ours, and how sure that is.
    std::chrono::milliseconds clock_offset{0};
    std::chrono::milliseconds clock_uncertainty{2'000};
    /// Of the replica; whether they are still right is looked at each time.
    PlanCaches caches;

    /// The mapping that the replica has got from this connection, and what it was tied to then.
    /// While all of that is the same, there is nothing to compare.
    struct TakenMapping {
        std::string plugin;
        merge::Mapping mapping;
        std::int64_t edition = 0;  ///< mappings_edition()
        std::shared_ptr<const replica::Catalogue> catalogue;
    };
    std::optional<TakenMapping> taken;
};

/// One round with one remote: metadata → settle open intents → pull → sweep if due → push → pull
/// back what the push changed. Resumable: whatever stops it, running it again goes on.
///
/// Everything is synchronous and on the caller's thread; the given objects, settings too, must
/// outlive it. `db` is opened with Access::kEngine. Deterministic given clock, random, database and
/// remote.
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
        Session* session = nullptr;  ///< nullptr: everything is asked for
        /// Asked in the transaction that takes the settings' mapping into the replica, and answered
        /// with an error if it is no longer that of the connection: the cycle ends with that,
        /// before it has done anything. Whoever changes a mapping and takes its policies first
        /// writes it down. Empty: it stays as it is.
        std::function<Result<>()> check_mapping = {};
    };
    Cycle(Ports ports, const ConnectionSettings& settings);

    /// An error means that nothing useful could be done (wrong organisation, credentials, storage);
    /// partial trouble is in the report.
    [[nodiscard]] Result<CycleReport> run(const CycleOptions& options);

private:
    Ports ports_;
    const ConnectionSettings& settings_;
};

}  // namespace kontor::engine
