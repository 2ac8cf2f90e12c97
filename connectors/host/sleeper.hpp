#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace kontor::host {

/// How the host waits: for budgets, before retries, for another process's token refresh.
class Sleeper {
public:
    virtual ~Sleeper() = default;
    /// Waits; false if cancellation ended the wait (or had begun before it).
    virtual bool sleep(std::chrono::milliseconds time) = 0;
    [[nodiscard]] virtual bool cancelled() const = 0;
};

/// Really waits, until a stop is requested. Safe from any thread.
class StopSleeper final : public Sleeper {
public:
    explicit StopSleeper(std::stop_token stop) : stop_(std::move(stop)) {}
    bool sleep(std::chrono::milliseconds time) override {
        std::mutex mutex;
        std::condition_variable_any changed;
        std::unique_lock lock(mutex);
        changed.wait_for(lock, stop_, time, [] { return false; });
        return !stop_.stop_requested();
    }
    [[nodiscard]] bool cancelled() const override { return stop_.stop_requested(); }

private:
    std::stop_token stop_;
};

}  // namespace kontor::host
