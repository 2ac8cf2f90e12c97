#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/sdk/connector.hpp"
#include "plugins/postgres/options.hpp"
#include "plugins/postgres/session.hpp"

namespace kontor::postgres {

/// What a column's type means here.
enum class Kind {
    kText,
    kInteger,
    kReal,
    kDecimal,
    kBoolean,
    kDate,
    kInstant,       ///< timestamp with time zone
    kLocalInstant,  ///< timestamp without: in Options::time_zone
    kChoice,        ///< an enum
    kList,          ///< an array of texts
    kJson,
    kOther,  ///< shown as text, not written
    kHidden  ///< not shown: binary, search vectors
};

struct Column {
    std::string name, comment;
    std::string sql_type;   ///< as format_type() writes it
    std::string base_type;  ///< without length or precision; "" = text goes in as it is
    Kind kind = Kind::kOther;
    int position = 0;
    int max_length = 0, precision = 0, scale = 0;
    bool not_null = false, has_default = false, generated = false;
    bool may_insert = false, may_update = false;
    bool unique = false;
    std::string references;  ///< stream; "" = none
    std::vector<std::string> choices;
};

/// How changes of a table are found.
enum class Changes { kTriggers, kColumn, kTransactions, kAll };

struct Table {
    std::string oid, schema, name, stream, comment;
    bool view = false;
    bool partitioned = false;
    bool has_xmin = false;  ///< a table all of which we may read
    bool partial = false;   ///< policies may hide rows from us
    bool may_insert = false, may_update = false, may_delete = false;
    Changes changes = Changes::kAll;
    std::vector<Column> columns;
    std::vector<std::string> key;                             ///< columns of the id
    std::string modified_column, version_column, key_column;  ///< "" = none

    [[nodiscard]] const Column* column(std::string_view column_name) const;
    [[nodiscard]] const Column& key_part(std::size_t i) const { return *column(key[i]); }
    /// "schema"."table"
    [[nodiscard]] std::string sql_name() const {
        return identifier(schema) + "." + identifier(name);
    }
    [[nodiscard]] bool in_key(std::string_view column_name) const;
};

/// Reads what the tables and views of the options look like. Those without a key that identifies a
/// row are left out and named in the log. Throws sdk::Error: KONTOR_E_NOT_FOUND if one that the
/// options name is not there or may not be read.
[[nodiscard]] std::vector<Table> read_catalog(Session& session, const Options& options,
                                              sdk::Host& host);

/// As the host is told of it.
[[nodiscard]] sdk::StreamSpec describe(const Table& table);

}  // namespace kontor::postgres
