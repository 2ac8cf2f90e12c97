#include "tests/daemon/jobs/world.hpp"

#include <algorithm>
#include <stdexcept>

#include "config/parse.hpp"

namespace kontor::jobs::test {

using namespace std::chrono_literals;

Instant at(const std::string& text) {
    const auto read = parse_instant(text.size() == 16 ? text + ":00Z" : text);
    if (!read) throw std::runtime_error("no time: " + text);
    return *read;
}

World::World(const std::string& begin) {
    clock_.time = at(begin);
    boot();
}

void World::boot() {
    auto db = replica_.open(replica::Access::kLocal);
    // A year of runs: no power cut is to be survived.
    replica::test::Replica::run_on(db, "PRAGMA synchronous=OFF");
    journal_ = std::make_unique<Journal>(std::move(db));
    scheduler_ = std::make_unique<Scheduler>(Scheduler::Parts{
        clock_, random_, machine, *journal_, log_,
        [this](const config::Job& job, const Run& run) {
            runs.push_back({format_instant(clock_.time).substr(0, 16), run.job, run.cause,
                            run.attempt, run.missed, run.records});
            most_at_once = std::max(most_at_once, ++running_[run.job]);
            const auto time = takes.contains(job.name) ? takes[job.name] : 1s;
            endings_.emplace(clock_.time + time, [this, job, run, id = run.id, name = run.job] {
                --running_[name];
                Outcome outcome;
                if (!fails[name] && does.contains(name)) outcome = does[name](job, run);
                if (fails[name]) outcome.done = tl::unexpected<Error>(*fails[name]);
                scheduler_->finished(id, std::move(outcome));
            });
        },
        [this](const Alert& alert) {
            if (!alerts_fail) alerts.push_back(alert.job + " " + alert.kind);
            endings_.emplace(clock_.time + 1s, [this, job = alert.job, bad = alerts_fail] {
                scheduler_->alert_done(
                    job, bad ? Result<>(fail(Errc::kUnavailable, "off")) : Result<>());
            });
        },
        [this](const std::string& what, const std::string& job, const Run*) {
            told.push_back(job + " " + what);
        }});
}

void World::configure(const std::string& toml) {
    config::Config config;
    config::Problems problems;
    config::apply_toml(toml, "/c/kontor.toml", config, problems);
    if (!problems.empty()) throw std::runtime_error(problems.front().text());
    defaults_ = config.jobs;
    jobs_ = config.job;
    scheduler_->set(defaults_, jobs_);
}

void World::give(std::vector<config::Job> jobs) {
    jobs_ = std::move(jobs);
    scheduler_->set(defaults_, jobs_);
}

void World::end_due() {
    while (!endings_.empty() && endings_.begin()->first <= clock_.time) {
        auto end = endings_.extract(endings_.begin());
        end.mapped()();
    }
}

void World::live_until(const std::string& until) {
    const auto end = at(until);
    for (int steps = 0;; ++steps) {
        if (steps > 1'000'000) throw std::runtime_error("it looks without end");
        end_due();
        const auto pause = scheduler_->look(24h);
        if (clock_.time >= end) return;
        auto next = std::min(end, clock_.time + std::max(pause, std::chrono::milliseconds(1)));
        if (!endings_.empty()) next = std::clamp(endings_.begin()->first, clock_.time, next);
        clock_.time = next;
    }
}

void World::sleep_until(const std::string& until) {
    clock_.time = at(until);
}

void World::restart() {
    endings_.clear();
    running_.clear();
    boot();
    scheduler_->set(defaults_, jobs_);
}

void World::shut_down() {
    scheduler_->stop();
    for (const auto& view : scheduler_->views())
        if (view.running) {
            Outcome outcome;
            outcome.done = fail(Errc::kCancelled, "stopped");
            scheduler_->finished(view.running->id, std::move(outcome));
        }
}

std::vector<std::string> World::begun(const std::string& job) const {
    std::vector<std::string> out;
    for (const auto& run : runs)
        if (run.job == job) out.push_back(run.at);
    return out;
}

}  // namespace kontor::jobs::test
