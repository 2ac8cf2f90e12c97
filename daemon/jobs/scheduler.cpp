#include "daemon/jobs/scheduler.hpp"

#include <algorithm>
#include <utility>

#include "config/table_reader.hpp"
#include "daemon/jobs/happenings.hpp"
#include "sync/base/backoff.hpp"

namespace kontor::jobs {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::size_t kAtOnceMax = 4;
/// Later than this is missed, for jobs that do not catch up.
constexpr milliseconds kLateMax = 10min;
constexpr std::int64_t kMissedMax = 1'000;
/// Looks further apart than this mean that the machine slept.
constexpr milliseconds kGap = 5min;
constexpr milliseconds kAwakeBeforeAlert = 30min;
constexpr milliseconds kAskConditionsEvery = 1min;
/// The other side may ask for more patience than a job has by itself, up to this.
constexpr milliseconds kRetryAfterMax = 24h;
constexpr BackoffPolicy kAlertRetries{1min, 1h};
constexpr std::int64_t kAlertTriesMax = 50;
constexpr milliseconds kFollowUpMax = 24h;
constexpr milliseconds kFollowUpAfterFailure = 1h;

/// Whether trying again may help without anybody changing anything.
bool may_pass(Errc code) {
    switch (code) {
        case Errc::kInvalid:
        case Errc::kNotFound:
        case Errc::kPermission:
        case Errc::kUnauthenticated:
        case Errc::kTls:
        case Errc::kTooNew:
        case Errc::kConfig:
        case Errc::kUnsupported:
        case Errc::kMismatch:
        case Errc::kGuard:
        case Errc::kProxy:
            return false;
        default:
            return true;
    }
}

tl::unexpected<Error> no_job(const std::string& job) {
    return fail(Errc::kNotFound, "there is no job " + job, {{"job", job}, {"reason", "no_job"}});
}

std::string joined(const std::vector<std::string>& words, const char* between) {
    std::string out;
    for (const auto& word : words) out += (out.empty() ? "" : between) + word;
    return out;
}

}  // namespace

bool holds(Conditions& conditions, const std::string& name) {
    if (name == "mains") return conditions.on_mains();
    if (name == "unmetered") return conditions.unmetered();
    return conditions.idle();
}

std::string lane_of(const config::Job& job) {
    if (job.run.empty()) return "job " + job.name;
    // Backups share a spool; verifications of one connection its thread.
    return job.run[0] == "verify" ? "verify " + job.run[1] : job.run[0];
}

Scheduler::Scheduler(Parts parts)
    : parts_(std::move(parts)), looked_(parts_.clock.now()), planned_(looked_), awake_(looked_) {
    const auto now = parts_.clock.now();
    if (auto newest = newest_entry(parts_.journal.db()); newest) newest_entry_ = *newest;
    auto states = parts_.journal.states();
    if (states) kept_ = std::move(*states);
    auto cut_off = parts_.journal.end_interrupted(now);
    if (cut_off) cut_off_.insert(cut_off->begin(), cut_off->end());
    if (!states || !cut_off)
        parts_.log.error("jobs.not_read",
                         {{"error", (states ? cut_off.error() : states.error()).message}});
}

// --- The configuration

void Scheduler::set(const config::Jobs& defaults, const std::vector<config::Job>& jobs) {
    defaults_ = defaults;
    for (auto& [name, entry] : entries_) entry.known = false;
    for (auto job : jobs) {
        auto& entry = entries_[job.name];
        for (auto& time : job.times) time = time.in_zone(defaults.time_zone);
        if (job.follows_up && !(job == entry.view.job)) entry.view.follow_up = parts_.clock.now();
        entry.known = true;
        entry.view.job = job;
        adopt(job.name, entry);
    }
    std::erase_if(entries_, [this](const auto& item) {
        const auto& [name, entry] = item;
        if (entry.known || entry.view.running) return false;
        kept_[name] = entry.view.state;
        return true;
    });
}

void Scheduler::adopt(const std::string& name, Entry& entry) {
    const auto now = parts_.clock.now();
    auto& state = entry.view.state;
    if (auto kept = kept_.extract(name)) state = std::move(kept.mapped());
    const auto before = state;
    if (state.since == Instant{}) {
        state.since = now;
        state.event_seq = newest_entry_;
    }
    entry.seen_seq = std::max(entry.seen_seq, state.event_seq);
    if (!entry.view.running) entry.owed = state.failures > 0;
    const auto schedule = joined(entry.view.job.when, "; ") + "; " + defaults_.time_zone + "; " +
                          config::format_duration(entry.view.job.jitter);
    if (schedule != state.schedule) {
        state.schedule = schedule;
        state.next = draw_next(entry, now);
    }
    if (cut_off_.erase(name) > 0) {
        Error error;
        error.message = "kontord ended during the run";
        failed(entry, error, false, now);
    }
    if (!(state == before)) save(entry);
}

