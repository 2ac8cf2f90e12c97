#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/csv_reader.hpp"
#include "plugins/zoho/columns.hpp"

namespace kontor::zoho {

/// How a bulk result is read.
[[nodiscard]] sdk::CsvFormat bulk_format();

/// Turns the rows of a Bulk Read result into records. The header row says which column is which;
/// order means nothing; columns that were not asked for are skipped. An empty cell is null.
class CsvRecords {
public:
    enum class As { kRecords, kIds };

    /// Reads the header row. Throws KONTOR_E_PROTOCOL if there is no id column.
    CsvRecords(sdk::CsvReader& csv, const Columns& columns, As as);

    /// Appends the next record. False at the end of the file.
    bool next(abi::BatchWriter& out);
    /// Passes over the next `count` records, which an earlier run handed over.
    void skip(std::int64_t count);

private:
    void cell(const Column& column, std::string_view text, abi::BatchWriter& out);
    [[nodiscard]] std::string_view instant(std::string_view text, char* buffer) const;

    sdk::CsvReader& csv_;
    As as_;
    std::vector<const Column*> by_position_;
    std::size_t id_ = 0, modified_ = 0, modifier_ = 0;  // position + 1; 0 = not there
    std::vector<std::string_view> row_;
    std::string text_;
    std::vector<std::string> items_;
};

}  // namespace kontor::zoho
