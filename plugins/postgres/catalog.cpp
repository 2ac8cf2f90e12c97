#include "plugins/postgres/catalog.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "plugins/postgres/triggers.hpp"

namespace kontor::postgres {
namespace {

constexpr const char* kTables =
    "SELECT c.oid, n.nspname, c.relname, c.relkind, pg_catalog.obj_description(c.oid, 'pg_class'),"
    " pg_catalog.has_any_column_privilege(c.oid, 'INSERT'),"
    " pg_catalog.has_any_column_privilege(c.oid, 'UPDATE'),"
    " pg_catalog.has_table_privilege(c.oid, 'DELETE'),"
    " pg_catalog.pg_relation_is_updatable(c.oid, true), pg_catalog.row_security_active(c.oid),"
    " pg_catalog.has_table_privilege(c.oid, 'SELECT')"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition"
    " AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
    " AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')"
    " AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT')"
    " AND (n.nspname = $1 OR n.nspname || '.' || c.relname = ANY($2::pg_catalog.text[]))"
    " ORDER BY n.nspname, c.relname";

// A domain counts as what it is made of.
constexpr const char* kColumnQuery =
    "SELECT a.attrelid, a.attname, a.attnum, pg_catalog.col_description(a.attrelid, a.attnum),"
    " pg_catalog.format_type(a.atttypid, a.atttypmod), t.typname, t.typtype,"
    " coalesce(nullif(a.atttypmod, -1), nullif(d.typtypmod, -1), -1),"
    " a.attnotnull OR d.typnotnull, a.atthasdef OR a.attidentity <> '',"
    " a.attgenerated <> '' OR a.attidentity = 'a',"
    " pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'INSERT'),"
    " pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'UPDATE'),"
    " coalesce(e.typname, ''), coalesce(e.typtype, ''),"
    " CASE WHEN e.typtype = 'e' THEN e.oid ELSE t.oid END,"
    " pg_catalog.format_type(t.oid, NULL)"
    " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type d ON d.oid = a.atttypid"
    " JOIN pg_catalog.pg_type t ON t.oid = coalesce(nullif(d.typbasetype, 0), d.oid)"
    " LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'"
    " WHERE a.attrelid = ANY($1::pg_catalog.oid[]) AND a.attnum > 0 AND NOT a.attisdropped"
    " AND pg_catalog.has_column_privilege(a.attrelid, a.attnum, 'SELECT')"
    " ORDER BY a.attrelid, a.attnum";

constexpr const char* kKeys =
    "SELECT indrelid, indisprimary, (indkey::pg_catalog.int2[])[0:indnkeyatts - 1]"
    " FROM pg_catalog.pg_index WHERE indrelid = ANY($1::pg_catalog.oid[]) AND indisunique"
    " AND indisvalid AND indpred IS NULL AND indexprs IS NULL";

constexpr const char* kForeignKeys =
    "SELECT conrelid, confrelid, conkey[1], confkey[1] FROM pg_catalog.pg_constraint"
    " WHERE contype = 'f' AND conrelid = ANY($1::pg_catalog.oid[])"
    " AND pg_catalog.array_length(conkey, 1) = 1";

constexpr const char* kEnums =
    "SELECT enumtypid, enumlabel FROM pg_catalog.pg_enum ORDER BY enumtypid, enumsortorder";

const std::string& text(const Cell& cell) {
    static const std::string none;
    return cell ? *cell : none;
}

bool flag(const Cell& cell) {
    return text(cell) == "t";
}

int number(const Cell& cell) {
    int out = 0;
    const auto& from = text(cell);
    std::from_chars(from.data(), from.data() + from.size(), out);
    return out;
}

// "{1,2}", or with bounds: "[0:1]={1,2}".
std::vector<int> numbers(std::string_view from) {
    std::vector<int> out;
    if (const auto open = from.find('{'); open != std::string_view::npos)
        from.remove_prefix(open + 1);
    while (!from.empty()) {
        int value = 0;
        const auto end = std::from_chars(from.data(), from.data() + from.size(), value).ptr;
        if (end == from.data()) break;
        out.push_back(value);
        from.remove_prefix(std::min(static_cast<std::size_t>(end - from.data()) + 1, from.size()));
    }
    return out;
}

bool is_text(std::string_view type) {
    return type == "text" || type == "varchar" || type == "bpchar" || type == "citext" ||
           type == "name";
}

Kind kind_of(std::string_view type, std::string_view category, std::string_view element,
             std::string_view element_category) {
    if (category == "e") return Kind::kChoice;
    if (!element.empty())
        return is_text(element) || element_category == "e" ? Kind::kList : Kind::kOther;
    if (is_text(type) || type == "uuid" || type == "inet" || type == "cidr" || type == "macaddr" ||
        type == "time" || type == "xml")
        return Kind::kText;
    if (type == "int2" || type == "int4" || type == "int8") return Kind::kInteger;
    if (type == "float4" || type == "float8") return Kind::kReal;
    if (type == "numeric") return Kind::kDecimal;
    if (type == "bool") return Kind::kBoolean;
    if (type == "date") return Kind::kDate;
    if (type == "timestamptz") return Kind::kInstant;
    if (type == "timestamp") return Kind::kLocalInstant;
    if (type == "json" || type == "jsonb") return Kind::kJson;
    if (type == "bytea" || type == "tsvector" || type == "oid") return Kind::kHidden;
    return Kind::kOther;
}

class Reader {
public:
    Reader(Session& session, const Options& options, sdk::Host& host)
        : session_(session), options_(options), host_(host) {}

