#pragma once

/// The version of a row, and a statement's condition that the row still has it.
///
/// With a version column it is its value. Else it is the transaction that wrote the row (xmin),
/// after the transaction counter at the time of reading: xmin alone goes back when a transaction
/// that began earlier writes a row later. So such a version is that of a reading: it never gets
/// less, and two readings of one state differ. The host compares their content. PostgreSQL only.

#include <string>
#include <string_view>

#include "plugins/postgres/catalog.hpp"

namespace kontor::postgres {

/// False for a view without a version column: nothing tells its versions apart.
[[nodiscard]] bool has_version(const Table& table);
/// A column's value, rather than xmin.
[[nodiscard]] bool has_lasting_version(const Table& table);
/// In a SELECT; text.
[[nodiscard]] std::string version_expression(const Table& table);
/// In a RETURNING: as a reading that begins after this transaction; '' if only a reading tells.
[[nodiscard]] std::string written_version_expression(const Table& table);
/// In a WHERE, against the `number`th parameter.
[[nodiscard]] std::string version_condition(const Table& table, std::size_t number);
/// That parameter.
[[nodiscard]] std::string version_parameter(const Table& table, std::string_view version);

}  // namespace kontor::postgres
