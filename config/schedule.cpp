#include "config/schedule.hpp"

#include <date/tz.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "config/table_reader.hpp"

namespace kontor::config {
namespace {

using date::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kDaysMax = 8 * 366;
constexpr hours kShiftMax{3};
constexpr std::string_view kWeekdays[] = {"sunday",   "monday", "tuesday", "wednesday",
                                          "thursday", "friday", "saturday"};
constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                        "jul", "aug", "sep", "oct", "nov", "dec"};

tl::unexpected<Error> wrong(const std::string& what) {
    return fail(Errc::kConfig, what);
}

std::vector<std::string> words_of(std::string_view text, char separator) {
    std::vector<std::string> out;
    std::string word;
    for (const char c : text) {
        if (c != separator) {
            word += c;
        } else if (!word.empty() || separator == ',') {
            out.push_back(std::exchange(word, {}));
        }
    }
    if (!word.empty() || separator == ',') out.push_back(word);
    return out;
}

std::optional<int> number_of(std::string_view text) {
    int out = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
    if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size())
        return std::nullopt;
    return out;
}

std::optional<int> weekday_of(std::string_view text) {
    for (std::size_t i = 0; i < std::size(kWeekdays); ++i)
        if (text == kWeekdays[i] || text == kWeekdays[i].substr(0, 3)) return static_cast<int>(i);
    return std::nullopt;
}

std::optional<int> month_of(std::string_view text) {
    for (std::size_t i = 0; i < std::size(kMonths); ++i)
        if (text == kMonths[i]) return static_cast<int>(i) + 1;
    return std::nullopt;
}

/// One field of a cron line.
struct Field {
    const char* name;
    int min, max;
    std::optional<int> (*named)(std::string_view) = nullptr;

    [[nodiscard]] std::optional<int> value(std::string_view text) const {
        auto out = number_of(text);
        if (!out && named != nullptr) out = named(text);
        return out && *out >= min && *out <= max ? out : std::nullopt;
    }
    /// "*", "*/5", "1-5", "1-30/2", "mon,wed".
    [[nodiscard]] Result<std::vector<int>> values(const std::string& text) const {
        std::vector<int> out;
        for (const auto& part : words_of(text, ',')) {
            const auto slash = part.find('/');
            const auto range = part.substr(0, slash);
            const auto step =
                slash == std::string::npos ? 1 : number_of(part.substr(slash + 1)).value_or(0);
            auto first = std::optional<int>(min), last = std::optional<int>(max);
            if (range != "*") {
                const auto dash = range.find('-');
                first = value(range.substr(0, dash));
                last = dash == std::string::npos ? (slash == std::string::npos ? first : last)
                                                 : value(range.substr(dash + 1));
            }
            if (!first || !last || *first > *last || step < 1)
                return wrong("'" + part + "' is no " + name + " of a cron line");
            for (int i = *first; i <= *last; i += step) out.push_back(i);
        }
        return out;
    }
};

template <std::size_t N>
Result<> read_field(const Field& field, const std::string& text, std::bitset<N>& out) {
    const auto values = field.values(text);
    if (!values) return tl::unexpected<Error>(values.error());
    // Cron's second Sunday.
    for (const int value : *values) out.set(static_cast<std::size_t>(value) % N);
    return {};
}

/// nullptr if there is no such zone. "": the machine's, or UTC where it has none.
const date::time_zone* zone_named(const std::string& name) {
    try {
        return name.empty() ? date::current_zone() : date::locate_zone(name);
    } catch (const std::runtime_error&) {
        return name.empty() ? date::locate_zone("Etc/UTC") : nullptr;
    }
}

bool takes_day(const std::string& word) {
    return word == "weekly" || word == "monthly";
}

}  // namespace

Result<> Schedule::read_time(std::string_view text) {
    const auto colon = text.find(':');
    const auto hour = number_of(text.substr(0, colon));
    const auto minute = colon == text.npos ? std::nullopt : number_of(text.substr(colon + 1));
    if (!hour || !minute || *hour < 0 || *hour > 23 || *minute < 0 || *minute > 59 ||
        text.size() != colon + 3)
        return wrong("'" + std::string(text) + "' is no time of the day such as 02:30");
    hours_.set(static_cast<std::size_t>(*hour));
    minutes_.set(static_cast<std::size_t>(*minute));
    return {};
}

Result<> Schedule::read_weekdays(std::string_view text) {
    weekdays_.reset();
    for (const auto& word : words_of(text, ',')) {
        const auto day = weekday_of(word);
        if (!day)
            return wrong("'" + word +
                         "' is none of daily, weekdays, weekends, weekly, monthly, hourly, every, "
                         "or a day as monday");
        weekdays_.set(static_cast<std::size_t>(*day));
    }
    return {};
}

Result<> Schedule::read_day(std::string_view text) {
    days_.reset();
    const auto day = text == "last" ? 0 : number_of(text).value_or(-1);
    if (text != "last" && (day < 1 || day > 31))
        return wrong("'" + std::string(text) + "' is no day of a month: 1 to 31, or last");
    days_.set(static_cast<std::size_t>(day));
    return {};
}

