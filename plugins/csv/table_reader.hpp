#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "plugins/csv/rows.hpp"

namespace kontor::csv {

/// The rows below a header. A title above the header is passed over, as are empty rows.
class TableReader {
public:
    /// Reads the header. Throws Unreadable.
    explicit TableReader(std::unique_ptr<RowSource> rows);

    /// Names of the columns, each once; a column without one is called by its position.
    [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
    /// The next row that holds something, with as many cells as there are columns; else it has a
    /// fault. False at the end. Throws Unreadable.
    bool next(Row& row);

private:
    struct Kept {
        std::int64_t line = 0;
        std::vector<std::string> cells;
        Reason fault = Reason::kNone;
    };
    void name_columns(const std::vector<std::string>& header);
    void check(Row& row) const;

    std::unique_ptr<RowSource> rows_;
    std::vector<std::string> columns_;
    std::deque<Kept> ahead_;  // read to find the header
    Kept current_;
};

}  // namespace kontor::csv
