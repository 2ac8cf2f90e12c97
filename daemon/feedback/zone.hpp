#pragma once

#include <memory>
#include <string>

#include "daemon/feedback/survey.hpp"
#include "sync/base/clock.hpp"

namespace kontor::feedback {

/// True for a name of the IANA time zone database ("Asia/Shanghai").
[[nodiscard]] bool is_zone(const std::string& name);

/// The wall clock of a place.
struct LocalTime {
    int minute = 0;   ///< of the day
    int weekday = 0;  ///< Sunday is 0
};
/// `zone` is a zone; one that is not counts as UTC. Daylight saving time is taken into account.
[[nodiscard]] LocalTime local_time(Instant at, const std::string& zone);

/// "2026-05-20": the day in that zone, `days` later.
[[nodiscard]] std::string local_date(Instant at, const std::string& zone, int days = 0);

/// Whether a person in that zone is left in peace at that moment.
[[nodiscard]] bool is_quiet(const QuietHours& quiet, Instant at, const std::string& zone);

/// When that ends, to five minutes; `at` if it is not so.
[[nodiscard]] Instant quiet_until(const QuietHours& quiet, Instant at, const std::string& zone);

}  // namespace kontor::feedback
