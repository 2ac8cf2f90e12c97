#include "connectors/declarative/time_format.hpp"

#include <charconv>
#include <cstdio>

#include "connectors/sdk/canonical.hpp"

namespace kontor::declarative {
namespace {

constexpr std::string_view kDirectives = "YmdHMSfL";

std::optional<std::int64_t> number(std::string_view digits) {
    std::int64_t out = 0;
    const auto* end = digits.data() + digits.size();
    const auto [rest, failed] = std::from_chars(digits.data(), end, out);
    if (digits.empty() || failed != std::errc() || rest != end) return std::nullopt;
    return out;
}

std::size_t width(char directive) {
    switch (directive) {
        case 'Y':
            return 4;
        case 'f':
            return 6;
        case 'L':
            return 3;
        default:
            return 2;
    }
}

// Seconds or milliseconds, with or without a fraction, as a number or as text.
std::optional<std::int64_t> read_epoch(std::string_view text, std::int64_t ms_per_unit) {
    std::string decimal;
    if (!sdk::append_decimal(text, decimal)) return std::nullopt;
    const auto dot = decimal.find('.');
    const auto whole = number(std::string_view(decimal).substr(0, dot));
    constexpr std::int64_t kMost = 253'402'300'800'000;  // the year 10000
    if (!whole || *whole > kMost / ms_per_unit || *whole < -kMost / ms_per_unit)
        return std::nullopt;
    std::int64_t ms = *whole * ms_per_unit;
    if (dot != std::string::npos && ms_per_unit == 1000) {
        std::string fraction = decimal.substr(dot + 1, 3);
        fraction.resize(3, '0');
        const auto more = number(fraction).value_or(0);
        ms += decimal[0] == '-' ? -more : more;
    }
    return ms;
}

std::optional<std::int64_t> read_iso(std::string_view text, std::int64_t offset_ms) {
    if (const auto ms = sdk::parse_instant(text)) return ms;
    std::string whole(text);
    if (whole.size() == 10) whole += "T00:00:00";
    if (whole.size() == 16) whole += ":00";
    const auto ms = sdk::parse_instant(whole + "Z");
    return ms ? std::optional(*ms - offset_ms) : std::nullopt;
}

}  // namespace

std::string check_time_format(std::string_view format) {
    if (format == "iso" || format == "iso_seconds" || format == "epoch" || format == "epoch_ms")
        return {};
    if (format.find('%') == std::string_view::npos)
        return "is no form of time: iso, iso_seconds, epoch, epoch_ms, a [format.NAME], or a "
               "pattern "
               "such as \"%Y-%m-%d %H:%M:%S\"";
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%') continue;
        if (++i >= format.size() || kDirectives.find(format[i]) == std::string_view::npos)
            return "has a directive other than %Y %m %d %H %M %S %f (microseconds) %L "
                   "(milliseconds)";
    }
    return {};
}

std::int64_t* Moment::part(char directive) {
    switch (directive) {
        case 'Y':
            return &year;
        case 'm':
            return &month;
        case 'd':
            return &day;
        case 'H':
            return &hour;
        case 'M':
            return &minute;
        case 'S':
            return &second;
        case 'f':
            return &micro;
        default:
            return nullptr;
    }
}

std::optional<std::int64_t> Moment::ms() const {
    for (const auto part : {year, month, day, hour, minute, second, micro})
        if (part < 0 || part > 999'999) return std::nullopt;
    char text[64];
    std::snprintf(text, sizeof text, "%04lld-%02lld-%02lldT%02lld:%02lld:%02lld.%06lldZ",
                  static_cast<long long>(year), static_cast<long long>(month),
                  static_cast<long long>(day), static_cast<long long>(hour),
                  static_cast<long long>(minute), static_cast<long long>(second),
                  static_cast<long long>(micro));
    return sdk::parse_instant(text);
}

Moment Moment::of(std::int64_t ms) {
    const std::string text = sdk::format_instant(ms);
    const auto at = [&](std::size_t from, std::size_t count) {
        return number(std::string_view(text).substr(from, count)).value_or(0);
    };
    return {at(0, 4), at(5, 2), at(8, 2), at(11, 2), at(14, 2), at(17, 2), at(20, 3) * 1000};
}

std::string write_time(std::int64_t ms, std::string_view format, std::int64_t offset_ms) {
    if (format == "iso") return sdk::format_instant(ms);
    if (format == "iso_seconds") return sdk::format_instant(ms).substr(0, 19) + "Z";
    if (format == "epoch_ms") return std::to_string(ms);
    if (format == "epoch") return std::to_string(ms >= 0 ? ms / 1000 : (ms - 999) / 1000);
    Moment moment = Moment::of(ms + offset_ms);
    std::string out;
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%' || i + 1 >= format.size()) {
            out += format[i];
            continue;
        }
        const char directive = format[++i];
        const auto* part = moment.part(directive);
        std::string digits = std::to_string(part != nullptr ? *part : moment.micro / 1000);
        if (digits.size() < width(directive))
            digits.insert(0, width(directive) - digits.size(), '0');
        out += digits;
    }
    return out;
}

std::optional<std::int64_t> read_time(std::string_view text, std::string_view format,
                                      std::int64_t offset_ms) {
    if (format == "epoch") return read_epoch(text, 1000);
    if (format == "epoch_ms") return read_epoch(text, 1);
    if (format == "iso" || format == "iso_seconds") return read_iso(text, offset_ms);
    Moment moment;
    for (std::size_t i = 0; i < format.size(); ++i) {
        if (format[i] != '%' || i + 1 >= format.size()) {
            if (text.empty() || text[0] != format[i]) return std::nullopt;
            text.remove_prefix(1);
            continue;
        }
        const char directive = format[++i];
        const auto digits = number(text.substr(0, width(directive)));
        if (!digits || text.size() < width(directive)) return std::nullopt;
        if (auto* part = moment.part(directive))
            *part = *digits;
        else
            moment.micro = *digits * 1000;
        text.remove_prefix(width(directive));
    }
    const auto ms = moment.ms();
    return ms && text.empty() ? std::optional(*ms - offset_ms) : std::nullopt;
}

std::optional<std::int64_t> parse_zone(std::string_view text) {
    if (text == "Z" || text == "UTC") return 0;
    const auto ms = sdk::parse_instant("1970-01-01T00:00:00" + std::string(text));
    return ms ? std::optional(-*ms) : std::nullopt;
}

}  // namespace kontor::declarative