Result<Scheduler::Entry*> Scheduler::find(const std::string& job) {
    const auto at = entries_.find(job);
    if (at == entries_.end() || !at->second.known) return no_job(job);
    return &at->second;
}

// --- Times

Scheduler::Time Scheduler::first_time(const Entry& entry, Instant at) {
    Time out;
    for (const auto& schedule : entry.view.job.times)
        if (const auto next = schedule.next_after(at); next && (!out || *next < *out)) out = next;
    return out;
}

Scheduler::Time Scheduler::draw_next(const Entry& entry, Instant now) {
    auto out = first_time(entry, now);
    const auto jitter = static_cast<std::uint64_t>(entry.view.job.jitter.count());
    if (out && jitter > 0)
        *out += milliseconds(static_cast<std::int64_t>(parts_.random.next() % jitter));
    return out;
}

std::int64_t Scheduler::pass_times(Entry& entry, Instant now) {
    auto& next = entry.view.state.next;
    if (!next || *next > now) return 0;
    std::int64_t passed = 1;
    for (auto at = first_time(entry, *next); at && *at <= now && passed < kMissedMax;
         at = first_time(entry, *at))
        ++passed;
    next = draw_next(entry, now);
    return passed;
}

// A clock that was wrong must not keep a job waiting until it would have been right.
void Scheduler::mend_clock(Entry& entry, Instant now) {
    auto& state = entry.view.state;
    const auto latest = first_time(entry, now);
    if (state.next && latest && *state.next > *latest + entry.view.job.jitter)
        state.next = draw_next(entry, now);
    if (state.retry && *state.retry > now + longest_pause(entry.view.job)) state.retry = now;
    if (state.succeeded && *state.succeeded > now) state.succeeded = now;
    state.since = std::min(state.since, now);
    auto& follow_up = entry.view.follow_up;
    if (follow_up && *follow_up > now + kFollowUpMax) follow_up = now;
}

milliseconds Scheduler::longest_pause(const config::Job& job) const {
    return std::max(job.retry_max.value_or(defaults_.retries.max), kRetryAfterMax);
}

// --- Looking

milliseconds Scheduler::look(milliseconds at_most) {
    const auto now = parts_.clock.now();
    if (now > planned_ + kGap || now < looked_) awake_ = now;
    if (auto newest = newest_entry(parts_.journal.db()); newest) newest_entry_ = *newest;
    Time wake;
    for (auto& [name, entry] : entries_) {
        if (!entry.known) continue;
        mend_clock(entry, now);
        if (!entry.view.state.paused) watch_events(entry);
        entry.view.waits.clear();
        if (const auto cause = cause_of(entry, now); cause && !stopping_) {
            entry.view.waits = obstacle(entry, *cause);
            if (entry.view.waits.empty()) start(entry, *cause, now);
        }
        judge_age(entry, now);
        deliver(entry, now);
    }
    for (const auto& [name, entry] : entries_)
        if (const auto at = wakes_at(entry, now); at && (!wake || *at < *wake)) wake = at;
    const auto pause = wake ? std::clamp(*wake - now, milliseconds(0), at_most) : at_most;
    looked_ = now;
    planned_ = now + pause;
    return pause;
}

void Scheduler::watch_events(Entry& entry) {
    auto& state = entry.view.state;
    if (entry.view.job.events.empty() || entry.seen_seq >= newest_entry_) return;
    for (const auto& event : entry.view.job.events) {
        auto records = jobs::happened(parts_.journal.db(), event, entry.seen_seq, newest_entry_);
        if (!records) {
            if (entry.view.trouble != records.error().message)
                parts_.log.warning("job.event_unseen", {{"job", entry.view.job.name},
                                                        {"error", records.error().message}});
            entry.view.trouble = records.error().message;
            return;
        }
        for (auto& record : *records)
            if (entry.happened.size() < kHappenedMax &&
                std::ranges::find(entry.happened, record) == entry.happened.end())
                entry.happened.push_back(std::move(record));
    }
    entry.view.trouble.clear();
    entry.seen_seq = newest_entry_;
    // What no run has answered to yet is found again after a crash.
    if (entry.happened.empty()) state.event_seq = entry.seen_seq;
}

