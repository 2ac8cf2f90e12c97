#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/csv/options.hpp"
#include "plugins/csv/rows.hpp"

namespace kontor::csv {

/// What reading a whole file once tells.
struct Facts {
    std::string encoding;
    std::uint64_t hash = 0;
};

/// The part of a file that belongs to one table: a CSV file, or a sheet of a workbook.
struct Piece {
    sdk::ListedFile file;
    std::string table;
    std::string sheet;  ///< "" for a CSV file

    /// As a person knows it: "2026/may.csv", "team.xlsx#People".
    [[nodiscard]] std::string shown() const;
};

/// The granted folder of files. A file in it is a table by its name; those of a folder below it
/// belong together and are a table by that folder's name. Not thread-safe.
class Folder {
public:
    Folder(sdk::Host& host, const Options& options) : host_(host), options_(options) {}

    /// The files that are tables, the one changed last at the end. Waits for files that were
    /// written just now, so that none is read half.
    [[nodiscard]] std::vector<sdk::ListedFile> files();
    /// The tables that a file holds. Throws Unreadable.
    [[nodiscard]] std::vector<Piece> pieces(const sdk::ListedFile& file);
    /// False if no table of that name can be in the file.
    [[nodiscard]] bool may_hold(const sdk::ListedFile& file, std::string_view table) const;

    [[nodiscard]] Facts facts(const sdk::ListedFile& file);
    /// Throws Unreadable. What it returns must not outlive this object.
    [[nodiscard]] std::unique_ptr<RowSource> open(const Piece& piece, const Facts& facts);

private:
    [[nodiscard]] std::string table_of(const sdk::ListedFile& file) const;
    [[nodiscard]] std::string sheet_table(const sdk::ListedFile& file, const std::string& sheet,
                                          bool only) const;

    sdk::Host& host_;
    const Options& options_;
};

[[nodiscard]] bool is_workbook(std::string_view path);

}  // namespace kontor::csv
