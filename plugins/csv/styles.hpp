#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::csv {

/// What a number in a sheet means by its format.
enum class NumberKind : std::uint8_t { kNumber, kDate, kTime, kDateTime };

/// Of a format as people write it: "yyyy/m/d h:mm", "[$-804]yyyy年m月d日", "0.00".
[[nodiscard]] NumberKind kind_of_format(std::string_view format);
/// Of the formats that have a number and no text.
[[nodiscard]] NumberKind kind_of_builtin(int id);

/// The kinds of the cell styles, by their number, from xl/styles.xml. Throws Unreadable.
[[nodiscard]] std::vector<NumberKind> read_styles(const std::string& xml);

/// A cell's number as text: canonical decimal, or date and time. As it stands if it is none.
[[nodiscard]] std::string number_text(std::string_view value, NumberKind kind, bool from_1904);

}  // namespace kontor::csv