Result<> Schedule::read_words(std::string_view kind, std::string_view day, std::string_view time) {
    months_.set();
    days_.set();
    weekdays_.set();
    Result<> read;
    if (kind == "monthly") {
        read = read_day(day);
    } else if (kind == "weekly") {
        read = read_weekdays(day);
    } else if (kind == "weekdays") {
        read = read_weekdays("mon,tue,wed,thu,fri");
    } else if (kind == "weekends") {
        read = read_weekdays("sat,sun");
    } else if (kind != "daily") {
        read = read_weekdays(kind);
    }
    return read ? read_time(time) : read;
}

Result<> Schedule::read_cron(const std::string (&fields)[5]) {
    if (auto done = read_field({"minute", 0, 59}, fields[0], minutes_); !done) return done;
    if (auto done = read_field({"hour", 0, 23}, fields[1], hours_); !done) return done;
    if (auto done = read_field({"day", 1, 31}, fields[2], days_); !done) return done;
    if (auto done = read_field({"month", 1, 12, month_of}, fields[3], months_); !done) return done;
    if (auto done = read_field({"day of the week", 0, 7, weekday_of}, fields[4], weekdays_); !done)
        return done;
    any_hour_ = fields[1][0] == '*';
    either_day_ = fields[2][0] != '*' && fields[4][0] != '*';
    return {};
}

Result<Schedule> Schedule::parse(std::string_view text) {
    Schedule out;
    auto words = words_of(text, ' ');
    if (words.empty()) return wrong("says no time");
    if (words[0] == "every") {
        const auto every = words.size() == 2 ? parse_duration(words[1]) : std::nullopt;
        if (!every || *every < minutes(1))
            return wrong("every wants an interval of at least a minute, such as every 15m");
        out.every_ = *every;
        return out;
    }
    std::size_t used = 0;
    Result<> read;
    if (words[0] == "hourly") {
        read = out.read_cron({"0", "*", "*", "*", "*"});
        used = 1;
    } else if (takes_day(words[0]) && words.size() >= 3) {
        read = out.read_words(words[0], words[1], words[2]);
        used = 3;
    } else if (words.size() >= 5) {
        read = out.read_cron({words[0], words[1], words[2], words[3], words[4]});
        used = 5;
    } else if (words.size() >= 2 && !takes_day(words[0])) {
        read = out.read_words(words[0], {}, words[1]);
        used = 2;
    } else {
        return wrong("'" + std::string(text) +
                     "' is no schedule such as daily 02:30, weekly mon 09:00 or every 15m");
    }
    if (!read) return pass(read);
    if (words.size() > used + 1) return wrong("'" + words.back() + "' is one word too many");
    if (words.size() == used + 1) {
        out.zone_ = words.back();
        if (!is_time_zone(out.zone_))
            return wrong("'" + out.zone_ + "' is no time zone such as Europe/Berlin");
    }
    return out;
}

Schedule Schedule::in_zone(const std::string& zone) const {
    auto out = *this;
    if (out.zone_.empty()) out.zone_ = zone;
    return out;
}

std::optional<Instant> Schedule::next_after(Instant at) const {
    if (every_.count() > 0) return at + every_;
    const auto* zone = zone_named(zone_);
    if (zone == nullptr) return std::nullopt;
    const auto now = zone->to_local(std::chrono::floor<seconds>(at));
    // A day back: what fell into an hour that was skipped may still lie ahead.
    auto day = std::chrono::floor<days>(now) - days(1);
    for (int i = 0; i < kDaysMax; ++i, day += days(1)) {
        const date::year_month_day calendar(day);
        const bool last = (date::year_month_day(day + days(1))).month() != calendar.month();
        const bool in_month =
            days_.test(static_cast<unsigned>(calendar.day())) || (last && days_.test(0));
        const bool in_week = weekdays_.test(date::weekday(day).c_encoding());
        if (!months_.test(static_cast<unsigned>(calendar.month())) ||
            !(either_day_ ? in_month || in_week : in_month && in_week))
            continue;
        std::optional<Instant> first;
        const auto take = [&](date::sys_seconds time) {
            if (time > at && (!first || time < *first)) first = time;
        };
        for (std::size_t minute = 0; minute < hours_.size() * minutes_.size(); ++minute) {
            if (!hours_.test(minute / minutes_.size()) || !minutes_.test(minute % minutes_.size()))
                continue;
            const date::local_seconds local = day + minutes(static_cast<int>(minute));
            // No clock is put forward or back further than this.
            if (local + kShiftMax < now) continue;
            const auto info = zone->get_info(local);
            if (info.result == date::local_info::nonexistent) {
                take(info.first.end);
                continue;
            }
            const date::sys_seconds time(local.time_since_epoch() - info.first.offset);
            if (first && time > *first + kShiftMax) break;
            take(time);
            if (info.result == date::local_info::ambiguous && any_hour_)
                take(date::sys_seconds(local.time_since_epoch() - info.second.offset));
        }
        if (first) return first;
    }
    return std::nullopt;
}

bool is_time_zone(const std::string& name) {
    return !name.empty() && zone_named(name) != nullptr;
}

}  // namespace kontor::config
