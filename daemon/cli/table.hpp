#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::cli {

/// Rows and columns to be shown. A plain value; cells are UTF-8 as they came.
struct Table {
    struct Column {
        std::string title;
        bool right = false;   ///< numbers
        std::size_t min = 8;  ///< cells it keeps when the terminal is too narrow
        /// Not 0: left out where the terminal has no room for it, the highest first.
        std::size_t spare = 0;
    };
    std::vector<Column> columns;
    std::vector<std::vector<std::string>> rows;  ///< as many cells each as there are columns

    /// One row more; missing cells are empty.
    void add(std::vector<std::string> row);
};

struct TableLook {
    std::size_t width_max = 0;  ///< terminal cells; 0 = no limit (not a terminal)
    bool bold_titles = false;
    bool titles = true;
};

/// Aligned columns, two spaces apart, ending in a line break. Cells are made printable; where the
/// terminal is too narrow even for what each column keeps, spare ones are left out, and then the
/// widest columns are clipped first.
[[nodiscard]] std::string render_table(const Table& table, const TableLook& look);

/// RFC 4180 with CRLF. With `bom` it starts with a byte order mark, for Excel. A text cell that a
/// spreadsheet would run as a formula (= + - @ first, not a number) gets an apostrophe in front.
[[nodiscard]] std::string render_csv(const Table& table, bool bom);

/// A Markdown table.
[[nodiscard]] std::string render_markdown(const Table& table);

}  // namespace kontor::cli
