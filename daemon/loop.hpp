#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace kontor::app {

/// The daemon's one event loop: timers, signals, descriptors, the local API. Everything that it
/// calls runs on the thread inside run(). Only post() and stop() may be called from other threads.
class Loop {
public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Returns after stop(). What is still queued then is dropped.
    void run();
    void stop();
    void post(std::function<void()> work);

    /// One-shot; set again as often as wanted. Its destruction cancels it.
    class Timer {
    public:
        virtual ~Timer() = default;
        /// Calls `fire` once after `time`, instead of what was set before.
        virtual void after(std::chrono::milliseconds time, std::function<void()> fire) = 0;
        virtual void cancel() = 0;
    };
    [[nodiscard]] std::unique_ptr<Timer> timer();

    /// Calls `readable` each time `fd` has something to read, until destroyed. `fd` is borrowed.
    class Watch {
    public:
        virtual ~Watch() = default;
    };
    [[nodiscard]] std::unique_ptr<Watch> watch(int fd, std::function<void()> readable);

    /// Calls `handler` with each of these signals, for as long as the loop lives.
    void on_signals(const std::vector<int>& signals, std::function<void(int)> handler);

    [[nodiscard]] boost::asio::io_context& context();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace kontor::app
