#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kontor::csv {

/// Why a row or a file was not taken in. The names are stable: they are values of a column.
enum class Reason : std::uint8_t {
    kNone,
    // A row.
    kOpenQuote,
    kBehindQuote,
    kTooLong,
    kTooManyCells,
    kCellCount,
    kEncoding,
    kNotInteger,
    kNotNumber,
    kNotDate,
    kNotTime,
    kNotBoolean,
    kSameKey,
    kNoParent,        ///< taken in, but without what it names
    kSeveralParents,  ///< the same
    // A file.
    kUnreadable,
    kNotWorkbook,
    kProtected,
    kTooLarge,
    kNoHeader,
    kNoKeyColumn,
    kNewTable,
    kMore,  ///< further rows of a file that has very many
};

[[nodiscard]] std::string_view name_of(Reason reason);
/// False if the row was taken in all the same.
[[nodiscard]] bool is_refusal(Reason reason);
/// For people.
[[nodiscard]] std::string_view english(Reason reason);
[[nodiscard]] std::string_view chinese(Reason reason);

/// One row, or one file (line 0), that was not taken in.
struct Problem {
    std::string file;  ///< as the person sees it, below the folder
    std::int64_t line = 0;
    std::string column;  ///< "" = the row as a whole
    Reason reason = Reason::kNone;
};

}  // namespace kontor::csv
