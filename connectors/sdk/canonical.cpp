#include "connectors/sdk/canonical.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace kontor::sdk {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

// Howard Hinnant's civil calendar: days since 1970-01-01 of a proleptic Gregorian date.
constexpr std::int64_t days_from_civil(std::int64_t y, unsigned m, unsigned d) {
    y -= m <= 2;
    const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
    const auto yoe = static_cast<unsigned>(y - era * 400);
    const unsigned doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
    const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + static_cast<std::int64_t>(doe) - 719468;
}

struct Civil {
    std::int64_t year;
    unsigned month, day;
};

constexpr Civil civil_from_days(std::int64_t z) {
    z += 719468;
    const std::int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    const auto doe = static_cast<unsigned>(z - era * 146097);
    const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const unsigned mp = (5 * doy + 2) / 153;
    const unsigned month = mp < 10 ? mp + 3 : mp - 9;
    return {static_cast<std::int64_t>(yoe) + era * 400 + (month <= 2), month,
            doy - (153 * mp + 2) / 5 + 1};
}

bool digits(std::string_view text, std::size_t at, std::size_t count, int& out) {
    if (at + count > text.size()) return false;
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        const auto digit = static_cast<unsigned>(text[i] - '0');
        if (digit > 9) return false;
        value = value * 10 + static_cast<int>(digit);
    }
    out = value;
    return true;
}

