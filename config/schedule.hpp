#pragma once

#include <bitset>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "sync/base/clock.hpp"
#include "sync/base/result.hpp"

namespace kontor::config {

/// Times at which something happens. One of
///
///     daily 02:30        weekdays 18:00     weekends 10:00     monday,thursday 09:00
///     weekly mon 09:00   monthly 15 03:00   monthly last 18:00
///     hourly             every 15m          30 2 * * 1-5
///
/// the last being a cron line (minute, hour, day, month, day of the week; lists, ranges, steps,
/// three letters of a name; where both kinds of day are given, either will do), and all but `every`
/// with an IANA zone behind it if it is not to be the usual one: "daily 02:30 Europe/Berlin".
///
/// Where clocks are put forward, what falls into the hour that is not there happens when it is
/// over, once. Where they are put back, a time that comes twice counts the first time; what has no
/// fixed hour counts in both. A plain value.
///
/// The zones' rules are those of the system's tzdata, which is kept up to date.
class Schedule {
public:
    /// kConfig with what is wrong.
    [[nodiscard]] static Result<Schedule> parse(std::string_view text);

    /// In that zone, if its text named none; "" = the machine's.
    [[nodiscard]] Schedule in_zone(const std::string& zone) const;

    /// The first time after `at`; nullopt if there is none in eight years (31 February).
    [[nodiscard]] std::optional<Instant> next_after(Instant at) const;

    /// Counts from when it last happened instead of naming times.
    [[nodiscard]] bool is_interval() const { return every_.count() > 0; }

    bool operator==(const Schedule&) const = default;

private:
    [[nodiscard]] Result<> read_words(std::string_view kind, std::string_view day,
                                      std::string_view time);
    [[nodiscard]] Result<> read_cron(const std::string (&fields)[5]);
    [[nodiscard]] Result<> read_time(std::string_view text);
    [[nodiscard]] Result<> read_weekdays(std::string_view text);
    [[nodiscard]] Result<> read_day(std::string_view text);

    std::chrono::milliseconds every_{0};  ///< not 0: an interval, the rest does not count
    std::string zone_;
    std::bitset<60> minutes_;
    std::bitset<24> hours_;
    std::bitset<32> days_;  ///< of the month; 0 = its last
    std::bitset<13> months_;
    std::bitset<7> weekdays_;  ///< 0 = Sunday
    bool any_hour_ = false;    ///< a wildcard: happens by the hour, not at an hour
    bool either_day_ = false;  ///< days and weekdays are both given
};

/// True for a name of the IANA time zone database ("Asia/Shanghai").
[[nodiscard]] bool is_time_zone(const std::string& name);

}  // namespace kontor::config
