#pragma once

/// The canonical forms in which values cross the boundary (docs/connector-abi.md). A remote's form
/// goes in, ours comes out, so that equal values are equal bytes whatever remote they came from.
/// Pure functions; nothing throws unless said.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::sdk {

/// `YYYY-MM-DDTHH:MM:SS.sssZ`
inline constexpr std::size_t kInstantSize = 24;

/// Milliseconds since the Unix epoch of an ISO 8601 date-time with offset (`Z`, `+05:30`, `+0530`);
/// fractions beyond milliseconds are cut. nullopt if it is anything else or has no offset.
[[nodiscard]] std::optional<std::int64_t> parse_instant(std::string_view text);

/// Writes kInstantSize characters. Years outside 0..9999 are clamped.
void format_instant(std::int64_t ms, char* out);
[[nodiscard]] std::string format_instant(std::int64_t ms);

/// `YYYY-MM-DDTHH:MM:SS+00:00`, whole seconds, rounded down: for remotes without milliseconds.
[[nodiscard]] std::string format_seconds_offset(std::int64_t ms);

/// An HTTP date (`Sun, 06 Nov 1994 08:49:37 GMT`) in milliseconds.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view text);

/// True for `YYYY-MM-DD` that exists in the calendar.
[[nodiscard]] bool is_date(std::string_view text);

/// A number token as canonical decimal: no exponent, no superfluous zeros, `-0` is `0`. Works on
/// the text, so no digit is lost. Appends to `out`; false (nothing appended) if it is no JSON
/// number or would need more than 400 digits.
[[nodiscard]] bool append_decimal(std::string_view token, std::string& out);

/// The integer that a canonical decimal is, if it is one and fits.
[[nodiscard]] std::optional<std::int64_t> as_integer(std::string_view decimal);

/// A set of texts as compact JSON, sorted bytewise, duplicates removed. Invalid UTF-8 is replaced.
[[nodiscard]] std::string canonical_list(std::vector<std::string> items);

/// Any JSON as compact JSON with sorted keys and canonical numbers; a number keeps all its digits.
/// Throws Error(KONTOR_E_PROTOCOL) if it is no JSON or nested deeper than `depth_max`.
[[nodiscard]] std::string canonical_json(std::string_view json, int depth_max = 64);

/// `text` as a JSON string with its quotes. Invalid UTF-8 is replaced.
void append_json_string(std::string_view text, std::string& out);

}  // namespace kontor::sdk
