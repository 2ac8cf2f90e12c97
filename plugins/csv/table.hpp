#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "connectors/sdk/description.hpp"
#include "plugins/csv/values.hpp"

namespace kontor::csv {

struct Column {
    std::string name;
    Type type = Type::kText;
    DateOrder order = DateOrder::kUnknown;  ///< which its dates show
    std::string hint;                       ///< the standard column that it means
    std::vector<std::string> choices;
    bool identifies = false;  ///< part of who a record is, where no key tells
};

/// A column whose cells name rows of another table. It is a field beside the column's own.
struct Reference {
    std::string field;   ///< "公司 > 客户"
    std::string column;  ///< of this table
    std::string table;   ///< the other one
    std::string hint;    ///< the standard column that it means
};

/// What a table is: its columns, and what tells its rows apart.
struct Table {
    std::string name, entity;
    std::string key;  ///< the column; "" = the rows' identifying columns
    std::vector<Column> columns;
    std::vector<Reference> references;

    [[nodiscard]] const Column* column(std::string_view wanted) const;
    [[nodiscard]] sdk::StreamSpec stream(bool complete) const;
};

/// True for a column that is part of who a record is: a name, a company.
[[nodiscard]] bool identifies(std::string_view column);

/// The ids of a file's rows: the key's value, or what the identifying columns hold.
class RowIds {
public:
    /// `columns`: names of the file's columns, in order.
    RowIds(const Table& table, const std::vector<std::string>& columns);

    /// nullopt for a second row with the same key. Rows that hold the same are counted instead.
    [[nodiscard]] std::optional<std::string> next(const std::vector<std::string_view>& cells);

private:
    std::optional<std::size_t> key_;
    std::vector<std::size_t> identifying_;
    std::unordered_map<std::uint64_t, std::uint32_t> seen_;
};

}  // namespace kontor::csv
