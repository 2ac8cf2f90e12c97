#include "plugins/postgres/versions.hpp"

#include <algorithm>

namespace kontor::postgres {
namespace {

constexpr const char* kDigits = ", 20, '0')";

bool counts(const Table& table) {
    return table.column(table.version_column)->kind == Kind::kInteger;
}

std::string of_column(const Table& table) {
    const auto name = identifier(table.version_column);
    if (counts(table))
        return "pg_catalog.lpad(greatest(" + name + ", 0)::pg_catalog.text" + kDigits;
    return "pg_catalog.to_char(" + name +
           " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";
}

std::string of_transaction(const std::string& counter) {
    return "pg_catalog.lpad((" + counter + ")::pg_catalog.text" + kDigits +
           " || '-' || xmin::pg_catalog.text";
}

}  // namespace

bool has_lasting_version(const Table& table) {
    return !table.version_column.empty();
}

bool has_version(const Table& table) {
    return has_lasting_version(table) || table.has_xmin;
}

std::string version_expression(const Table& table) {
    if (has_lasting_version(table)) return of_column(table);
    if (!table.has_xmin) return "''";
    return of_transaction("pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())");
}

std::string written_version_expression(const Table& table) {
    if (has_lasting_version(table)) return of_column(table);
    // PostgreSQL does not tell xmin of a row that it has put into a partition.
    if (!table.has_xmin || table.partitioned) return "''";
    return of_transaction("pg_catalog.pg_current_xact_id()::pg_catalog.text::pg_catalog.int8 + 1");
}

std::string version_condition(const Table& table, std::size_t number) {
    const auto parameter = "$" + std::to_string(number);
    if (has_lasting_version(table)) return identifier(table.version_column) + " = " + parameter;
    return "xmin::pg_catalog.text = " + parameter;
}

std::string version_parameter(const Table& table, std::string_view version) {
    if (!has_lasting_version(table)) return std::string(version.substr(version.find('-') + 1));
    if (!counts(table)) return std::string(version);
    const auto digit = version.find_first_not_of('0');
    return digit == std::string_view::npos ? "0" : std::string(version.substr(digit));
}

}  // namespace kontor::postgres
