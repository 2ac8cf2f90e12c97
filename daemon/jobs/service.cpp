#include "daemon/jobs/service.hpp"

#include <nlohmann/json.hpp>

#include "daemon/jobs/job_json.hpp"

namespace kontor::jobs {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kLookEvery = 30s;
/// Changes of the replica come in swarms; they are looked at together.
constexpr std::chrono::milliseconds kAfterTouch = 1s;
constexpr std::chrono::milliseconds kProgressEvery = 200ms;
constexpr std::size_t kLogMax = 64 * 1024;

}  // namespace

/// A run under way.
struct Service::Live {
    std::atomic<bool> stop{false};
    std::atomic<bool> late{false};  ///< it took longer than it may
    std::mutex mutex;
    Progress progress;
    std::string log;
    std::chrono::milliseconds begun{0}, told{0};
    std::jthread thread;  // last: it uses all of the above

    void say(const std::string& line) {
        const std::lock_guard lock(mutex);
        log += line;
        if (log.back() != '\n') log += '\n';
        if (log.size() <= kLogMax) return;
        const auto cut = log.find('\n', log.size() - kLogMax);
        log.erase(0, cut == std::string::npos ? log.size() - kLogMax : cut + 1);
    }
};

Service::Service(Parts parts, Journal journal, Tasks tasks, Alerts alerts)
    : parts_(std::move(parts)),
      journal_(std::move(journal)),
      tasks_(std::move(tasks)),
      alerts_(std::move(alerts)),
      scheduler_({parts_.clock, parts_.random, *parts_.conditions, journal_, parts_.log,
                  [this](const config::Job& job, const Run& run) { start(job, run); },
                  [this](const Alert& a) { alert(a); },
                  [this](const std::string& what, const std::string& job, const Run* run) {
                      tell(what, job, run);
                  }}) {}

Service::~Service() {
    stop();
    if (thread_.joinable()) thread_.join();
    // Runs and deliveries end by themselves now; they need the lock for it.
    while (true) {
        std::jthread next;
        {
            const std::lock_guard lock(mutex_);
            if (!live_.empty()) {
                next = std::move(live_.begin()->second->thread);
            } else if (!alerting_.empty()) {
                next = std::move(alerting_.begin()->second);
                alerting_.erase(alerting_.begin());
            } else if (!ended_.empty()) {
                next = std::move(ended_.back());
                ended_.pop_back();
            } else {
                return;
            }
        }
        if (next.joinable()) next.join();
    }
}

void Service::set(const config::Config& config) {
    {
        const std::lock_guard lock(mutex_);
        defaults_ = config.jobs;
        configured_ = config.job;
        apply();
        if (!thread_.joinable() && !stopping_) thread_ = std::jthread([this] { serve(); });
        woken_ = true;
    }
    changed_.notify_all();
}

// Under the lock.
void Service::apply() {
    parts_.surveys.read();
    for (const auto& [job, mistake] : parts_.surveys.mistakes())
        parts_.log.warning("job.survey_mistaken", {{"job", job}, {"reason", mistake}});
    auto jobs = configured_;
    jobs.insert(jobs.end(), parts_.surveys.jobs().begin(), parts_.surveys.jobs().end());
    events_wanted_ =
        std::ranges::any_of(jobs, [](const config::Job& job) { return !job.events.empty(); });
    scheduler_.set(defaults_, jobs);
}

void Service::touched() {
    const std::lock_guard lock(mutex_);
    if (!events_wanted_ || touched_) return;
    touched_ = true;
    changed_.notify_all();
}

void Service::stop() {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    scheduler_.stop();
    for (auto& [id, live] : live_) live->stop = true;
    changed_.notify_all();
}

void Service::serve() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        woken_ = false;
        touched_ = false;
        collect();
        if (parts_.surveys.changed()) apply();
        const auto pause = scheduler_.look(kLookEvery);
        const auto up = [this] { return stopping_ || woken_ || touched_; };
        changed_.wait_for(lock, pause, up);
        if (touched_ && !woken_)
            changed_.wait_for(lock, kAfterTouch, [this] { return stopping_ || woken_; });
    }
}

// Joins what has ended; under the lock, for these need it no more.
void Service::collect() {
    ended_.clear();
}

// --- Runs; under the lock

void Service::start(const config::Job& job, const Run& run) {
    auto& live = *live_.emplace(run.id, std::make_unique<Live>()).first->second;
    live.begun = parts_.clock.steady();
    live.thread = std::jthread([this, job, run, &live] { work(job, run, live); });
}

