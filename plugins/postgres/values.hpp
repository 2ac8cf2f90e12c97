#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/abi/record_batch.hpp"
#include "plugins/postgres/catalog.hpp"

namespace kontor::postgres {

/// The column in a SELECT, so that its text form has a canonical one.
[[nodiscard]] std::string read_expression(const Column& column, const Options& options);

/// Adds the column's value in canonical form. Values that have none (NaN, infinity, years before 1
/// and after 9999) are left out: absent, not null.
void add_value(abi::BatchWriter& out, std::uint16_t field, const Column& column,
               std::optional<std::string_view> text);

/// The `number`th parameter as a value of the column, in an INSERT or UPDATE.
[[nodiscard]] std::string write_expression(const Column& column, const Options& options,
                                           std::size_t number);
/// The text of a parameter() that stands in the column `name` of another table, as a value of the
/// column.
[[nodiscard]] std::string copied_expression(const Column& column, const Options& options,
                                            const std::string& name);
/// A value from a push as the parameter.
[[nodiscard]] Cell parameter(const Column& column, const abi::BatchReader::Field& value);

}  // namespace kontor::postgres
