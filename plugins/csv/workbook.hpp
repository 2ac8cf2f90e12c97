#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/sdk/host.hpp"
#include "plugins/csv/rows.hpp"

namespace kontor::csv {

/// Limits of what is read of a workbook, which may be made to be unpacked to anything.
inline constexpr std::int64_t kWorkbookBytesMax = std::int64_t{256} << 20;  ///< the file
/// Nothing of a workbook unpacks to more than so many times the file, small files apart.
inline constexpr std::int64_t kRatioMax = 400, kRatioFrom = std::int64_t{64} << 20;
inline constexpr std::size_t kEntriesMax = 4'096;
inline constexpr std::size_t kSheetBytesMax = std::size_t{512} << 20;   ///< a sheet, unpacked
inline constexpr std::size_t kStringsBytesMax = std::size_t{96} << 20;  ///< all shared texts
inline constexpr std::size_t kPartBytesMax = std::size_t{4} << 20;      ///< any other part
inline constexpr std::size_t kRowXmlMax = std::size_t{4} << 20;         ///< one row or text
inline constexpr std::size_t kColumnsMax = 4'096;
inline constexpr std::size_t kSheetsMax = 256;

/// Names of the sheets of an XLSX workbook that are not hidden and not empty, in their order.
/// Throws Unreadable.
[[nodiscard]] std::vector<std::string> sheet_names(const sdk::HostFile& file, std::int64_t size);

/// The rows of a sheet as texts: numbers as canonical decimals, dates and times as ISO 8601 without
/// zone, booleans as TRUE and FALSE, errors as empty cells, formulas as their last result. Throws
/// Unreadable.
[[nodiscard]] std::unique_ptr<RowSource> sheet_rows(sdk::HostFile file, std::int64_t size,
                                                    const std::string& sheet);

}  // namespace kontor::csv
