#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/csv/folder.hpp"
#include "plugins/csv/state.hpp"
#include "plugins/csv/table.hpp"
#include "plugins/csv/table_reader.hpp"

namespace kontor::csv {

/// The tables of the folder: what is in its files, together with what was decided before.
class Tables {
public:
    Tables(sdk::Host& host, Folder& folder, const Options& options)
        : host_(host), folder_(folder), options_(options), state_(host) {}

    /// Reads all files and decides what their columns are. Remembers it.
    const std::map<std::string, Table>& describe();
    /// A table as it was described. Throws sdk::Error(KONTOR_E_NOT_FOUND) if it never was.
    [[nodiscard]] const Table& table(std::string_view name);

    /// A table that is pulled is mapped; one that was only described may never be. Remembers it.
    /// Throws sdk::Error(KONTOR_E_NOT_FOUND) if it was never described.
    [[nodiscard]] const Table& table_to_pull(std::string_view name);
    [[nodiscard]] bool was_pulled(std::string_view name) const;
    /// Another number when one more table was pulled.
    [[nodiscard]] std::uint64_t pulled_fingerprint() const;
    /// Where an earlier version did not keep what was pulled, all that was described counts as
    /// pulled until this is called: when a whole round has pulled all that is mapped.
    void end_round();

private:
    struct Look;  // what was seen of a table
    void look_at(const Piece& piece, Look& look);
    void look_if_readable(const Piece& piece, Look& look);
    [[nodiscard]] Table decide(const std::string& name, const Look& look);
    [[nodiscard]] std::string choose_key(const std::string& name, const Look& look) const;
    void link();
    [[nodiscard]] std::string named_table(const std::string& table,
                                          const std::string& column) const;
    void add_references(Table& table) const;
    [[nodiscard]] Column column_of(const std::string& table, const std::string& entity,
                                   const std::string& name, const TypeGuess& guess) const;

    sdk::Host& host_;
    Folder& folder_;
    const Options& options_;
    State state_;
    std::map<std::string, Table> tables_;
};

}  // namespace kontor::csv