std::optional<Cause> Scheduler::cause_of(Entry& entry, Instant now) {
    auto& state = entry.view.state;
    if (entry.view.running) return std::nullopt;
    if (entry.asked_by) return Cause::kPerson;
    if (state.paused) return std::nullopt;
    if (state.retry && *state.retry <= now) return Cause::kRetry;
    if (state.next && *state.next <= now) {
        const bool late = now - *state.next > kLateMax;
        if (!late) return Cause::kTime;
        if (entry.view.job.catch_up) return Cause::kCatchUp;
        const auto missed = pass_times(entry, now);
        parts_.log.info("job.missed", {{"job", entry.view.job.name}, {"times", missed}});
        save(entry);
    }
    if (!entry.happened.empty()) return Cause::kEvent;
    if (entry.view.follow_up && *entry.view.follow_up <= now) return Cause::kFollowUp;
    return std::nullopt;
}

std::string Scheduler::obstacle(const Entry& entry, Cause cause) {
    const auto lane = lane_of(entry.view.job);
    std::size_t running = 0;
    for (const auto& [name, other] : entries_) {
        if (!other.view.running) continue;
        if (lane_of(other.view.job) == lane) return "others";
        ++running;
    }
    if (running >= kAtOnceMax) return "others";
    if (cause != Cause::kPerson)
        for (const auto& condition : entry.view.job.only_if)
            if (!holds(parts_.conditions, condition)) return condition;
    return "";
}

Scheduler::Time Scheduler::wakes_at(const Entry& entry, Instant now) const {
    const auto& state = entry.view.state;
    Time out;
    const auto consider = [&](const Time& at) {
        if (at && (!out || *at < *out)) out = at;
    };
    if (!state.alert.empty() && entry.delivering.empty()) consider(state.alert_at);
    if (!entry.known || state.paused || stopping_) return out;
    if (!entry.view.waits.empty() && entry.view.waits != "others") {
        consider(now + kAskConditionsEvery);
    } else if (!entry.view.running && entry.view.waits.empty()) {
        consider(state.next);
        consider(state.retry);
        consider(entry.view.follow_up);
    }
    if (const auto late = late_after(entry); late && (state.told & kToldOverdue) == 0)
        consider(std::max(*late + 1ms, awake_ + kAwakeBeforeAlert));
    return out;
}

// --- Runs

void Scheduler::start(Entry& entry, Cause cause, Instant now) {
    auto& state = entry.view.state;
    Run run;
    run.job = entry.view.job.name;
    run.cause = to_string(cause);
    run.actor = entry.asked_by.value_or("");
    run.follow_up = (cause == Cause::kFollowUp || cause == Cause::kRetry) && !entry.owed;
    entry.owed = !run.follow_up;
    run.due = cause == Cause::kRetry      ? state.retry
              : cause == Cause::kFollowUp ? entry.view.follow_up
                                          : state.next;
    if (run.due && *run.due > now) run.due.reset();
    run.started = now;
    run.missed = std::max<std::int64_t>(0, pass_times(entry, now) - 1);
    if (cause != Cause::kRetry && cause != Cause::kPerson) state.attempt = 0;
    run.attempt = cause == Cause::kRetry ? state.attempt + 1 : 1;
    run.records = joined(entry.happened, " ");
    state.retry.reset();
    entry.view.follow_up.reset();
    entry.happened.clear();
    state.event_seq = std::max(state.event_seq, entry.seen_seq);
    entry.asked_by.reset();
    auto id = parts_.journal.begin(run, state);
    run.id = id ? *id : --unrecorded_;
    if (!id)
        parts_.log.error("job.not_recorded", {{"job", run.job}, {"error", id.error().message}});
    parts_.log.info("job.started", {{"job", run.job}, {"run", run.id}, {"cause", run.cause}});
    entry.view.running = run;
    parts_.tell("started", run.job, &run);
    parts_.start(entry.view.job, run);
}

