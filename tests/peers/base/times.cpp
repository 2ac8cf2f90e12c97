#include "tests/peers/base/times.hpp"

#include <unicode/basictz.h>
#include <unicode/timezone.h>
#include <unicode/tztrans.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>

namespace kontor::peer {

namespace {

constexpr std::int64_t kFirstInstant = 0;          // 1970
constexpr std::int64_t kLastInstant = 4102444800;  // 2100
constexpr std::size_t kMaxChanges = 1000;

void append_two(std::string& out, unsigned value) {
    out += static_cast<char>('0' + value / 10 % 10);
    out += static_cast<char>('0' + value % 10);
}

std::optional<unsigned> digits(std::string_view text, std::size_t at, std::size_t count) {
    if (at + count > text.size()) return std::nullopt;
    unsigned value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return std::nullopt;
        value = value * 10 + static_cast<unsigned>(text[i] - '0');
    }
    return value;
}

std::int32_t zone_offset(const icu::TimeZone& zone, std::int64_t epoch_s) {
    int32_t raw = 0;
    int32_t dst = 0;
    UErrorCode status = U_ZERO_ERROR;
    zone.getOffset(static_cast<double>(epoch_s) * 1000.0, false, raw, dst, status);
    return (raw + dst) / 1000;
}

}  // namespace

Zone::Zone(const std::string& name) : name_(name) {
    const std::unique_ptr<icu::TimeZone> zone(
        icu::TimeZone::createTimeZone(icu::UnicodeString::fromUTF8(name)));
    known_ = *zone != icu::TimeZone::getUnknown();
    changes_.push_back({kFirstInstant, known_ ? zone_offset(*zone, kFirstInstant) : 0});
    auto* basic = dynamic_cast<icu::BasicTimeZone*>(zone.get());
    if (!known_ || basic == nullptr) return;
    std::int64_t at = kFirstInstant;
    icu::TimeZoneTransition transition;
    while (changes_.size() < kMaxChanges &&
           basic->getNextTransition(static_cast<double>(at) * 1000.0, false, transition)) {
        at = static_cast<std::int64_t>(transition.getTime() / 1000.0);
        if (at > kLastInstant) break;
        changes_.push_back({at, zone_offset(*zone, at)});
    }
}

std::int32_t Zone::offset_seconds(std::int64_t epoch_s) const {
    auto after = std::upper_bound(changes_.begin(), changes_.end(), epoch_s,
                                  [](std::int64_t s, const Change& c) { return s < c.from_s; });
    return after == changes_.begin() ? changes_.front().offset_s : std::prev(after)->offset_s;
}

std::string format_http_date(std::int64_t epoch_s) {
    const std::time_t at = epoch_s;
    std::tm parts{};
    ::gmtime_r(&at, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return text;
}

void append_date(std::string& out, std::int64_t days) {
    const std::chrono::year_month_day date{
        std::chrono::sys_days{std::chrono::days{static_cast<int>(days)}}};
    const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
    append_two(out, year / 100);
    append_two(out, year % 100);
    out += '-';
    append_two(out, static_cast<unsigned>(date.month()));
    out += '-';
    append_two(out, static_cast<unsigned>(date.day()));
}

void append_instant(std::string& out, std::int64_t epoch_s, const Zone& zone) {
    const std::int32_t offset = zone.offset_seconds(epoch_s);
    const std::int64_t local = epoch_s + offset;
    std::int64_t days = local / 86400;
    std::int64_t rest = local % 86400;
    if (rest < 0) {
        rest += 86400;
        --days;
    }
    append_date(out, days);
    out += 'T';
    append_two(out, static_cast<unsigned>(rest / 3600));
    out += ':';
    append_two(out, static_cast<unsigned>(rest / 60 % 60));
    out += ':';
    append_two(out, static_cast<unsigned>(rest % 60));
    out += offset < 0 ? '-' : '+';
    const auto magnitude = static_cast<unsigned>(offset < 0 ? -offset : offset);
    append_two(out, magnitude / 3600);
    out += ':';
    append_two(out, magnitude / 60 % 60);
}

std::string format_instant(std::int64_t epoch_s, const Zone& zone) {
    std::string out;
    append_instant(out, epoch_s, zone);
    return out;
}

std::optional<std::int64_t> parse_date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto year = digits(text, 0, 4);
    const auto month = digits(text, 5, 2);
    const auto day = digits(text, 8, 2);
    if (!year || !month || !day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(*year)},
                                           std::chrono::month{*month}, std::chrono::day{*day}};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days{date}.time_since_epoch().count();
}

std::optional<std::int64_t> parse_instant(std::string_view text) {
    if (text.size() < 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':')
        return std::nullopt;
    const auto days = parse_date(text.substr(0, 10));
    const auto hour = digits(text, 11, 2);
    const auto minute = digits(text, 14, 2);
    const auto second = digits(text, 17, 2);
    if (!days || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59)
        return std::nullopt;
    std::size_t at = 19;
    if (text[at] == '.') {
        ++at;
        const std::size_t first = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
        if (at == first || at - first > 9) return std::nullopt;
    }
    const std::int64_t local = *days * 86400 + *hour * 3600 + *minute * 60 + *second;
    const std::string_view zone = text.substr(at);
    if (zone == "Z") return local;
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':')
        return std::nullopt;
    const auto zone_hour = digits(zone, 1, 2);
    const auto zone_minute = digits(zone, 4, 2);
    if (!zone_hour || !zone_minute || *zone_hour > 15 || *zone_minute > 59) return std::nullopt;
    const std::int64_t offset = *zone_hour * 3600 + *zone_minute * 60;
    return zone[0] == '-' ? local + offset : local - offset;
}

}  // namespace kontor::peer
