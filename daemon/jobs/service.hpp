#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "daemon/event_log.hpp"
#include "daemon/jobs/alerts.hpp"
#include "daemon/jobs/scheduler.hpp"
#include "daemon/jobs/survey_jobs.hpp"
#include "daemon/jobs/tasks.hpp"

namespace kontor::jobs {

/// A job as the API shows it.
struct JobStatus {
    JobView view;
    std::optional<Progress> progress;  ///< of the run under way
    std::optional<Run> last;           ///< the last run that has ended
};

/// The scheduler with a thread that looks at the clock, and one for each run. All functions are
/// thread-safe. The clock is looked at twice a minute at least, so that a machine that slept, or
/// whose clock was set, is not late.
class Service {
public:
    struct Parts {
        const Clock& clock;
        Random& random;  ///< thread-safe
        Logger& log;
        app::EventLog& events;
        std::unique_ptr<Conditions> conditions;
        SurveyJobs surveys;
    };
    /// Begins with set().
    Service(Parts parts, Journal journal, Tasks tasks, Alerts alerts);
    /// stop(), and waits for what runs.
    ~Service();
    Service(const Service&) = delete;
    Service& operator=(const Service&) = delete;

    /// Reads the surveys' files as well. Later changes of theirs are found by looking.
    void set(const config::Config& config);
    /// The replica may have changed.
    void touched();
    /// Tells what runs to stop; nothing is started any more. Returns at once.
    void stop();

    [[nodiscard]] std::vector<JobStatus> list();
    /// Of surveys' files that cannot be read, by job.
    [[nodiscard]] std::map<std::string, std::string> mistakes();
    [[nodiscard]] Result<JobStatus> find(const std::string& job);
    /// Starts it now; the run's number. kNotFound, kBusy; kBusy also with the reason `job_waits` if
    /// it has to wait for another one first, and is then the next.
    [[nodiscard]] Result<std::int64_t> run_now(const std::string& job, const std::string& actor);
    /// Tells the job's run to stop. False if none is under way.
    [[nodiscard]] Result<bool> cancel(const std::string& job);
    [[nodiscard]] Result<> pause(const std::string& job, const std::string& actor);
    [[nodiscard]] Result<> resume(const std::string& job);
    /// What a run under way has said so far; nullopt if it is not.
    [[nodiscard]] std::optional<std::string> log_of(std::int64_t run);

private:
    struct Live;
    void serve();
    void apply();
    void start(const config::Job& job, const Run& run);
    void work(const config::Job& job, const Run& run, Live& live);
    void alert(const Alert& alert);
    void tell(const std::string& what, const std::string& job, const Run* run);
    void tell_progress(const Run& run, Live& live, const Progress& progress);
    [[nodiscard]] JobStatus status_of(JobView view);
    void collect();

    Parts parts_;
    Journal journal_;
    Tasks tasks_;
    Alerts alerts_;

    std::mutex mutex_;
    std::condition_variable changed_;
    config::Jobs defaults_;
    std::vector<config::Job> configured_;
    bool events_wanted_ = false;
    bool woken_ = false;
    bool touched_ = false;
    std::atomic<bool> stopping_{false};
    Scheduler scheduler_;
    std::map<std::int64_t, std::unique_ptr<Live>> live_;  ///< by run
    std::vector<std::jthread> ended_;                     ///< threads that are at their end
    std::map<std::string, std::jthread> alerting_;        ///< by job
    std::jthread thread_;
};

}  // namespace kontor::jobs
