#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/csv/encoding.hpp"
#include "plugins/csv/problem.hpp"

namespace kontor::csv {

/// A row of a file. The cells are valid until the next one.
struct Row {
    std::int64_t line = 0;  ///< on which it begins, from 1; of a sheet: its row
    std::vector<std::string_view> cells;
    Reason fault = Reason::kNone;  ///< the cells say nothing then
};

/// The rows of a CSV file or of a sheet, one after the other. Not thread-safe.
class RowSource {
public:
    virtual ~RowSource() = default;
    /// False at the end. Throws Unreadable.
    virtual bool next(Row& row) = 0;
    /// A row may have fewer cells than the header: those that it lacks are empty.
    [[nodiscard]] virtual bool ragged() const = 0;
};

/// Nothing more of a file can be read.
class Unreadable : public std::runtime_error {
public:
    explicit Unreadable(Reason why) : std::runtime_error(std::string(english(why))), reason(why) {}
    Reason reason;
};

/// How a CSV file is to be read; "" and 0: find out.
struct CsvSettings {
    std::string encoding;
    char delimiter = 0;
    bool fill_short_rows = false;
};

/// Rows of a CSV file. `source` gives its bytes; `encoding` is what they are.
[[nodiscard]] std::unique_ptr<RowSource> csv_rows(Source source, const std::string& encoding,
                                                  const CsvSettings& settings);

/// The delimiter that gives the first lines of `text` (UTF-8) the same number of cells, and the
/// most of them: a comma, semicolon, tab or bar. A comma if none does.
[[nodiscard]] char detect_delimiter(std::string_view text);

}  // namespace kontor::csv
