#include "daemon/feedback/zone.hpp"

#include <unicode/timezone.h>

namespace kontor::feedback {
namespace {

std::unique_ptr<icu::TimeZone> zone_of(const std::string& name) {
    return std::unique_ptr<icu::TimeZone>(
        icu::TimeZone::createTimeZone(icu::UnicodeString::fromUTF8(name)));
}

}  // namespace

bool is_zone(const std::string& name) {
    // ICU reads "GMT+8" and old abbreviations too; their sense differs from place to place.
    const bool plain = name.find('/') != std::string::npos || name == "UTC";
    return plain && *zone_of(name) != icu::TimeZone::getUnknown();
}

namespace {

// What the clocks there show.
Instant wall_clock(Instant at, const std::string& zone) {
    std::int32_t raw = 0;
    std::int32_t saving = 0;
    UErrorCode failed = U_ZERO_ERROR;
    const auto ms = at.time_since_epoch().count();
    zone_of(is_zone(zone) ? zone : "UTC")
        ->getOffset(static_cast<UDate>(ms), false, raw, saving, failed);
    return at + std::chrono::milliseconds(U_SUCCESS(failed) ? raw + saving : 0);
}

}  // namespace

LocalTime local_time(Instant at, const std::string& zone) {
    using namespace std::chrono;
    const auto local = wall_clock(at, zone);
    const auto day = floor<days>(local);
    return {.minute = static_cast<int>(duration_cast<minutes>(local - day).count()),
            .weekday = static_cast<int>(weekday(day).c_encoding())};
}

std::string local_date(Instant at, const std::string& zone, int days) {
    return format_instant(wall_clock(at, zone) + std::chrono::days(days)).substr(0, 10);
}

bool is_quiet(const QuietHours& quiet, Instant at, const std::string& zone) {
    const auto now = local_time(at, zone);
    if (quiet.days[static_cast<std::size_t>(now.weekday)]) return true;
    if (quiet.from == quiet.until) return false;
    if (quiet.from < quiet.until) return now.minute >= quiet.from && now.minute < quiet.until;
    return now.minute >= quiet.from || now.minute < quiet.until;
}

Instant quiet_until(const QuietHours& quiet, Instant at, const std::string& zone) {
    using namespace std::chrono;
    constexpr minutes kStep{5};
    // A file that leaves no day free is refused: it ends within a week.
    constexpr int kStepsMax = days(8) / kStep;
    auto out = at;
    for (int i = 0; i < kStepsMax && is_quiet(quiet, out, zone); ++i)
        out = Instant(floor<minutes>(out.time_since_epoch()) / kStep * kStep + kStep);
    return out;
}

}  // namespace kontor::feedback
