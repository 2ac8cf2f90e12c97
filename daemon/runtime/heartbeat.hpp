#pragma once

#include <atomic>
#include <cstdint>

#include "sync/base/clock.hpp"

namespace kontor::app {

/// How one thread shows that it makes progress: it beats at each step of its work, and says when it
/// waits for something that may take long by right. Thread-safe.
class Heartbeat {
public:
    explicit Heartbeat(const Clock& clock) : clock_(clock) { beat(); }

    void beat() { last_.store(clock_.steady().count(), std::memory_order_relaxed); }
    /// Asleep: waiting for work, which is no sign of trouble.
    void sleep() { asleep_.store(true, std::memory_order_relaxed); }
    void wake() {
        beat();
        asleep_.store(false, std::memory_order_relaxed);
    }
    [[nodiscard]] bool alive(std::chrono::milliseconds limit) const {
        if (asleep_.load(std::memory_order_relaxed)) return true;
        return clock_.steady().count() - last_.load(std::memory_order_relaxed) <= limit.count();
    }

private:
    const Clock& clock_;
    std::atomic<std::int64_t> last_{0};
    std::atomic<bool> asleep_{false};
};

}  // namespace kontor::app
