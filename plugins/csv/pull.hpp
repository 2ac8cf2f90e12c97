#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "connectors/sdk/connector.hpp"
#include "plugins/csv/folder.hpp"
#include "plugins/csv/parents.hpp"
#include "plugins/csv/problem.hpp"
#include "plugins/csv/table.hpp"
#include "plugins/csv/table_reader.hpp"

namespace kontor::csv {

/// Takes what is wrong with a piece's rows.
using ProblemSink = std::function<void(const Problem&)>;

/// Reads one piece row by row: what is sound goes into `out`, the rest to `problems`. A row is
/// taken whole or not at all.
class PieceReader {
public:
    /// `parents` finds what rows of other tables the rows name; nullptr where it does not matter.
    /// Throws Unreadable.
    PieceReader(Folder& folder, const Piece& piece, const Facts& facts, const Table& table,
                const sdk::Request& request, const Habits& habits, Parents* parents,
                ProblemSink problems);

    /// Appends the next sound row as a record, or only its id. False at the end. Throws Unreadable.
    bool next(abi::BatchWriter& out, abi::Op op);
    /// Of the row last appended.
    [[nodiscard]] const std::string& id() const { return id_; }
    /// True if a row named one of another table that is not there, or cannot be told from others.
    [[nodiscard]] bool waits() const { return waits_; }

private:
    [[nodiscard]] bool put(abi::BatchWriter& out);
    void put_references(abi::BatchWriter& out);
    [[nodiscard]] std::string_view text_at(std::size_t cell) const;
    void complain(Reason reason, std::string column = {});

    struct Cell {
        std::size_t at;
        std::uint16_t field;
        const Column* column;
    };
    struct Name {
        std::size_t at;
        std::uint16_t field;
        const Reference* reference;
    };
    const Piece& piece_;
    Parents* const parents_;
    const ProblemSink problems_;
    TableReader reader_;
    RowIds ids_;
    std::vector<Cell> cells_;
    std::vector<Habits> habits_;  // of each cell's column
    std::vector<Name> names_;
    abi::BatchWriter probe_;
    const bool own_file_;  // written by Kontor: formulas were defused
    Row row_;
    std::string id_;
    bool waits_ = false;
};

/// Hands over the rows of a table's files that changed since `cursor`. The new cursor.
[[nodiscard]] std::string pull_table(sdk::Host& host, Folder& folder, Tables& tables,
                                     const Options& options, const Table& table,
                                     const sdk::Request& request, std::string_view cursor);

/// Hands over the rows of these ids. One that is in no file is missing; as long as not all can be
/// read, nobody knows.
void fetch_table(sdk::Host& host, Folder& folder, Tables& tables, const Options& options,
                 const Table& table, const sdk::Request& request);

/// Hands over the ids of all rows of a table. True if they are surely all: every file could be
/// read, and every row.
[[nodiscard]] bool list_table(sdk::Host& host, Folder& folder, const Options& options,
                              const Table& table);

}  // namespace kontor::csv
