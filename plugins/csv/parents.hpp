#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/csv/folder.hpp"
#include "plugins/csv/tables.hpp"

namespace kontor::csv {

/// Finds the rows that the rows of a table name: a contact's company, by its key or its name. Reads
/// the other tables when it is first asked, and keeps their keys and names. Not thread-safe.
class Parents {
public:
    /// All must outlive this.
    Parents(Folder& folder, Tables& tables, const Table& table)
        : folder_(folder), tables_(tables), table_(table) {}

    struct Answer {
        Reason reason = Reason::kNone;  ///< why there is none
        std::string_view id;            ///< valid as long as this object
    };
    /// The row that `cell` means, which is not blank.
    [[nodiscard]] Answer find(const Reference& reference, std::string_view cell);

    /// fingerprint() of those files that may hold the other tables.
    [[nodiscard]] std::uint64_t fingerprint(std::vector<sdk::ListedFile> files) const;

private:
    struct Index {
        std::unordered_map<std::string, std::string> by_key;
        std::unordered_map<std::string, std::string> by_name;  // "" = several
    };
    const Index& index_of(const std::string& table);
    void read(const Piece& piece, const Table& table, Index& out);

    Folder& folder_;
    Tables& tables_;
    const Table& table_;
    std::map<std::string, Index> indexes_;
};

}  // namespace kontor::csv
