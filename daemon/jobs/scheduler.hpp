#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "daemon/jobs/conditions.hpp"
#include "daemon/jobs/journal.hpp"
#include "daemon/jobs/run.hpp"
#include "sync/base/log.hpp"
#include "sync/base/random.hpp"

namespace kontor::jobs {

/// How a job stands.
struct JobView {
    config::Job job;
    JobState state;
    std::optional<Run> running;
    std::optional<Instant> follow_up;  ///< when it goes on with what its last run left
    std::string waits;    ///< due, but waits: mains, unmetered, idle, or for others ("others")
    std::string trouble;  ///< why its events are not seen; technical English
};

/// Decides when jobs run. It has no thread and does nothing itself: look() hands what is due to
/// `start`, whoever runs it calls finished(). So a test can live through a year in a moment.
///
/// - What was missed, because the machine slept or the daemon was not there, is done once.
/// - A job never runs twice at a time; times that pass while it runs are let go. Jobs of one lane
///   (backups, say) take turns.
/// - What failed is tried again after growing pauses, unless its next time comes before or only a
///   person can help. Then an alert is raised, once until it works again.
/// - A job that follows up is run when it said that there is more to do, once a day in any case,
///   and soon after a start or a change of its definition, for these times are not kept.
/// - Whether a job has not worked for too long is judged only when the daemon was awake for a
///   while: after a sleep it first gets the chance to.
///
/// If the replica cannot be written, jobs run all the same; what cannot be recorded is logged.
/// Not thread-safe. What `Parts` refers to must outlive it.
class Scheduler {
public:
    struct Parts {
        const Clock& clock;
        Random& random;
        Conditions& conditions;
        Journal& journal;
        Logger& log;
        /// Begins a run and returns. finished() must be called later, not from within.
        std::function<void(const config::Job&, const Run&)> start;
        /// Begins to deliver; alert_done() must be called later, not from within.
        std::function<void(const Alert&)> alert;
        /// Something is worth an event: started, finished, paused, resumed, alert.
        std::function<void(const std::string& what, const std::string& job, const Run*)> tell;
    };
    /// What the daemon's last end left open is treated as failed.
    explicit Scheduler(Parts parts);

    /// These from now on; a running one that is not among them goes on to its end.
    void set(const config::Jobs& defaults, const std::vector<config::Job>& jobs);
    /// Starts what is due. Returns how long nothing more will be, at most `at_most`, which the
    /// caller keeps to: who comes much later slept. It may come earlier, for an event, say.
    [[nodiscard]] std::chrono::milliseconds look(std::chrono::milliseconds at_most);
    void finished(std::int64_t run, Outcome outcome);
    void alert_done(const std::string& job, const Result<>& done);
    /// Nothing is started any more. What is cancelled from now on is done again after the next
    /// start.
    void stop() { stopping_ = true; }

    // kNotFound if there is no such job.

    /// Runs it at the next look, whatever its times, conditions and a pause say. kBusy if it runs.
    [[nodiscard]] Result<> ask(const std::string& job, const std::string& actor);
    [[nodiscard]] Result<> pause(const std::string& job, const std::string& actor);
    /// Times that passed meanwhile are not caught up.
    [[nodiscard]] Result<> resume(const std::string& job);
    [[nodiscard]] Result<JobView> view(const std::string& job) const;
    [[nodiscard]] std::vector<JobView> views() const;

private:
    struct Entry {
        JobView view;
        bool known = true;  ///< false: no longer configured
        std::optional<std::string> asked_by;
        std::vector<std::string> happened;
        std::int64_t seen_seq = 0;  ///< of the history, for `happened`
        std::string delivering;     ///< kind of the alert that is on its way; "" = none
        bool owed = false;          ///< a whole run: the last one failed
    };
    using Time = std::optional<Instant>;

    [[nodiscard]] Result<Entry*> find(const std::string& job);
    void adopt(const std::string& name, Entry& entry);
    [[nodiscard]] Time draw_next(const Entry& entry, Instant now);
    /// The first of its times after `at`, without jitter.
    [[nodiscard]] static Time first_time(const Entry& entry, Instant at);
    [[nodiscard]] std::chrono::milliseconds longest_pause(const config::Job& job) const;
    void mend_clock(Entry& entry, Instant now);
    void watch_events(Entry& entry);
    [[nodiscard]] Time late_after(const Entry& entry) const;
    void judge_age(Entry& entry, Instant now);
    [[nodiscard]] std::optional<Cause> cause_of(Entry& entry, Instant now);
    [[nodiscard]] std::string obstacle(const Entry& entry, Cause cause);
    void start(Entry& entry, Cause cause, Instant now);
    /// Lets go of the times up to now, and draws the next; how many they were.
    std::int64_t pass_times(Entry& entry, Instant now);
    static void plan_follow_up(Entry& entry, const Outcome& outcome, Instant now);
    void failed(Entry& entry, const Error& error, bool by_person, Instant now);
    void worked(Entry& entry, Instant now);
    void raise(Entry& entry, const std::string& kind, std::int64_t told, Instant now);
    void deliver(Entry& entry, Instant now);
    [[nodiscard]] Time wakes_at(const Entry& entry, Instant now) const;
    void save(const Entry& entry);

    Parts parts_;
    config::Jobs defaults_;
    std::map<std::string, Entry> entries_;
    std::map<std::string, JobState> kept_;  ///< of jobs not configured at the moment
    std::int64_t unrecorded_ = 0;
    std::int64_t newest_entry_ = 0;
    std::set<std::string> cut_off_;  ///< jobs that the daemon's last end interrupted
    Instant looked_{};               ///< last
    Instant planned_{};              ///< at the latest
    Instant awake_{};                ///< since when no look was late
    bool stopping_ = false;
};

/// Jobs that work on the same thing take turns: its name.
[[nodiscard]] std::string lane_of(const config::Job& job);

}  // namespace kontor::jobs
