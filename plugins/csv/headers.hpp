#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/csv/values.hpp"

namespace kontor::csv {

/// What a column's name says of it.
struct Meaning {
    std::string_view column;   ///< the standard column that it means
    std::optional<Type> type;  ///< what its cells should be
};

/// The kind of record that a table holds, by its name and the names of its columns; "" if neither
/// tells.
[[nodiscard]] std::string_view entity_of(std::string_view table,
                                         const std::vector<std::string>& columns);

/// What `column` means in a table of `entity`, in Chinese or English.
[[nodiscard]] Meaning meaning_of(std::string_view entity, std::string_view column);

/// What a column of `entity` names a record of; empty if it names none.
struct Names {
    std::string_view entity;
    std::string_view column;  ///< the standard one that holds the reference
};
[[nodiscard]] Names named_by(std::string_view entity, std::string_view column);
/// The standard column of a reference to `entity`: account_id; empty if it has none.
[[nodiscard]] std::string_view reference_to(std::string_view entity);

/// True for a name of the column that tells records apart: "id", "编号", "Customer No.".
[[nodiscard]] bool names_a_key(std::string_view column);

/// The name of the column in which files of Kontor bear their records' keys.
inline constexpr std::string_view kKeyColumn = "kontor_id";

/// One standard column as an exported file has it.
struct StandardColumn {
    std::string_view column, header;
    std::optional<Type> type;
};
/// The columns that an exported file of `entity` has; empty for entities that are not exported.
[[nodiscard]] std::vector<StandardColumn> standard_columns(std::string_view entity);

}  // namespace kontor::csv
