#include "sync/replica/query.hpp"

#include <algorithm>
#include <array>

#include "sync/base/decimal.hpp"
#include "sync/replica/lookup.hpp"
#include "sync/replica/values.hpp"

namespace kontor::replica {

namespace {

constexpr std::size_t kValuesMax = 10'000;  // SQLite allows 32,766 parameters
constexpr std::size_t kFiltersMax = 200;
constexpr std::size_t kSortsMax = 16;

struct Name {
    std::string_view name;
    Compare compare;
};
constexpr std::array<Name, 11> kCompares{{{"=", Compare::kEqual},
                                          {"!=", Compare::kNotEqual},
                                          {"<", Compare::kLess},
                                          {"<=", Compare::kLessOrEqual},
                                          {">", Compare::kGreater},
                                          {">=", Compare::kGreaterOrEqual},
                                          {"contains", Compare::kContains},
                                          {"startswith", Compare::kStartsWith},
                                          {"isnull", Compare::kIsNull},
                                          {"notnull", Compare::kIsNotNull},
                                          {"in", Compare::kIn}}};

/// SQL with its parameters, put together from checked names.
struct Sql {
    std::string text;
    std::vector<Value> values;

    std::string bind(Value value) {
        values.push_back(std::move(value));
        return "?" + std::to_string(values.size());
    }
};

std::string quoted(const std::string& column) {
    return '"' + column + '"';
}

/// The field of a column; nullptr for `id` and `uid`.
Result<const Field*> find_column(const Entity& entity, const std::string& column) {
    if (column == "id" || column == "uid") return nullptr;
    return find_field(entity, column);
}

bool is_text_decimal(const Field* field) {
    return field != nullptr && field->type == remote::FieldType::kDecimal &&
           column_type(*field) == "TEXT";
}

/// The value as such a column has it.
Value as_text_decimal(const Value& value) {
    if (value.kind() == Kind::kInteger) return Value(std::to_string(value.integer()));
    if (value.kind() == Kind::kReal) return Value(decimal_from_real(value.real(), -1));
    if (value.kind() != Kind::kText) return value;
    return Value(canonical_decimal(value.text()).value_or(value.text()));
}

/// What the column's values are compared by. Decimals that no double holds are kept as text, whose
/// order is not theirs.
std::string comparable(const std::string& column, const Field* field) {
    return is_text_decimal(field) ? quoted(column) + " COLLATE " + kDecimalOrder : quoted(column);
}

/// A LIKE pattern's text with its wildcards taken literally.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '%' || c == '_' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

std::string bind_all(Sql& sql, const std::vector<Value>& values) {
    std::string out;
    for (const Value& value : values) out += (out.empty() ? "" : ",") + sql.bind(value);
    return "(" + out + ")";
}

/// True for a list that has one of the values in it.
std::string contains_one(Sql& sql, const std::string& column, const std::vector<Value>& values) {
    return "EXISTS (SELECT 1 FROM json_each(CASE WHEN json_valid(" + column + ") THEN " + column +
           " END) WHERE json_each.value IN " + bind_all(sql, values) + ")";
}

/// Whether the filter asks for a value in a list, not for the list itself as JSON.
bool asks_for_element(const Field* field, const Filter& filter) {
    return field != nullptr && field->type == remote::FieldType::kList &&
           std::ranges::all_of(filter.values, [](const Value& value) {
               return value.kind() == Kind::kText && !value.text().starts_with('[');
           });
}

/// Its values as the column has them, where order and equality are asked for.
Filter fitted(const Field* field, Filter filter) {
    if (is_text_decimal(field) && filter.compare != Compare::kContains &&
        filter.compare != Compare::kStartsWith)
        std::ranges::transform(filter.values, filter.values.begin(), as_text_decimal);
    return filter;
}

Result<std::string> condition(Sql& sql, const Field* field, const Filter& filter) {
    const std::string column = comparable(filter.column, field);
    const auto wants = [&](const char* what) {
        return fail(Errc::kInvalid, "filter on " + filter.column + " needs " + what,
                    {{"field", filter.column}});
    };
    if (filter.compare == Compare::kIsNull) return column + " IS NULL";
    if (filter.compare == Compare::kIsNotNull) return column + " IS NOT NULL";
    if (filter.values.size() > kValuesMax) return wants("fewer values");
    const bool element = asks_for_element(field, filter);
    if (filter.compare == Compare::kIn)
        return element ? contains_one(sql, column, filter.values)
                       : column + " IN " + bind_all(sql, filter.values);
    if (filter.values.size() != 1) return wants("one value");
    const Value& value = filter.values.front();
    switch (filter.compare) {
        case Compare::kEqual:
            return element ? contains_one(sql, column, filter.values)
                           : column + " IS " + sql.bind(value);
        case Compare::kNotEqual:
            return element ? "NOT " + contains_one(sql, column, filter.values)
                           : column + " IS NOT " + sql.bind(value);
        case Compare::kLess:
            return column + "<" + sql.bind(value);
        case Compare::kLessOrEqual:
            return column + "<=" + sql.bind(value);
        case Compare::kGreater:
            return column + ">" + sql.bind(value);
        case Compare::kGreaterOrEqual:
            return column + ">=" + sql.bind(value);
        default:
            break;
    }
    if (value.kind() != Kind::kText) return wants("text");
    const char* before = filter.compare == Compare::kContains ? "%" : "";
    return quoted(filter.column) + " LIKE " +
           sql.bind(Value(before + escaped(value.text()) + "%")) + " ESCAPE '\\'";
}

Result<std::string> where(Sql& sql, const Entity& entity, const Query& query) {
    if (query.filters.size() > kFiltersMax) return fail(Errc::kInvalid, "too many filters");
    std::string out = "1";
    for (const Filter& filter : query.filters) {
        auto field = find_column(entity, filter.column);
        if (!field) return pass(field);
        auto one = condition(sql, *field, fitted(*field, filter));
        if (!one) return pass(one);
        out += " AND (" + *one + ")";
    }
    return out;
}

struct Key {
    std::string column;
    bool descending;
};

Result<std::vector<Key>> sort_keys(const Entity& entity, const Query& query) {
    if (query.sort.size() > kSortsMax) return fail(Errc::kInvalid, "too many columns to sort by");
    std::vector<Key> keys;
    for (const Sort& sort : query.sort) {
        auto field = find_column(entity, sort.column);
        if (!field) return pass(field);
        keys.push_back({comparable(sort.column, *field), sort.descending});
        if (sort.column == "id") return keys;
    }
    keys.push_back({"\"id\"", false});
    return keys;
}

/// True for rows that come after `after`. SQLite sorts NULL before everything.
Result<std::string> follows(Sql& sql, const std::vector<Key>& keys,
                            const std::vector<Value>& after) {
    if (after.size() != keys.size())
        return fail(Errc::kInvalid, "the page to go on from belongs to another sort order");
    std::string out, equal;
    for (std::size_t i = 0; i < keys.size(); ++i) {
        const std::string& column = keys[i].column;
        const std::string value = sql.bind(after[i]);
        std::string beyond;
        if (!keys[i].descending)
            beyond = after[i].is_null() ? column + " IS NOT NULL" : column + ">" + value;
        else
            beyond = after[i].is_null()
                         ? "0"
                         : "(" + column + "<" + value + " OR " + column + " IS NULL)";
        out += (i != 0 ? " OR (" : "(") + equal + beyond + ")";
        equal += column + " IS " + value + " AND ";
    }
    return "(" + out + ")";
}

/// The SELECT: the columns asked for, then the sort keys.
Result<Sql> select(const Entity& entity, const Query& query,
                   const std::vector<std::string>& columns, std::int64_t limit) {
    if (query.limit < 0 || query.offset < 0)
        return fail(Errc::kInvalid, "limit and offset cannot be negative");
    Sql sql;
    auto keys = sort_keys(entity, query);
    if (!keys) return pass(keys);
    sql.text = "SELECT ";
    for (const std::string& name : columns) {
        if (auto field = find_column(entity, name); !field) return pass(field);
        sql.text += quoted(name) + ",";
    }
    for (std::size_t i = 0; i < keys->size(); ++i)
        sql.text += (i != 0 ? "," : "") + (*keys)[i].column;
    auto filters = where(sql, entity, query);
    if (!filters) return pass(filters);
    sql.text += " FROM \"" + entity.name + "\" WHERE " + *filters;
    if (!query.after.empty()) {
        auto beyond = follows(sql, *keys, query.after);
        if (!beyond) return pass(beyond);
        sql.text += " AND " + *beyond;
    }
    sql.text += " ORDER BY ";
    for (std::size_t i = 0; i < keys->size(); ++i)
        sql.text +=
            (i != 0 ? "," : "") + (*keys)[i].column + ((*keys)[i].descending ? " DESC" : "");
    if (limit > 0 || query.offset > 0) {
        sql.text += " LIMIT " + sql.bind(Value(limit > 0 ? limit : std::int64_t{-1}));
        sql.text += " OFFSET " + sql.bind(Value(query.offset));
    }
    return sql;
}

Result<Statement> prepare(const Database& db, const Sql& sql) {
    auto statement = db.prepare(sql.text);
    if (!statement) return statement;
    for (std::size_t i = 0; i < sql.values.size(); ++i)
        statement->bind(static_cast<int>(i + 1), sql.values[i]);
    return statement;
}

std::vector<std::string> columns_of(const Entity& entity, const Query& query) {
    if (!query.columns.empty()) return query.columns;
    std::vector<std::string> all{"id", "uid"};
    for (const Field& f : entity.fields) all.push_back(f.name);
    return all;
}

}  // namespace

std::optional<Compare> compare_from(std::string_view name) {
    const auto found = std::ranges::find(kCompares, name, &Name::name);
    if (found == kCompares.end()) return std::nullopt;
    return found->compare;
}

Result<std::vector<std::string>> columns_of(const Catalogue& catalogue, const Query& query) {
    auto entity = find_entity(catalogue, query.entity);
    if (!entity) return pass(entity);
    return columns_of(**entity, query);
}

Result<Page> list(const Database& db, const Catalogue& catalogue, const Query& query) {
    auto entity = find_entity(catalogue, query.entity);
    if (!entity) return pass(entity);
    const auto columns = columns_of(**entity, query);
    const std::int64_t limit = query.limit > 0 ? std::min(query.limit, kPageMax) : kPageMax;
    // One more than asked for tells whether there is another page.
    auto sql = select(**entity, query, columns, limit + 1);
    if (!sql) return pass(sql);
    auto statement = prepare(db, *sql);
    if (!statement) return pass(statement);

    Page page;
    std::vector<Value> last;
    while (true) {
        auto row = statement->step();
        if (!row) return pass(row);
        if (!*row) return page;
        if (page.records.size() == static_cast<std::size_t>(limit)) {
            page.next = std::move(last);
            return page;
        }
        Record record;
        for (std::size_t c = 0; c < columns.size(); ++c)
            record.emplace_back(columns[c], Value(statement->value(static_cast<int>(c))));
        last.clear();
        for (int c = static_cast<int>(columns.size()); c < statement->columns(); ++c)
            last.emplace_back(statement->value(c));
        page.records.push_back(std::move(record));
    }
}

Result<std::int64_t> count(const Database& db, const Catalogue& catalogue, const Query& query) {
    auto entity = find_entity(catalogue, query.entity);
    if (!entity) return pass(entity);
    Sql sql;
    auto filters = where(sql, **entity, query);
    if (!filters) return pass(filters);
    sql.text = "SELECT count(*) FROM \"" + (*entity)->name + "\" WHERE " + *filters;
    auto statement = prepare(db, sql);
    if (!statement) return pass(statement);
    auto row = statement->step();
    if (!row) return pass(row);
    return statement->integer(0);
}

Result<bool> get(const Database& db, const Entity& entity, std::int64_t id,
                 const std::function<void(std::span<const ValueView>)>& row) {
    std::string sql = "SELECT id,uid";
    for (const Field& field : entity.fields) sql.append(",\"").append(field.name).append("\"");
    sql.append(" FROM \"").append(entity.name).append("\" WHERE id=?1");
    auto statement = db.prepare(sql);
    if (!statement) return pass(statement);
    statement->bind(1, id);
    auto found = statement->step();
    if (!found || !*found) return found;
    std::vector<ValueView> values(entity.fields.size() + 2);
    for (std::size_t c = 0; c < values.size(); ++c)
        values[c] = statement->value(static_cast<int>(c));
    row(values);
    return true;
}

Result<> stream(const Database& db, const Catalogue& catalogue, const Query& query,
                const std::function<bool(std::span<const ValueView>)>& row) {
    auto entity = find_entity(catalogue, query.entity);
    if (!entity) return pass(entity);
    const auto columns = columns_of(**entity, query);
    auto sql = select(**entity, query, columns, query.limit);
    if (!sql) return pass(sql);
    auto statement = prepare(db, *sql);
    if (!statement) return pass(statement);
    std::vector<ValueView> values(columns.size());
    while (true) {
        auto more = statement->step();
        if (!more) return pass(more);
        if (!*more) return {};
        for (std::size_t c = 0; c < values.size(); ++c)
            values[c] = statement->value(static_cast<int>(c));
        if (!row(values)) return {};
    }
}

}  // namespace kontor::replica
