#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kontor {

/// Canonical decimal text: optional minus, digits without leading zeros, a fraction without
/// trailing zeros, no exponent, no "-0". nullopt if `text` is no decimal number (exponents up to
/// ±400 are expanded).
[[nodiscard]] std::optional<std::string> canonical_decimal(std::string_view text);

/// True if canonical_decimal() would give `text` back. Quick: it is asked for every decimal loaded.
[[nodiscard]] bool is_canonical_decimal(std::string_view text);

/// The canonical text of a double with at most `scale` digits after the point (half away from
/// zero); scale < 0: the shortest text that reads back the same.
[[nodiscard]] std::string decimal_from_real(double value, int scale);

/// Significant digits of a canonical decimal: 15 or fewer survive a double.
[[nodiscard]] int significant_digits(std::string_view canonical);

/// a + b − c, exactly; nullopt if one is no decimal.
[[nodiscard]] std::optional<std::string> add_subtract(std::string_view a, std::string_view b,
                                                      std::string_view c);

/// <0, 0, >0; both canonical.
[[nodiscard]] int compare_decimals(std::string_view a, std::string_view b);

}  // namespace kontor
