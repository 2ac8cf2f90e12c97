#include "sync/base/clock.hpp"

#include <array>
#include <cstdint>
#include <cstdio>
#include <ctime>

namespace kontor {
namespace {

// Reads exactly `digits` decimal digits at `at`; -1 if they are not there.
int number(std::string_view text, std::size_t at, std::size_t digits) {
    if (at + digits > text.size()) return -1;
    int value = 0;
    for (std::size_t i = at; i < at + digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

}  // namespace

Instant SystemClock::now() const {
    return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::chrono::milliseconds SystemClock::steady() const {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::milliseconds(std::int64_t{now.tv_sec} * 1'000 + now.tv_nsec / 1'000'000);
}

std::string format_instant(Instant at) {
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss time{at - day};
    std::array<char, 32> out{};
    const int size = std::snprintf(
        out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
        static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
        static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
        static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
        static_cast<int>(time.subseconds().count()));
    return {out.data(), static_cast<std::size_t>(size)};
}

std::optional<Instant> parse_instant(std::string_view text) {
    using namespace std::chrono;
    const int y = number(text, 0, 4), mo = number(text, 5, 2), d = number(text, 8, 2);
    const int h = number(text, 11, 2), mi = number(text, 14, 2), s = number(text, 17, 2);
    if (y < 1 || mo < 0 || d < 0 || h < 0 || mi < 0 || s < 0) return std::nullopt;
    if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ') ||
        text[13] != ':' || text[16] != ':' || h > 23 || mi > 59 || s > 60)
        return std::nullopt;
    const year_month_day date{year{y}, month{static_cast<unsigned>(mo)},
                              day{static_cast<unsigned>(d)}};
    if (!date.ok()) return std::nullopt;

    std::size_t at = 19;
    int ms = 0;
    if (at < text.size() && text[at] == '.') {
        std::size_t digits = 0;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits)
            if (digits < 3) ms = ms * 10 + (text[at] - '0');
        if (digits == 0 || digits > 9) return std::nullopt;
        for (; digits < 3; ++digits) ms *= 10;
    }
    minutes offset{0};
    if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
        ++at;
    } else if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
        const int oh = number(text, at + 1, 2);
        const bool colon = at + 3 < text.size() && text[at + 3] == ':';
        const int om = number(text, at + (colon ? 4 : 3), 2);
        if (oh < 0 || oh > 23 || om < 0 || om > 59) return std::nullopt;
        offset = minutes{oh * 60 + om} * (text[at] == '-' ? -1 : 1);
        at += colon ? 6 : 5;
    } else {
        return std::nullopt;
    }
    if (at != text.size()) return std::nullopt;
    const Instant instant{sys_days{date}.time_since_epoch() + hours{h} + minutes{mi} + seconds{s} +
                          milliseconds{ms} - offset};
    // In UTC it may be in a year that four digits do not write.
    if (instant < sys_days{year{1} / 1 / 1} || instant >= sys_days{year{10'000} / 1 / 1})
        return std::nullopt;
    return instant;
}

}  // namespace kontor
