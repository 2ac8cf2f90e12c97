#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/jobs/scheduler.hpp"
#include "tests/sync/replica/support.hpp"

namespace kontor::jobs::test {

[[nodiscard]] Instant at(const std::string& text);  ///< "2026-05-01T08:00" or longer, UTC

/// A machine whose time only the test moves: its clock, its jobs, and what they do. Nothing takes
/// real time.
class World {
public:
    explicit World(const std::string& begin = "2026-05-01T08:00");

    /// Reads [jobs] and [job.NAME] and gives them to the scheduler; problems throw.
    void configure(const std::string& toml);
    /// Jobs as they are, beside nothing else.
    void give(std::vector<config::Job> jobs);
    [[nodiscard]] Instant now() const { return clock_.time; }
    /// Lives on until then: looks when the scheduler wants to, ends what has run its time.
    void live_until(const std::string& until);
    /// Nothing moves but the clock, in either direction.
    void sleep_until(const std::string& until);
    /// kontord ends, as after kill -9, and starts again.
    void restart();
    /// kontord is told to end: running jobs are cancelled.
    void shut_down();

    struct Begun {
        std::string at, job, cause;  ///< `at` to the minute
        std::int64_t attempt = 0, missed = 0;
        std::string records;
    };
    [[nodiscard]] std::vector<std::string> begun(const std::string& job) const;  ///< times
    [[nodiscard]] Scheduler& scheduler() { return *scheduler_; }
    [[nodiscard]] const replica::test::Replica& replica() const { return replica_; }

    std::vector<Begun> runs;
    std::vector<std::string> alerts;  ///< "job kind"
    std::vector<std::string> told;    ///< "job what"
    std::size_t most_at_once = 0;     ///< runs of one job

    // What happens, by job; a test sets it.
    std::map<std::string, std::chrono::milliseconds> takes;
    std::map<std::string, std::optional<Error>> fails;
    /// What the run of a job really does; without: nothing.
    std::map<std::string, std::function<Outcome(const config::Job&, const Run&)>> does;
    bool alerts_fail = false;

    struct Machine final : Conditions {
        bool on_mains() override { return mains; }
        bool unmetered() override { return free; }
        bool idle() override { return quiet; }
        bool mains = true, free = true, quiet = true;
    } machine;

private:
    class MovedClock final : public Clock {
    public:
        [[nodiscard]] Instant now() const override { return time; }
        [[nodiscard]] std::chrono::milliseconds steady() const override {
            return time.time_since_epoch();
        }
        Instant time{};
    };
    void boot();
    void end_due();

    replica::test::Replica replica_;
    MovedClock clock_;
    SeededRandom random_{7};
    NullLogger log_;
    config::Jobs defaults_;
    std::vector<config::Job> jobs_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<Scheduler> scheduler_;
    std::multimap<Instant, std::function<void()>> endings_;
    std::map<std::string, std::size_t> running_;
};

}  // namespace kontor::jobs::test
