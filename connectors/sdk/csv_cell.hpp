#pragma once

#include <string>
#include <string_view>

namespace kontor::sdk {

/// One cell of CSV (RFC 4180). `defuse`: a text that a spreadsheet would run as a formula gets an
/// apostrophe in front; numbers stay as they are.
[[nodiscard]] std::string csv_cell(std::string_view text, bool defuse, char delimiter = ',');

/// The text that csv_cell() defused; any other text as it is.
[[nodiscard]] std::string_view csv_undefused(std::string_view text);

}  // namespace kontor::sdk