void Scheduler::finished(std::int64_t id, Outcome outcome) {
    const auto at = std::ranges::find_if(entries_, [&](const auto& item) {
        return item.second.view.running && item.second.view.running->id == id;
    });
    if (at == entries_.end()) return;
    auto& entry = at->second;
    const auto now = parts_.clock.now();
    auto run = std::move(*entry.view.running);
    entry.view.running.reset();
    run.ended = std::max(now, run.started);
    run.summary = std::move(outcome.summary);
    run.log = std::move(outcome.log);
    const bool cancelled = !outcome.done && outcome.done.error().code == Errc::kCancelled;
    run.result = to_string(outcome.done ? Ending::kOk
                           : cancelled  ? Ending::kCancelled
                                        : Ending::kFailed);
    if (!outcome.done) {
        run.code = to_string(outcome.done.error().code);
        run.error = outcome.done.error().message;
    }
    if (const auto passed = pass_times(entry, now); passed > 0)
        parts_.log.info("job.overran", {{"job", run.job}, {"times", passed}});
    entry.owed = entry.owed && !outcome.done;
    if (outcome.done)
        worked(entry, now);
    else if (!cancelled)
        failed(entry, outcome.done.error(), run.cause == to_string(Cause::kPerson), now);
    else if (stopping_)
        entry.view.state.retry = now;
    if (entry.view.job.follows_up) plan_follow_up(entry, outcome, now);
    parts_.log.log(outcome.done ? LogLevel::kInfo : LogLevel::kWarning, "job.finished",
                   {{"job", run.job},
                    {"run", run.id},
                    {"result", run.result},
                    {"code", run.code},
                    {"ms", std::int64_t{(*run.ended - run.started).count()}}});
    if (run.id > 0) {
        if (auto done = parts_.journal.end(run, entry.view.state); !done)
            parts_.log.error("job.not_recorded",
                             {{"job", run.job}, {"error", done.error().message}});
    } else {
        save(entry);
    }
    parts_.tell("finished", run.job, &run);
    if (!entry.known) {
        kept_[run.job] = entry.view.state;
        entries_.erase(at);
    }
}

void Scheduler::plan_follow_up(Entry& entry, const Outcome& outcome, Instant now) {
    auto at = now + (outcome.done ? kFollowUpMax : kFollowUpAfterFailure);
    if (outcome.next) at = std::min(at, std::max<Instant>(*outcome.next, now + 1s));
    entry.view.follow_up = at;
}

void Scheduler::worked(Entry& entry, Instant now) {
    auto& state = entry.view.state;
    state.succeeded = now;
    state.failures = 0;
    state.attempt = 0;
    state.retry.reset();
    const bool heard = state.told != 0 && (state.alert.empty() || !entry.delivering.empty());
    state.alert.clear();  // nobody needs to hear of what is over
    state.told = 0;
    if (heard) raise(entry, "recovered", 0, now);
}

void Scheduler::failed(Entry& entry, const Error& error, bool by_person, Instant now) {
    auto& state = entry.view.state;
    const auto& job = entry.view.job;
    ++state.failures;
    // Who asked for it sees what happened, and decides.
    if (by_person) return;
    ++state.attempt;
    if (may_pass(error.code) && state.attempt <= job.retries.value_or(defaults_.retries.most)) {
        const BackoffPolicy policy{job.retry_first.value_or(defaults_.retries.first),
                                   job.retry_max.value_or(defaults_.retries.max)};
        auto pause =
            backoff_delay(policy, static_cast<unsigned>(state.attempt), parts_.random.next());
        if (error.retry_after)
            pause = std::max(pause, std::min(*error.retry_after, kRetryAfterMax));
        if (!state.next || now + pause < *state.next) {
            state.retry = now + pause;
            return;
        }
    }
    if ((state.told & kToldFailed) == 0) raise(entry, "failed", kToldFailed, now);
}

// --- Alerts

// A job whose times are further apart than that is late a day after the one that it missed. One
// without times has nothing to be late for, unless it says so itself.
Scheduler::Time Scheduler::late_after(const Entry& entry) const {
    const auto& job = entry.view.job;
    const auto age = job.alert_after.value_or(defaults_.alert_after);
    if (age.count() == 0 || (job.times.empty() && !job.alert_after)) return std::nullopt;
    if (entry.view.running) return std::nullopt;  // it is at it
    const auto from = entry.view.state.succeeded.value_or(entry.view.state.since);
    const auto next = first_time(entry, from);
    return std::max(from + age, next ? *next + std::min<milliseconds>(age, 24h) : from);
}

