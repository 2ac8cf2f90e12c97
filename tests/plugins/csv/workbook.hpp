#pragma once

#include <map>
#include <string>

namespace kontor::test {

/// A ZIP archive of these files.
[[nodiscard]] std::string zip_of(const std::map<std::string, std::string>& parts);

/// The parts of a workbook with one sheet "Sheet1" of these rows (XML within sheetData), shared
/// texts (XML within sst) and cell styles (XML within styleSheet).
[[nodiscard]] std::map<std::string, std::string> workbook_with(const std::string& rows,
                                                               const std::string& strings = {},
                                                               const std::string& styles = {});

}  // namespace kontor::test
