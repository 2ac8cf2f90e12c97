#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "config/paths.hpp"

namespace kontor::app {

/// Talks to the service manager as sd_notify(3) says: one datagram a message to $NOTIFY_SOCKET.
/// Without that variable nothing happens. Never fails; never blocks.
class Notify {
public:
    explicit Notify(const config::Environment& environment);

    void ready() const { send("READY=1"); }
    /// The start may take this long from now on, though it is longer than it was given.
    void extend_start(std::chrono::microseconds by) const {
        send("EXTEND_TIMEOUT_USEC=" + std::to_string(by.count()));
    }
    void status(const std::string& line) const;
    void reloading() const;
    void stopping() const { send("STOPPING=1"); }
    void watchdog() const { send("WATCHDOG=1"); }
    /// How often watchdog() is expected, at the latest; nullopt if it is not.
    [[nodiscard]] std::optional<std::chrono::milliseconds> watchdog_every() const {
        return watchdog_;
    }

private:
    void send(const std::string& message) const;

    std::string address_;
    std::optional<std::chrono::milliseconds> watchdog_;
};

/// While it lives, the service manager is asked for more time to start: what a new version changes
/// in a large replica takes long, and whoever is killed in the midst of it begins again. It has an
/// end, so that a start that hangs is noticed. Has a thread of its own; `notify` must outlive it.
class LongStart {
public:
    struct Times {
        std::chrono::milliseconds every{20'000};
        std::chrono::milliseconds by{60'000};         ///< asked for each time
        std::chrono::milliseconds in_all{3'600'000};  ///< after that, no more
    };
    LongStart(const Notify& notify, Times times);

private:
    std::mutex mutex_;
    std::condition_variable_any ended_;
    std::jthread thread_;
};

}  // namespace kontor::app
