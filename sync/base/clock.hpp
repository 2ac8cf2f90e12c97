#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kontor {

/// A UTC instant at millisecond resolution.
using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

/// Where time comes from. Only SystemClock reads the machine's; tests and the simulation bring
/// their own. Implementations are safe to call from any thread.
class Clock {
public:
    virtual ~Clock() = default;
    /// Wall clock, UTC. May jump; never used to order local events.
    [[nodiscard]] virtual Instant now() const = 0;
    /// Steady time since an arbitrary start; for durations and deadlines.
    [[nodiscard]] virtual std::chrono::milliseconds steady() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] std::chrono::milliseconds steady() const override;
};

/// `YYYY-MM-DDTHH:MM:SS.sssZ`, fixed width, so that text order is time order.
[[nodiscard]] std::string format_instant(Instant at);

/// Reads RFC 3339 with `Z` or any numeric offset and 0–9 fractional digits (cut to milliseconds);
/// nullopt if it is anything else or names no real day or time.
[[nodiscard]] std::optional<Instant> parse_instant(std::string_view text);

}  // namespace kontor