void Service::work(const config::Job& job, const Run& run, Live& live) {
    TaskPorts ports;
    ports.stopping = [&] {
        if (parts_.clock.steady() - live.begun > job.timeout) live.late = true;
        return live.stop || live.late;
    };
    ports.progress = [&](const Progress& progress) { tell_progress(run, live, progress); };
    ports.say = [&](const std::string& line) { live.say(line); };
    auto outcome = tasks_.run(job, run, ports);
    if (live.late && !live.stop && !outcome.done)
        outcome.done = fail(Errc::kTimeout, "it took longer than its timeout");
    const std::lock_guard lock(mutex_);
    outcome.log = std::move(live.log);
    scheduler_.finished(run.id, std::move(outcome));
    const auto at = live_.find(run.id);
    ended_.push_back(std::move(at->second->thread));
    live_.erase(at);
    woken_ = true;
    changed_.notify_all();
}

void Service::alert(const Alert& alert) {
    alerting_.erase(alert.job);  // the last one has ended: the scheduler sends one at a time
    alerting_.emplace(alert.job, std::jthread([this, alert, ways = defaults_.alert] {
                          auto done =
                              alerts_.deliver(ways, alert, [this] { return stopping_.load(); });
                          const std::lock_guard lock(mutex_);
                          scheduler_.alert_done(alert.job, done);
                          woken_ = true;
                          changed_.notify_all();
                      }));
}

// --- Events

void Service::tell(const std::string& what, const std::string& job, const Run* run) {
    nlohmann::json event{{"job", job}};
    if (what == "alert") {
        const auto view = scheduler_.view(job);
        event["kind"] = view ? view->state.alert : "";
    }
    if (run != nullptr) event["run"] = to_json(*run);
    parts_.events.publish("job." + what,
                          event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void Service::tell_progress(const Run& run, Live& live, const Progress& progress) {
    {
        const std::lock_guard lock(live.mutex);
        const auto now = parts_.clock.steady();
        const bool same = live.progress.stage == progress.stage;
        live.progress = progress;
        if (same && now - live.told < kProgressEvery) return;
        live.told = now;
    }
    nlohmann::json event{{"job", run.job}, {"run", run.id}, {"progress", to_json(progress)}};
    parts_.events.publish("job.progress",
                          event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

// --- What people ask for

JobStatus Service::status_of(JobView view) {
    JobStatus out;
    out.view = std::move(view);
    auto runs = runs_of(journal_.db(), out.view.job.name, INT64_MAX, 2);
    if (runs)
        for (auto& run : *runs)
            if (!run.result.empty() && !out.last) out.last = std::move(run);
    if (!out.view.running) return out;
    if (const auto at = live_.find(out.view.running->id); at != live_.end()) {
        const std::lock_guard lock(at->second->mutex);
        if (!at->second->progress.stage.empty()) out.progress = at->second->progress;
    }
    return out;
}

std::vector<JobStatus> Service::list() {
    const std::lock_guard lock(mutex_);
    std::vector<JobStatus> out;
    for (auto& view : scheduler_.views()) out.push_back(status_of(std::move(view)));
    return out;
}

std::map<std::string, std::string> Service::mistakes() {
    const std::lock_guard lock(mutex_);
    return parts_.surveys.mistakes();
}

Result<JobStatus> Service::find(const std::string& job) {
    const std::lock_guard lock(mutex_);
    auto view = scheduler_.view(job);
    if (!view) return pass(view);
    return status_of(std::move(*view));
}

Result<std::int64_t> Service::run_now(const std::string& job, const std::string& actor) {
    const std::lock_guard lock(mutex_);
    if (stopping_) return fail(Errc::kCancelled, "kontord is ending");
    if (auto asked = scheduler_.ask(job, actor); !asked) return pass(asked);
    // Planned again by the thread, which knows nothing of this look.
    static_cast<void>(scheduler_.look(kLookEvery));
    woken_ = true;
    changed_.notify_all();
    const auto view = scheduler_.view(job);
    if (view && view->running) return view->running->id;
    return fail(Errc::kBusy, "the job " + job + " runs as soon as others have ended",
                {{"job", job}, {"reason", "job_waits"}});
}

Result<bool> Service::cancel(const std::string& job) {
    const std::lock_guard lock(mutex_);
    const auto view = scheduler_.view(job);
    if (!view) return tl::unexpected<Error>(view.error());
    if (!view->running) return false;
    const auto at = live_.find(view->running->id);
    if (at == live_.end()) return false;
    at->second->stop = true;
    return true;
}

Result<> Service::pause(const std::string& job, const std::string& actor) {
    const std::lock_guard lock(mutex_);
    return scheduler_.pause(job, actor);
}

Result<> Service::resume(const std::string& job) {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
    return scheduler_.resume(job);
}

std::optional<std::string> Service::log_of(std::int64_t run) {
    const std::lock_guard lock(mutex_);
    const auto at = live_.find(run);
    if (at == live_.end()) return std::nullopt;
    const std::lock_guard inner(at->second->mutex);
    return at->second->log;
}

}  // namespace kontor::jobs
