#pragma once

/// Moments and days in a remote's own form: "iso", "iso_seconds", "epoch", "epoch_ms", or a pattern
/// of %Y %m %d %H %M %S, %f (microseconds), %L (milliseconds). Pure functions.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kontor::declarative {

/// "" if the text names a form; else what is wrong with it.
[[nodiscard]] std::string check_time_format(std::string_view format);

/// Year, month, day, hour, minute, second, microsecond.
struct Moment {
    std::int64_t year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0, micro = 0;

    /// The part that a directive (the letter after %) stands for; nullptr for %L and others.
    [[nodiscard]] std::int64_t* part(char directive);
    /// Milliseconds since the epoch; nullopt if there is no such moment.
    [[nodiscard]] std::optional<std::int64_t> ms() const;
    [[nodiscard]] static Moment of(std::int64_t ms);
};

/// Text in this form; `offset_ms` is what local time there is ahead of UTC. "iso" says Z always.
[[nodiscard]] std::string write_time(std::int64_t ms, std::string_view format,
                                     std::int64_t offset_ms);
/// nullopt if the text has not this form. "iso" takes an offset, or means local time there.
[[nodiscard]] std::optional<std::int64_t> read_time(std::string_view text, std::string_view format,
                                                    std::int64_t offset_ms);

/// "+08:00", "Z" or "UTC" in milliseconds.
[[nodiscard]] std::optional<std::int64_t> parse_zone(std::string_view text);

}  // namespace kontor::declarative
