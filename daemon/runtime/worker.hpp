#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "config/config.hpp"
#include "daemon/event_log.hpp"
#include "daemon/runtime/description_cache.hpp"
#include "daemon/runtime/heartbeat.hpp"
#include "daemon/runtime/remote_factory.hpp"
#include "daemon/runtime/replica_health.hpp"
#include "sync/base/clock.hpp"
#include "sync/base/log.hpp"
#include "sync/base/random.hpp"
#include "sync/engine/cycle.hpp"
#include "sync/engine/verifier.hpp"
#include "sync/replica/database.hpp"

namespace kontor::host {
class SecretStore;
}

namespace kontor::app {

/// Runs one round with a remote. The daemon's is engine::Cycle; tests script it.
using RunCycle = std::function<Result<engine::CycleReport>(
    engine::Cycle::Ports, const engine::ConnectionSettings&, const engine::CycleOptions&)>;

/// Compares with a remote. The daemon's is engine::Verifier; tests script it.
using RunVerify = std::function<Result<engine::VerifyReport>(
    engine::Verifier::Ports, const engine::ConnectionSettings&, const engine::VerifyOptions&)>;

enum class WorkerState : std::uint8_t {
    kStarting,
    kNew,  ///< the first sync waits to be asked for
    kIdle,
    kSyncing,
    kFailed
};

/// How a connection's worker stands.
struct WorkerStatus {
    WorkerState state = WorkerState::kStarting;
    std::optional<Error> error;  ///< of the last sync, or why none can be started
    std::optional<engine::Progress> progress;
    std::optional<Instant> next_sync_at;
    std::optional<Instant> last_success_at;
    std::optional<remote::Credits> credits;
    /// Of the last syncs' median, so that a first load does not count; -1 = too few to say.
    std::int64_t credits_per_sync = -1;
    std::int64_t requests_per_sync = -1;
    std::optional<std::chrono::milliseconds> clock_skew;  ///< remote's minus ours, when checked
    bool mapped = true;  ///< the mapping file is there and right; true too before it is looked at
};

/// What a dry run found.
struct DryRun {
    std::int64_t ticket = 0;
    Instant at{};
    engine::CycleReport report;
};

/// What a verification found.
struct Verified {
    std::int64_t ticket = 0;
    Instant at{};
    engine::VerifyReport report;                   ///< empty if it failed
    std::vector<engine::VerifyFinding> findings;   ///< those without a reason; at most kFindingsMax
    std::vector<engine::VerifyFinding> explained;  ///< at most kFindingsMax
    std::int64_t explained_total = 0;
    std::optional<Error> error;  ///< why it ended early
};
inline constexpr std::size_t kFindingsMax = 20'000;

/// The thread of one connection: sleeps until a sync is due, asked for, or caused by an edit or the
/// network's return; runs it; plans the next. All functions are thread-safe and return at once,
/// unless they say that they wait, except the destructor, which waits for the sync under way to
/// stop at a consistent point.
class Worker {
public:
    struct Parts {
        const Clock& clock;
        Random& random;  ///< thread-safe
        Logger& log;
        RemoteFactory& remotes;
        const host::SecretStore& secrets;
        EventLog& events;
        replica::WriteTurn& turn;
        ReplicaHealth& health;
        const DescriptionCache& descriptions;
        RunCycle run_cycle;
        RunVerify run_verify;
        std::string replica_path;
        std::function<void()> committed;  ///< called on this thread after each commit
    };
    Worker(Parts parts, config::Connection connection, config::Sync sync);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Asks for a sync; a person's request goes before back-off. Requests that wait are done one
    /// after the other; the same request as one that waits is done with it. Returns the ticket that
    /// events name; kBusy if too many wait, kCancelled after end(). One that still waits at the end
    /// ends with kCancelled.
    [[nodiscard]] Result<std::int64_t> request(const engine::CycleOptions& options);
    /// Asks for a verification; it takes its turn among the syncs. The ticket, or kBusy.
    [[nodiscard]] Result<std::int64_t> request_verify(const engine::VerifyOptions& options);
    /// Stops that verification at the next page, or takes it off the queue. False if it is neither
    /// under way nor waiting.
    bool cancel_verify(std::int64_t ticket);
    enum class VerifyState : std::uint8_t { kUnknown, kWaiting, kRunning, kDone };
    /// kUnknown for a ticket older than the last one that ended.
    [[nodiscard]] VerifyState verify_state(std::int64_t ticket) const;
    /// The last one that ended; nullptr if there was none.
    [[nodiscard]] std::shared_ptr<const Verified> last_verified() const;
    /// A local edit was committed: sync soon, if the remote takes pushes.
    void edited();
    /// The network is back: what failed is tried again now, and what has become due while the
    /// machine slept is done.
    void network_back();
    /// reopen(), if a secret of the connection is another than when the remote was opened; what
    /// failed is tried again now. One that cannot be read now is taken as it was. True if so. Waits
    /// for the stores of secrets.
    bool take_changed_secrets();
    /// The remote is opened anew before the next sync: its credentials have changed.
    void reopen() { reopen_ = true; }
    /// Metadata are read afresh before the next sync.
    void refresh_metadata();