bool date_parts(std::string_view text, int& year, int& month, int& day) {
    static constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (text.size() < 10 || text[4] != '-' || text[7] != '-' || !digits(text, 0, 4, year) ||
        !digits(text, 5, 2, month) || !digits(text, 8, 2, day))
        return false;
    if (month < 1 || month > 12 || day < 1) return false;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= kDays[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

void put_digits(char* out, std::size_t count, std::int64_t value) {
    for (std::size_t i = count; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

// Seconds of an offset, at its sign or Z, which must end the text.
std::optional<int> parse_offset(std::string_view text) {
    if (text == "Z" || text == "z") return 0;
    int hours = 0, minutes = 0;
    if (text.size() < 5 || (text[0] != '+' && text[0] != '-') || !digits(text, 1, 2, hours))
        return std::nullopt;
    const std::size_t at = text[3] == ':' ? 4 : 3;
    if (text.size() != at + 2 || !digits(text, at, 2, minutes) || hours > 23 || minutes > 59)
        return std::nullopt;
    const int seconds = hours * 3600 + minutes * 60;
    return text[0] == '-' ? -seconds : seconds;
}

}  // namespace

std::optional<std::int64_t> parse_instant(std::string_view text) {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    if (text.size() < 20 || !date_parts(text, year, month, day) ||
        (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':' ||
        !digits(text, 11, 2, hour) || !digits(text, 14, 2, minute) || !digits(text, 17, 2, second))
        return std::nullopt;
    if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
    std::size_t at = 19;
    int ms = 0;
    if (text[at] == '.') {
        int scale = 100;
        for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10)
            ms += (text[at] - '0') * scale;
        if (at == 20) return std::nullopt;
    }
    const auto offset = parse_offset(text.substr(at));
    if (!offset) return std::nullopt;
    const auto days =
        days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
    const std::int64_t seconds = hour * 3600 + minute * 60 + second - *offset;
    return days * kDayMs + seconds * 1000 + ms;
}

void format_instant(std::int64_t ms, char* out) {
    constexpr std::int64_t kFirst = days_from_civil(0, 1, 1) * kDayMs;
    constexpr std::int64_t kLast = days_from_civil(10000, 1, 1) * kDayMs - 1;
    ms = std::clamp(ms, kFirst, kLast);
    std::int64_t days = ms / kDayMs;
    if (ms % kDayMs < 0) --days;
    const std::int64_t rest = ms - days * kDayMs;
    const Civil date = civil_from_days(days);
    put_digits(out, 4, date.year);
    out[4] = out[7] = '-';
    put_digits(out + 5, 2, date.month);
    put_digits(out + 8, 2, date.day);
    out[10] = 'T';
    put_digits(out + 11, 2, rest / 3'600'000);
    out[13] = out[16] = ':';
    put_digits(out + 14, 2, rest / 60'000 % 60);
    put_digits(out + 17, 2, rest / 1000 % 60);
    out[19] = '.';
    put_digits(out + 20, 3, rest % 1000);
    out[23] = 'Z';
}

std::string format_instant(std::int64_t ms) {
    std::string out(kInstantSize, '0');
    format_instant(ms, out.data());
    return out;
}

std::string format_seconds_offset(std::int64_t ms) {
    return format_instant(ms).substr(0, 19) + "+00:00";
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
    static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const auto comma = text.find(", ");
    if (comma == std::string_view::npos) return std::nullopt;
    text.remove_prefix(comma + 2);
    int day = 0, year = 0, hour = 0, minute = 0, second = 0;
    if (text.size() < 24 || !digits(text, 0, 2, day) || !digits(text, 7, 4, year) ||
        !digits(text, 12, 2, hour) || !digits(text, 15, 2, minute) ||
        !digits(text, 18, 2, second) || text.substr(21, 3) != "GMT")
        return std::nullopt;
    const auto month = kMonths.find(text.substr(3, 3));
    if (month == std::string_view::npos || month % 3 != 0 || day < 1 || day > 31 || hour > 23 ||
        minute > 59 || second > 60)
        return std::nullopt;
    const auto days =
        days_from_civil(year, static_cast<unsigned>(month / 3 + 1), static_cast<unsigned>(day));
    return days * kDayMs + (hour * 3600 + minute * 60 + second) * 1000LL;
}

bool is_date(std::string_view text) {
    int year = 0, month = 0, day = 0;
    return text.size() == 10 && date_parts(text, year, month, day);
}

bool append_decimal(std::string_view token, std::string& out) {
    constexpr std::size_t kDigitsMax = 400;
    std::size_t at = 0;
    const bool negative = !token.empty() && token[0] == '-';
    if (negative) ++at;
    const auto run = [&](std::size_t from) {
        while (from < token.size() && token[from] >= '0' && token[from] <= '9') ++from;
        return from;
    };
    const std::size_t whole_end = run(at);
    std::string_view whole = token.substr(at, whole_end - at), fraction;
    if (whole.empty()) return false;
    at = whole_end;
    if (at < token.size() && token[at] == '.') {
        const std::size_t end = run(at + 1);
        fraction = token.substr(at + 1, end - at - 1);
        if (fraction.empty()) return false;
        at = end;
    }
    int exponent = 0;
    if (at < token.size() && (token[at] == 'e' || token[at] == 'E')) {
        ++at;
        if (at < token.size() && token[at] == '+') ++at;
        const auto [end, error] =
            std::from_chars(token.data() + at, token.data() + token.size(), exponent);
        if (error != std::errc() || exponent > 1000 || exponent < -1000) return false;
        at = static_cast<std::size_t>(end - token.data());
    }
    if (at != token.size() || whole.size() + fraction.size() > kDigitsMax) return false;

    // Usual case: nothing to move.
    if (exponent == 0) {
        while (whole.size() > 1 && whole[0] == '0') whole.remove_prefix(1);
        while (!fraction.empty() && fraction.back() == '0') fraction.remove_suffix(1);
        if (negative && !(fraction.empty() && whole == "0")) out.push_back('-');
        out.append(whole);
        if (!fraction.empty()) out.append(1, '.').append(fraction);
        return true;
    }
    std::string all(whole);
    all.append(fraction);
    auto point = static_cast<std::int64_t>(whole.size()) + exponent;
    if (point < 0) {
        all.insert(0, static_cast<std::size_t>(-point), '0');
        point = 0;
    }
    if (static_cast<std::size_t>(point) > all.size())
        all.resize(static_cast<std::size_t>(point), '0');
    if (all.size() > kDigitsMax) return false;
    std::string plain = negative ? "-" : "";
    plain += point == 0 ? "0" : all.substr(0, static_cast<std::size_t>(point));
    if (static_cast<std::size_t>(point) < all.size())
        plain += "." + all.substr(static_cast<std::size_t>(point));
    return append_decimal(plain, out);
}

std::optional<std::int64_t> as_integer(std::string_view decimal) {
    std::int64_t value = 0;
    const auto [end, error] =
        std::from_chars(decimal.data(), decimal.data() + decimal.size(), value);
    if (error != std::errc() || end != decimal.data() + decimal.size()) return std::nullopt;
    return value;
}

}  // namespace kontor::sdk
