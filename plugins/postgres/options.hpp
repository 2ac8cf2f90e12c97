#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kontor::postgres {

/// A table or view of the option "tables", with what is particular to it.
struct TableOption {
    std::string name;  ///< "table" or "schema.table"
    /// "id", "modified", "version", "key": columns instead of those that the options name.
    std::map<std::string, std::string, std::less<>> columns;
};

/// The connection's options.
struct Options {
    std::string host, database, schema = "public";
    std::int64_t port = 5432;
    std::vector<TableOption> tables;  ///< none: all of the schema
    std::string modified_column = "updated_at", version_column, key_column = "kontor_id";
    std::string time_zone = "UTC";  ///< of columns without one
    std::int64_t overlap_s = 60;
    bool install_triggers = false;

    /// Throws sdk::Error (KONTOR_E_INVALID) that names what is wrong.
    [[nodiscard]] static Options parse(std::string_view config);
    /// What is to be dialled: "postgresql://host:port/database".
    [[nodiscard]] std::string address() const;
};

}  // namespace kontor::postgres