    std::vector<Table> run() {
        read_tables();
        if (tables_.empty()) return {};
        std::vector<std::string> oids;
        for (const auto& table : tables_) oids.push_back(table.oid);
        const std::vector<Cell> all{array_text(oids)};
        read_columns(all);
        read_keys(all);
        for (auto& table : tables_) choose_columns(table);
        drop_without_key();
        read_references(all);
        find_changes(session_, tables_, options_);
        return std::move(tables_);
    }

private:
    const TableOption* option_of(const Table& table) const {
        for (const auto& each : options_.tables)
            if (each.name == table.schema + "." + table.name ||
                (table.schema == options_.schema && each.name == table.name))
                return &each;
        return nullptr;
    }

    void read_tables() {
        std::vector<std::string> named;
        for (const auto& table : options_.tables) named.push_back(table.name);
        std::set<const TableOption*> found;
        for (const auto& row : session_.rows({kTables, {options_.schema, array_text(named)}}, 11)) {
            Table table;
            table.oid = text(row[0]);
            table.schema = text(row[1]);
            table.name = text(row[2]);
            if (is_ours(table)) continue;
            const auto* const option = option_of(table);
            if (!options_.tables.empty() && option == nullptr) continue;
            found.insert(option);
            table.stream =
                table.schema == options_.schema ? table.name : table.schema + "." + table.name;
            const char relkind = text(row[3]).empty() ? 'r' : text(row[3])[0];
            table.view = relkind == 'v' || relkind == 'm' || relkind == 'f';
            table.partitioned = relkind == 'p';
            table.has_xmin = !table.view && flag(row[10]);
            table.comment = text(row[4]);
            // Bits: what of a view can be written; all of a table.
            const int can = number(row[8]);
            table.may_update = flag(row[6]) && (can & 4) != 0;
            table.may_insert = flag(row[5]) && (can & 8) != 0;
            table.may_delete = flag(row[7]) && (can & 16) != 0;
            table.partial = flag(row[9]);
            tables_.push_back(std::move(table));
        }
        for (const auto& table : options_.tables)
            if (!found.contains(&table))
                throw sdk::Error(KONTOR_E_NOT_FOUND,
                                 "there is no table or view " + table.name +
                                     ", or its columns may not be read (GRANT SELECT)")
                    .stream(table.name);
    }

    Table* table_of(const Cell& oid) {
        const auto found = std::ranges::find(tables_, text(oid), &Table::oid);
        return found == tables_.end() ? nullptr : &*found;
    }

    void read_columns(const std::vector<Cell>& all) {
        std::map<std::string, std::vector<std::string>> enums;
        for (const auto& row : session_.rows({kEnums, {}}, 2))
            enums[text(row[0])].push_back(text(row[1]));
        for (const auto& row : session_.rows({kColumnQuery, all}, 17)) {
            Table* const table = table_of(row[0]);
            if (table == nullptr) continue;
            Column column;
            column.name = text(row[1]);
            column.position = number(row[2]);
            column.comment = text(row[3]);
            column.sql_type = text(row[4]);
            if (!is_text(text(row[5]))) column.base_type = text(row[16]);
            column.kind = kind_of(text(row[5]), text(row[6]), text(row[13]), text(row[14]));
            if (const int modifier = number(row[7]); modifier >= 4) {
                if (column.kind == Kind::kDecimal) {
                    column.precision = (modifier - 4) >> 16;
                    column.scale = (modifier - 4) & 0x7ff;
                } else if (column.kind == Kind::kText) {
                    column.max_length = modifier - 4;
                }
            }
            column.not_null = flag(row[8]);
            column.has_default = flag(row[9]);
            column.generated = flag(row[10]);
            column.may_insert = flag(row[11]);
            column.may_update = flag(row[12]);
            if (const auto found = enums.find(text(row[15])); found != enums.end())
                column.choices = found->second;
            table->columns.push_back(std::move(column));
        }
    }