    /// Stops the sync under way at a consistent point; nothing is started any more.
    void cancel();
    /// cancel(), and waits for the thread's end.
    void end();

    [[nodiscard]] WorkerStatus status() const;
    [[nodiscard]] std::shared_ptr<const DryRun> last_dry_run() const;
    [[nodiscard]] const config::Connection& connection() const { return connection_; }
    [[nodiscard]] const config::Sync& sync() const { return sync_; }
    [[nodiscard]] const Heartbeat& heartbeat() const { return heartbeat_; }

private:
    struct Request {
        std::int64_t ticket = 0;
        engine::CycleOptions options;
        std::optional<engine::VerifyOptions> verify = {};  ///< set: no sync, but this
    };
    class Watcher;

    void serve(const std::stop_token& stop);
    [[nodiscard]] std::optional<Request> wait(const std::stop_token& stop);
    void run(const Request& request, const std::stop_token& stop);
    void verify(const Request& request, const std::stop_token& stop);
    [[nodiscard]] Result<engine::VerifyReport> compare(const Request& request,
                                                       const std::stop_token& stop, Verified& out);
    /// Again and again, while the mapping is changed before it is taken.
    [[nodiscard]] Result<engine::CycleReport> cycle(const Request& request,
                                                    const std::stop_token& stop);
    [[nodiscard]] Result<engine::CycleReport> try_cycle(const Request& request,
                                                        const std::stop_token& stop);
    [[nodiscard]] Result<> open(const std::stop_token& stop);
    [[nodiscard]] bool secrets_changed() const;
    /// Of each secret by its name; those that cannot be read are missing.
    [[nodiscard]] std::map<std::string, std::string> digests_of_secrets() const;
    /// What it has counted counts on.
    void close_remote();
    void tell_credits();
    [[nodiscard]] Result<> open_replica();
    /// Whether the connection's first sync waits for a person's word.
    [[nodiscard]] bool first_sync_waits();
    void first_sync_asked();
    /// What it is between two syncs. Needs mutex_.
    [[nodiscard]] WorkerState resting() const;
    /// Makes settings_ what mapping file and description say now.
    [[nodiscard]] Result<> prepare_settings();
    [[nodiscard]] Result<> read_mapping();
    /// An error if the file no longer says what settings_ does.
    [[nodiscard]] Result<> check_mapping() const;
    [[nodiscard]] Result<> describe(bool refresh);
    void describe_as(Description description);
    void finish(const Request& request, Result<engine::CycleReport>& done);
    void plan_next(const std::optional<Error>& error, bool at_once);
    [[nodiscard]] static bool backs_off(const std::optional<Error>& error);
    /// Edits that the last sync has not sent.
    [[nodiscard]] bool has_unsent() const;
    void finish_verify(const Request& request, std::shared_ptr<Verified> out);
    void dismiss();
    [[nodiscard]] Error taken_down() const;
    void set_progress(const engine::Progress& progress);

    const Parts parts_;
    const config::Connection connection_;
    const config::Sync sync_;
    Heartbeat heartbeat_;
    std::atomic<bool> cancelled_{false};
    std::atomic<bool> reopen_{false};
    std::atomic<bool> verify_cancelled_{false};

    // Of the worker's thread alone.
    std::unique_ptr<remote::Remote> remote_;
    remote::Credits earlier_;                   ///< spent and asked by the remotes before it
    std::unique_ptr<engine::Session> session_;  // of remote_ and db_
    std::optional<replica::Database> db_;
    engine::ConnectionSettings settings_;
    std::optional<std::string> mapping_text_;  // that settings_.mapping was read from
    std::optional<std::string> looked_for_;    // mapping_text_ as the fields were described last
    std::optional<Instant> described_at_;      // settings_.streams
    unsigned failures_ = 0;
    bool described_again_ = false;  ///< because of an unknown field
    Watcher* watcher_ = nullptr;    ///< of the work at hand
    std::int64_t load_total_ = 0;   ///< of the first load at hand, as its plugin says; 0: not known
    std::deque<std::int64_t> credits_spent_, requests_made_;  ///< by the last syncs

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<Request> requests_;
    std::chrono::milliseconds due_{0};  ///< by the steady clock
    /// Since the last sync began.
    struct Meanwhile {
        bool edited = false, network_back = false;
    } meanwhile_;
    std::int64_t next_ticket_ = 1;
    bool refresh_ = false;
    bool held_ = false;   ///< nothing is done unless it is asked for
    bool ended_ = false;  ///< nothing is done any more
    WorkerStatus status_;
    /// As they were when the remote was opened last; nullopt: it was not.
    std::optional<std::map<std::string, std::string>> opened_with_;
    std::chrono::milliseconds progress_told_{0};
    std::shared_ptr<const DryRun> dry_run_;
    std::int64_t verifying_ = 0;  ///< ticket; 0 = none is under way
    std::shared_ptr<const Verified> verified_;

    std::mutex ending_;
    std::jthread thread_;  // last: it uses all of the above
};

}  // namespace kontor::app
