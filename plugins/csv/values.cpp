#include "plugins/csv/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "connectors/sdk/canonical.hpp"
#include "plugins/csv/text.hpp"

namespace kontor::csv {
namespace {

constexpr std::array<std::pair<Type, std::string_view>, 11> kNames{{{Type::kText, "text"},
                                                                    {Type::kLongText, "longtext"},
                                                                    {Type::kInteger, "integer"},
                                                                    {Type::kDecimal, "decimal"},
                                                                    {Type::kBoolean, "boolean"},
                                                                    {Type::kDate, "date"},
                                                                    {Type::kInstant, "instant"},
                                                                    {Type::kEmail, "email"},
                                                                    {Type::kPhone, "phone"},
                                                                    {Type::kUrl, "url"},
                                                                    {Type::kChoice, "choice"}}};

constexpr std::size_t kLongText = 255;
constexpr std::size_t kChoicesMax = 8;
constexpr std::size_t kChoiceSize = 60;      // bytes: some twenty Chinese characters
constexpr std::uint64_t kChoiceRepeats = 3;  // times that each value stands there, on average

bool is_digits(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool take(std::string_view& text, std::string_view what) {
    if (!text.starts_with(what)) return false;
    text.remove_prefix(what.size());
    return true;
}

// One to `most` digits; -1 if there are none.
int take_number(std::string_view& text, std::size_t most) {
    std::size_t size = 0;
    while (size < text.size() && size < most && text[size] >= '0' && text[size] <= '9') ++size;
    int out = -1;
    std::from_chars(text.data(), text.data() + size, out);
    text.remove_prefix(size);
    return out;
}

void skip_blanks(std::string_view& text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
}

std::string padded(int number, std::size_t width) {
    std::string out = std::to_string(number);
    if (out.size() < width) out.insert(0, width - out.size(), '0');
    return out;
}

std::optional<std::string> calendar(int year, int month, int day) {
    if (year < 1000 || month < 1 || day < 1) return std::nullopt;
    std::string out = padded(year, 4) + '-' + padded(month, 2) + '-' + padded(day, 2);
    if (!sdk::is_date(out)) return std::nullopt;
    return out;
}

// The date at the beginning of `text`, which is taken from it.
std::optional<std::string> take_date(std::string_view& text, DateOrder order) {
    const auto before = text;
    const int first = take_number(text, 8);
    const std::size_t width = before.size() - text.size();
    if (width == 8) return calendar(first / 10'000, first / 100 % 100, first % 100);
    if (width == 4) {
        std::string_view separator, end;
        for (const auto& [between, after] : {std::pair<std::string_view, std::string_view>{"-", ""},
                                             {"/", ""},
                                             {".", ""},
                                             {"年", "月"}})
            if (take(text, between)) {
                separator = after.empty() ? between : after;
                end = after.empty() ? "" : "日";
                break;
            }
        if (separator.empty()) return std::nullopt;
        const int month = take_number(text, 2);
        if (!take(text, separator)) return std::nullopt;
        const int day = take_number(text, 2);
        if (!take(text, end)) return std::nullopt;
        return calendar(first, month, day);
    }
    if (order == DateOrder::kUnknown || width == 0 || width > 2) return std::nullopt;
    const std::string_view separator = text.substr(0, 1);
    if (separator != "/" && separator != "-" && separator != ".") return std::nullopt;
    text.remove_prefix(1);
    const int second = take_number(text, 2);
    if (!take(text, separator)) return std::nullopt;
    const auto rest = text;
    const int year = take_number(text, 4);
    if (rest.size() - text.size() != 4) return std::nullopt;
    return order == DateOrder::kMonthFirst ? calendar(year, first, second)
                                           : calendar(year, second, first);
}

// Milliseconds of the day at the beginning of `text`.
std::optional<std::int64_t> take_clock(std::string_view& text) {
    const int hour = take_number(text, 2);
    if (!take(text, ":")) return std::nullopt;
    const int minute = take_number(text, 2);
    int second = 0, ms = 0;
    if (take(text, ":")) {
        second = take_number(text, 2);
        if (take(text, ".")) {
            const auto before = text;
            ms = take_number(text, 3);
            for (auto width = before.size() - text.size(); width < 3; ++width) ms *= 10;
            while (!text.empty() && is_digits(text.substr(0, 1))) text.remove_prefix(1);
        }
    }
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || ms < 0)
        return std::nullopt;
    return ((hour * 60 + minute) * 60 + second) * std::int64_t{1000} + ms;
}

bool is_email(std::string_view text) {
    const auto at = text.find('@');
    return at != std::string_view::npos && at > 0 &&
           text.find('@', at + 1) == std::string_view::npos &&
           text.find('.', at) != std::string_view::npos &&
           text.find(' ') == std::string_view::npos && text.back() != '.';
}

bool is_url(std::string_view text) {
    return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("www.");
}

}  // namespace

std::string_view name_of(Type type) {
    return kNames.at(static_cast<std::size_t>(type)).second;
}

std::optional<Type> type_named(std::string_view name) {
    for (const auto& [type, known] : kNames)
        if (known == name) return type;
    return std::nullopt;
}

std::optional<std::string> parse_date(std::string_view text, DateOrder order) {
    text = trimmed(text);
    auto date = take_date(text, order);
    if (!date || text.empty()) return date;
    if (!take(text, "T")) skip_blanks(text);
    const auto clock = take_clock(text);
    if (!clock || *clock != 0 || !text.empty()) return std::nullopt;
    return date;
}

std::optional<std::string> parse_time(std::string_view text, const Habits& habits) {
    text = trimmed(text);
    if (const auto ms = sdk::parse_instant(text)) return sdk::format_instant(*ms);
    const auto date = take_date(text, habits.date_order);
    if (!date) return std::nullopt;
    std::int64_t clock = 0;
    if (!text.empty()) {
        if (!take(text, "T")) skip_blanks(text);
        const auto taken = take_clock(text);
        if (!taken || !text.empty()) return std::nullopt;
        clock = *taken;
    }
    const auto midnight = sdk::parse_instant(*date + "T00:00:00Z");
    if (!midnight) return std::nullopt;
    return sdk::format_instant(*midnight + clock - habits.utc_offset_ms);
}

std::optional<std::string> parse_number(std::string_view text) {
    text = trimmed(text);
    std::string plain;
    if (take(text, "-")) plain += '-';
    for (const auto sign : {"¥", "￥", "$", "€", "£"})
        if (take(text, sign)) break;
    if (plain.empty() && take(text, "-")) plain += '-';
    text = trimmed(text);
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    const auto whole = text.substr(0, text.find('.'));
    if (whole.find(',') == std::string_view::npos) {
        plain += text;
    } else {
        // Thousands: groups of three, but for the first.
        std::size_t group = 0, groups = 0;
        for (const char c : whole) {
            if (c != ',') {
                if (c < '0' || c > '9' || ++group > 3) return std::nullopt;
                plain += c;
                continue;
            }
            if (group == 0 || (groups > 0 && group != 3)) return std::nullopt;
            ++groups;
            group = 0;
        }
        if (group != 3) return std::nullopt;
        plain += text.substr(whole.size());
    }
    std::string out;
    if (!sdk::append_decimal(plain, out)) return std::nullopt;
    return out;
}

std::optional<bool> parse_boolean(std::string_view text) {
    const std::string word = folded(text);
    for (const auto yes : {"true", "yes", "y", "是", "√", "✓", "真"})
        if (word == yes) return true;
    for (const auto no : {"false", "no", "n", "否", "×", "✗", "假"})
        if (word == no) return false;
    return std::nullopt;
}

bool is_code(std::string_view text) {
    text = trimmed(text);
    if (!is_digits(text)) return false;
    return (text.size() > 1 && text.front() == '0') || text.size() >= 15;
}

std::optional<std::string> date_of_serial(std::int64_t serial) {
    // Excel believes in 29 February 1900 (day 60); before it there is no telling.
    constexpr std::int64_t kUnixEpoch = 25'569, kFirst = 61, kLast = 2'958'465, kDay = 86'400'000;
    if (serial < kFirst || serial > kLast) return std::nullopt;
    return sdk::format_instant((serial - kUnixEpoch) * kDay).substr(0, 10);
}

Reason put_cell(abi::BatchWriter& out, std::uint16_t field, std::string_view cell, Type type,
                const Habits& habits) {
    const std::string_view bare = trimmed(cell);
    if (bare.empty()) {
        out.add_null(field);
        return Reason::kNone;
    }
    switch (type) {
        case Type::kInteger:
        case Type::kDecimal: {
            const auto number = parse_number(bare);
            const auto whole = number ? sdk::as_integer(*number) : std::nullopt;
            if (whole)
                out.add(field, *whole);
            else if (!number)
                return type == Type::kInteger ? Reason::kNotInteger : Reason::kNotNumber;
            else if (type == Type::kInteger)
                return Reason::kNotInteger;
            else
                out.add(field, std::string_view(*number));
            return Reason::kNone;
        }
        case Type::kBoolean: {
            const auto value = parse_boolean(bare);
            if (!value) return Reason::kNotBoolean;
            out.add(field, std::int64_t{*value ? 1 : 0});
            return Reason::kNone;
        }
        case Type::kDate: {
            auto date = parse_date(bare, habits.date_order);
            std::int64_t serial = 0;
            if (!date && bare.size() == 5 && is_digits(bare)) {
                std::from_chars(bare.data(), bare.data() + bare.size(), serial);
                date = date_of_serial(serial);
            }
            if (!date) return Reason::kNotDate;
            out.add(field, std::string_view(*date));
            return Reason::kNone;
        }
        case Type::kInstant: {
            const auto time = parse_time(bare, habits);
            if (!time) return Reason::kNotTime;
            out.add(field, std::string_view(*time));
            return Reason::kNone;
        }
        case Type::kText:
        case Type::kLongText:
            out.add(field, cell);
            return Reason::kNone;
        default:
            out.add(field, bare);
            return Reason::kNone;
    }
}

void TypeGuess::look_at(std::string_view cell) {
    const auto text = trimmed(cell);
    if (text.empty()) return;
    ++seen_;
    if (values_.size() <= kChoicesMax && text.size() <= kChoiceSize) ++values_[std::string(text)];
    if (text.size() > kLongText || text.find('\n') != std::string_view::npos) long_ = true;
    if (is_code(text)) ++codes_;
    if (const auto number = parse_number(text)) {
        ++numbers_;
        if (sdk::as_integer(*number)) ++integers_;
        if (text.size() == 5 && text >= "20000" && text <= "60000" && is_digits(text)) ++serials_;
    }
    if (parse_boolean(text)) ++booleans_;
    if (is_email(text)) ++emails_;
    if (is_url(text)) ++urls_;
    const bool month = parse_date(text, DateOrder::kMonthFirst).has_value();
    const bool day = parse_date(text, DateOrder::kDayFirst).has_value();
    if (month || day) {
        ++dates_;
        if (!is_digits(text)) ++written_dates_;
        if (!parse_date(text, DateOrder::kUnknown)) ordered_ = true;
        if (!month) month_first_ = false;
        if (!day) day_first_ = false;
    }
    Habits month_habit, day_habit;
    month_habit.date_order = DateOrder::kMonthFirst;
    day_habit.date_order = DateOrder::kDayFirst;
    if (parse_time(text, month_habit) || parse_time(text, day_habit)) ++times_;
}

DateOrder TypeGuess::date_order() const {
    if (!ordered_ || month_first_ == day_first_) return DateOrder::kUnknown;
    return month_first_ ? DateOrder::kMonthFirst : DateOrder::kDayFirst;
}

Type TypeGuess::type(std::optional<Type> wanted, DateOrder order) const {
    if (seen_ == 0) return wanted.value_or(Type::kText);
    const auto all = [&](std::uint64_t count) { return count == seen_; };
    // Some cells are mistakes, which are told: few where only the cells speak, more where the name
    // of the column does too.
    const auto nearly_all = [&](std::uint64_t count) { return count * 20 >= seen_ * 19; };
    const auto most = [&](std::uint64_t count) { return count * 3 >= seen_ * 2; };
    // 05/06/2026 is no date as long as nobody knows which.
    const bool dates =
        !ordered_ || order != DateOrder::kUnknown || date_order() != DateOrder::kUnknown;
    if (wanted) {
        switch (*wanted) {
            case Type::kInteger:
                if (most(integers_) && integers_ == numbers_) return Type::kInteger;
                [[fallthrough]];
            case Type::kDecimal:
                return most(numbers_) ? Type::kDecimal : Type::kText;
            case Type::kBoolean:
                return most(booleans_) ? Type::kBoolean : Type::kText;
            case Type::kDate:
                if (dates && most(dates_ + serials_) && times_ <= dates_) return Type::kDate;
                [[fallthrough]];
            case Type::kInstant:
                return dates && most(times_) ? Type::kInstant : Type::kText;
            default:
                return *wanted;
        }
    }
    if (nearly_all(booleans_)) return Type::kBoolean;
    if (all(emails_)) return Type::kEmail;
    if (all(urls_)) return Type::kUrl;
    if (dates && nearly_all(written_dates_) && times_ == dates_) return Type::kDate;
    if (dates && nearly_all(times_) && numbers_ == 0) return Type::kInstant;
    if (codes_ == 0 && nearly_all(integers_) && integers_ == numbers_) return Type::kInteger;
    if (codes_ == 0 && nearly_all(numbers_)) return Type::kDecimal;
    if (!choices().empty()) return Type::kChoice;
    return long_ ? Type::kLongText : Type::kText;
}

std::map<std::string, std::uint64_t> TypeGuess::choices() const {
    if (values_.empty() || values_.size() > kChoicesMax ||
        seen_ < values_.size() * kChoiceRepeats || seen_ < 2 * kChoicesMax)
        return {};
    std::uint64_t held = 0;
    for (const auto& [value, count] : values_) held += count;
    return held == seen_ ? values_ : std::map<std::string, std::uint64_t>();
}

}  // namespace kontor::csv
