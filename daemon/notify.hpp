#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "config/paths.hpp"

namespace kontor::app {

/// Talks to the service manager as sd_notify(3) says: one datagram a message to $NOTIFY_SOCKET.
/// Without that variable nothing happens. Never fails; never blocks.
class Notify {
public:
    explicit Notify(const config::Environment& environment);

    void ready() const { send("READY=1"); }
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

}  // namespace kontor::app
