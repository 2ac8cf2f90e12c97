#pragma once

#include <string>
#include <string_view>

namespace kontor::api {

/// One cell of CSV (RFC 4180). `defuse`: a text that a spreadsheet would run as a formula gets an
/// apostrophe in front; numbers stay as they are.
[[nodiscard]] std::string csv_cell(std::string_view text, bool defuse);

}  // namespace kontor::api
