#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/abi/record_batch.hpp"
#include "plugins/csv/problem.hpp"

namespace kontor::csv {

/// What the cells of a column are.
enum class Type : std::uint8_t {
    kText,
    kLongText,
    kInteger,
    kDecimal,
    kBoolean,
    kDate,
    kInstant,
    kEmail,
    kPhone,
    kUrl,
    kChoice,
};

/// As in docs/connector-abi.md.
[[nodiscard]] std::string_view name_of(Type type);
[[nodiscard]] std::optional<Type> type_named(std::string_view name);

/// What an ambiguous "05/06/2026" means.
enum class DateOrder : std::uint8_t { kUnknown, kMonthFirst, kDayFirst };

/// What cells mean that do not say it themselves.
struct Habits {
    DateOrder date_order = DateOrder::kUnknown;
    std::int64_t utc_offset_ms = 8 * 3'600'000;  ///< of times without a zone
};

/// `YYYY-MM-DD` of a date as people and Excel write it: 2026-05-20, 2026/5/20, 2026.5.20,
/// 2026年5月20日, 20260520, with the year last by `order`; a time of midnight may follow.
[[nodiscard]] std::optional<std::string> parse_date(std::string_view text, DateOrder order);
/// A date with a time: as above, then 9:05 or 09:05:07, or ISO 8601 with its zone.
[[nodiscard]] std::optional<std::string> parse_time(std::string_view text, const Habits& habits);
/// Canonical decimal of a number as people write it: 1,234.50, ¥1,234, -3.
[[nodiscard]] std::optional<std::string> parse_number(std::string_view text);
[[nodiscard]] std::optional<bool> parse_boolean(std::string_view text);
/// True for digits that are a name rather than a number: leading zeros, or too many digits.
[[nodiscard]] bool is_code(std::string_view text);
/// The day that Excel counts as `serial`; nullopt outside 1900..9999.
[[nodiscard]] std::optional<std::string> date_of_serial(std::int64_t serial);

/// Puts a cell into a record; why not, if it is not of the column's type. An empty cell is null.
[[nodiscard]] Reason put_cell(abi::BatchWriter& out, std::uint16_t field, std::string_view cell,
                              Type type, const Habits& habits);

/// Guesses a column's type from its cells.
class TypeGuess {
public:
    void look_at(std::string_view cell);
    /// `wanted`: what the column is likely to be by its name; `order`: of dates that do not show it
    /// themselves. kText where nothing else holds for nearly all cells.
    [[nodiscard]] Type type(std::optional<Type> wanted, DateOrder order) const;
    /// Which the dates show; kUnknown if they do not.
    [[nodiscard]] DateOrder date_order() const;
    [[nodiscard]] std::uint64_t seen() const { return seen_; }  ///< cells that hold something
    /// The few values that a choice has; empty if it is none.
    [[nodiscard]] std::map<std::string, std::uint64_t> choices() const;

private:
    std::uint64_t seen_ = 0, integers_ = 0, numbers_ = 0, codes_ = 0, booleans_ = 0, emails_ = 0,
                  urls_ = 0, dates_ = 0, written_dates_ = 0, times_ = 0, serials_ = 0;
    bool month_first_ = true, day_first_ = true, ordered_ = false, long_ = false;
    std::map<std::string, std::uint64_t> values_;  // while they are few
};

}  // namespace kontor::csv