    void read_keys(const std::vector<Cell>& all) {
        for (const auto& row : session_.rows({kKeys, all}, 3)) {
            Table* const table = table_of(row[0]);
            if (table == nullptr) continue;
            std::vector<std::string> names;
            for (const int position : numbers(text(row[2])))
                if (const auto* column = at(*table, position)) names.push_back(column->name);
            if (names.empty()) continue;
            if (names.size() == 1)
                std::ranges::find(table->columns, names[0], &Column::name)->unique = true;
            if (flag(row[1])) table->key = std::move(names);
        }
    }

    static const Column* at(const Table& table, int position) {
        const auto found = std::ranges::find(table.columns, position, &Column::position);
        return found == table.columns.end() ? nullptr : &*found;
    }

    // A column that an entry of "tables" names must be there; one that holds for all need not.
    std::string chosen(const Table& table, const char* what, const std::string& otherwise) const {
        const auto* const option = option_of(table);
        if (option != nullptr)
            if (const auto named = option->columns.find(what); named != option->columns.end()) {
                if (!named->second.empty() && table.column(named->second) == nullptr)
                    throw sdk::Error(KONTOR_E_INVALID, "option tables: " + table.stream +
                                                           " has no column " + named->second)
                        .stream(table.stream);
                return named->second;
            }
        return table.column(otherwise) != nullptr ? otherwise : "";
    }

    void choose_columns(Table& table) const {
        table.modified_column = chosen(table, "modified", options_.modified_column);
        table.version_column = chosen(table, "version", options_.version_column);
        table.key_column = chosen(table, "key", options_.key_column);
        if (const auto* column = table.column(table.modified_column);
            column != nullptr && column->kind != Kind::kInstant &&
            column->kind != Kind::kLocalInstant)
            table.modified_column.clear();
        if (const auto* column = table.column(table.version_column);
            column != nullptr && column->kind != Kind::kInstant && column->kind != Kind::kInteger)
            throw sdk::Error(KONTOR_E_INVALID, table.stream + ": the version column " +
                                                   column->name +
                                                   " is neither an integer nor a timestamptz")
                .stream(table.stream);
        // Without a unique index nothing keeps the same key from being there twice.
        if (const auto* column = table.column(table.key_column);
            column != nullptr && (column->kind != Kind::kText || !column->unique))
            table.key_column.clear();
        if (const auto* option = option_of(table))
            if (const auto named = option->columns.find("id"); named != option->columns.end()) {
                chosen(table, "id", "");
                table.key = {named->second};
            }
    }

    void drop_without_key() {
        std::erase_if(tables_, [&](const Table& table) {
            if (!table.key.empty()) return false;
            host_.log(sdk::LogLevel::kWarning, "postgres.no_key", {{"table", table.stream}});
            return true;
        });
    }

    void read_references(const std::vector<Cell>& all) {
        for (const auto& row : session_.rows({kForeignKeys, all}, 4)) {
            Table* const from = table_of(row[0]);
            const Table* const to = table_of(row[1]);
            if (from == nullptr || to == nullptr || to->key.size() != 1) continue;
            const auto* const target = at(*to, number(row[3]));
            const auto* const column = at(*from, number(row[2]));
            // A reference is an id: one to another unique column stays a plain value.
            if (target == nullptr || column == nullptr || target->name != to->key[0]) continue;
            std::ranges::find(from->columns, column->name, &Column::name)->references = to->stream;
        }
    }

    Session& session_;
    const Options& options_;
    sdk::Host& host_;
    std::vector<Table> tables_;
};

}  // namespace

const Column* Table::column(std::string_view column_name) const {
    const auto found = std::ranges::find(columns, column_name, &Column::name);
    return found == columns.end() ? nullptr : &*found;
}

bool Table::in_key(std::string_view column_name) const {
    return std::ranges::find(key, column_name) != key.end();
}

std::vector<Table> read_catalog(Session& session, const Options& options, sdk::Host& host) {
    return Reader(session, options, host).run();
}

}  // namespace kontor::postgres