void Scheduler::judge_age(Entry& entry, Instant now) {
    const auto& state = entry.view.state;
    const auto late = late_after(entry);
    if (!late || now <= *late || state.paused || (state.told & kToldOverdue) != 0 ||
        now - awake_ < kAwakeBeforeAlert)
        return;
    raise(entry, "overdue", kToldOverdue, now);
    save(entry);
}

void Scheduler::raise(Entry& entry, const std::string& kind, std::int64_t told, Instant now) {
    auto& state = entry.view.state;
    state.told |= told;
    state.alert = kind;
    state.alert_at = now;
    state.alert_tries = 0;
    parts_.log.log(kind == "recovered" ? LogLevel::kInfo : LogLevel::kError, "job.alert",
                   {{"job", entry.view.job.name}, {"kind", kind}});
    parts_.tell("alert", entry.view.job.name, nullptr);
}

void Scheduler::deliver(Entry& entry, Instant now) {
    auto& state = entry.view.state;
    if (state.alert.empty() || !entry.delivering.empty() || stopping_) return;
    if (state.alert_at && *state.alert_at > now) {
        if (*state.alert_at <= now + kAlertRetries.max) return;
        state.alert_at = now;  // the clock was set back
    }
    Alert alert;
    alert.kind = state.alert;
    alert.job = entry.view.job.name;
    alert.at = now;
    alert.failures = state.failures;
    alert.succeeded = state.succeeded;
    if (auto last = runs_of(parts_.journal.db(), alert.job, INT64_MAX, 1); last && !last->empty()) {
        alert.run = last->front().id;
        alert.code = last->front().code;
        alert.error = last->front().error;
    }
    entry.delivering = alert.kind;
    parts_.alert(alert);
}

void Scheduler::alert_done(const std::string& job, const Result<>& done) {
    const auto at = entries_.find(job);
    if (at == entries_.end()) return;
    auto& entry = at->second;
    auto& state = entry.view.state;
    const auto kind = std::exchange(entry.delivering, "");
    if (kind != state.alert) {
        // Another one has taken its place.
    } else if (done || ++state.alert_tries >= kAlertTriesMax) {
        state.alert.clear();
        state.alert_at.reset();
    } else {
        state.alert_at = parts_.clock.now() +
                         backoff_delay(kAlertRetries, static_cast<unsigned>(state.alert_tries),
                                       parts_.random.next());
    }
    if (!done)
        parts_.log.error(
            "job.alert_failed",
            {{"job", job}, {"tries", state.alert_tries}, {"error", done.error().message}});
    save(entry);
}

// --- What people ask for

Result<> Scheduler::ask(const std::string& job, const std::string& actor) {
    auto entry = find(job);
    if (!entry) return pass(entry);
    if ((*entry)->view.running)
        return fail(Errc::kBusy, "the job " + job + " is running",
                    {{"job", job}, {"reason", "job_running"}});
    (*entry)->asked_by = actor;
    return {};
}

Result<> Scheduler::pause(const std::string& job, const std::string& actor) {
    auto entry = find(job);
    if (!entry) return pass(entry);
    auto& state = (*entry)->view.state;
    if (state.paused) return {};
    state.paused = parts_.clock.now();
    state.paused_by = actor;
    state.retry.reset();
    save(**entry);
    parts_.tell("paused", job, nullptr);
    return {};
}

Result<> Scheduler::resume(const std::string& job) {
    auto entry = find(job);
    if (!entry) return pass(entry);
    auto& state = (*entry)->view.state;
    if (!state.paused) return {};
    state.paused.reset();
    state.paused_by.clear();
    state.next = draw_next(**entry, parts_.clock.now());
    state.event_seq = newest_entry(parts_.journal.db()).value_or(newest_entry_);
    (*entry)->seen_seq = state.event_seq;
    save(**entry);
    parts_.tell("resumed", job, nullptr);
    return {};
}

Result<JobView> Scheduler::view(const std::string& job) const {
    const auto at = entries_.find(job);
    if (at == entries_.end() || !at->second.known) return no_job(job);
    return at->second.view;
}

std::vector<JobView> Scheduler::views() const {
    std::vector<JobView> out;
    for (const auto& [name, entry] : entries_)
        if (entry.known) out.push_back(entry.view);
    return out;
}

void Scheduler::save(const Entry& entry) {
    if (auto done = parts_.journal.save(entry.view.job.name, entry.view.state); !done)
        parts_.log.error("job.not_recorded",
                         {{"job", entry.view.job.name}, {"error", done.error().message}});
}

}  // namespace kontor::jobs
