#pragma once

#include <string>

#include "daemon/jobs/conditions.hpp"

namespace kontor::jobs {

/// What this machine says of itself. What it does not say holds: a server has no battery, and a
/// network that nobody manages is taken as free.
class SystemConditions final : public Conditions {
public:
    struct Places {
        std::string power = "/sys/class/power_supply";
        std::string load = "/proc/loadavg";
        std::string bus = "unix:path=/run/dbus/system_bus_socket";  ///< D-Bus address
    };
    SystemConditions() = default;
    explicit SystemConditions(Places places) : places_(std::move(places)) {}

    /// A supply from outside is online, or no battery of the machine itself is being emptied.
    /// Source: https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-class-power
    bool on_mains() override;
    /// As NetworkManager's property Metered says, a guess of its included.
    /// Source: https://networkmanager.dev/docs/api/latest/nm-dbus-types.html#NMMetered
    bool unmetered() override;
    /// As logind's IdleHint says; where there is no logind, if the processors have little to do.
    /// Source: https://www.freedesktop.org/software/systemd/man/org.freedesktop.login1.html
    bool idle() override;

private:
    Places places_;
};

}  // namespace kontor::jobs
