#include "sync/engine/rows.hpp"

#include "sync/replica/catalogue.hpp"

namespace kontor::engine {

using replica::sql_name;

std::optional<Row> read_row(Sql& sql, const StreamPlan& plan, std::int64_t record) {
    auto& statement = sql.bind(plan.row_sql, record);
    std::optional<Row> out;
    if (Sql::step(statement)) {
        out.emplace();
        out->reserve(plan.columns.size());
        for (int i = 0; i < static_cast<int>(plan.columns.size()); ++i)
            out->emplace_back(statement.value(i));
    }
    statement.reset();
    return out;
}

std::optional<Row> read_groups(Sql& sql, const StreamPlan& plan, std::int64_t record,
                               std::span<const GroupPlan* const> groups) {
    // Each look costs about as much as ten columns.
    constexpr std::size_t kLooksMax = 4;
    if (groups.size() > kLooksMax) return read_row(sql, plan, record);
    Row out(plan.columns.size());
    for (const GroupPlan* group : groups) {
        auto& statement = sql.bind(group->row_sql, record);
        const bool found = Sql::step(statement);
        int at = 0;
        if (found)
            for (const auto& columns : group->columns)
                for (const std::size_t column : columns) out[column] = Value(statement.value(at++));
        statement.reset();
        if (!found) return std::nullopt;
    }
    return out;
}

void add_history(Context& context, std::int64_t entity, std::int64_t record,
                 std::optional<std::int64_t> field, std::string_view op, const Value& old,
                 const Cause& cause) {
    std::optional<std::string> rule;
    if (!cause.rule.empty()) rule = cause.rule;
    context.sql.run(
        "INSERT INTO kontor_history(entity, record, field, op, old, at, actor, run, rule)"
        " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
        entity, record, field, op, old, context.now(), cause.actor,
        context.run != 0 ? std::optional<std::int64_t>(context.run) : std::nullopt, rule);
}

void keep_offered(Context& context, const StreamPlan& plan, const GroupPlan& group,
                  std::int64_t record, const merge::GroupValues& offered,
                  const merge::GroupValues& known, const Cause& cause) {
    for (std::size_t i = 0; i < offered.size(); ++i)
        if (i >= known.size() || offered[i] != known[i])
            add_history(context, plan.entity.id, record,
                        plan.column_fields[group.columns[i].front()], "k", offered[i], cause);
}

bool was_offered(Context& context, const StreamPlan& plan, const GroupPlan& group,
                 std::int64_t record, const merge::GroupValues& offered,
                 const merge::GroupValues& known) {
    for (std::size_t i = 0; i < offered.size(); ++i)
        if ((i >= known.size() || offered[i] != known[i]) &&
            !context.sql.integer("SELECT 1 FROM kontor_history WHERE entity = ? AND record = ?"
                                 " AND field = ? AND op = 'k' AND old IS ? LIMIT 1",
                                 plan.entity.id, record,
                                 plan.column_fields[group.columns[i].front()], offered[i]))
            return false;
    return true;
}

void update_row(Context& context, const StreamPlan& plan, std::int64_t record, const Row& before,
                std::span<const ColumnChange> changes, const Cause& cause) {
    for (const auto& change : changes)
        update_column(context, plan, record, change.column, before[change.column], change.value,
                      cause);
}

void update_column(Context& context, const StreamPlan& plan, std::int64_t record,
                   std::size_t column, const Value& before, const Value& now, const Cause& cause) {
    context.sql.run("UPDATE " + sql_name(plan.entity.name) + " SET " +
                        sql_name(plan.columns[column]) + " = ? WHERE id = ?",
                    now, record);
    add_history(context, plan.entity.id, record, plan.column_fields[column], "u", before, cause);
}

std::int64_t insert_row(Context& context, const StreamPlan& plan, const Row& values,
                        const Cause& cause, std::int64_t id, const std::string& uid) {
    std::string sql = "INSERT INTO " + sql_name(plan.entity.name) + "(id, uid";
    for (const auto& column : plan.columns) sql += ", " + sql_name(column);
    sql += ") VALUES(?, ?";
    for (std::size_t i = 0; i < plan.columns.size(); ++i) sql += ", ?";
    auto& statement = context.sql.bind(sql + ")");
    if (id != 0)
        statement.bind(1, id);
    else
        statement.bind_null(1);
    if (uid.empty())
        statement.bind_null(2);
    else
        statement.bind(2, uid);
    for (std::size_t i = 0; i < values.size(); ++i)
        statement.bind(static_cast<int>(i) + 3, values[i]);
    need(statement.run());
    const std::int64_t record = id != 0 ? id : context.sql.last_insert_id();
    add_history(context, plan.entity.id, record, std::nullopt, id != 0 ? "r" : "i", Value::null(),
                cause);
    return record;
}

void remove_row(Context& context, const replica::Entity& entity, std::int64_t record,
                std::int64_t origin, const Cause& cause) {
    std::vector<std::pair<std::int64_t, Value>> old;
    std::optional<std::string> uid;
    {
        std::string sql = "SELECT uid";
        for (const auto& field : entity.fields) sql += ", " + sql_name(field.name);
        auto& statement =
            context.sql.bind(sql + " FROM " + sql_name(entity.name) + " WHERE id = ?", record);
        if (!Sql::step(statement)) {
            statement.reset();
            return;
        }
        if (!statement.is_null(0)) uid = std::string(statement.text(0));
        for (std::size_t i = 0; i < entity.fields.size(); ++i) {
            Value value(statement.value(static_cast<int>(i) + 1));
            if (!value.is_null()) old.emplace_back(entity.fields[i].id, std::move(value));
        }
        statement.reset();
    }
    for (const auto& [field, value] : old)
        add_history(context, entity.id, record, field, "d", value, cause);
    add_history(context, entity.id, record, std::nullopt, "d", uid ? Value(*uid) : Value::null(),
                cause);
    context.sql.run("DELETE FROM " + sql_name(entity.name) + " WHERE id = ?", record);
    context.sql.run(
        "INSERT INTO kontor_tombstone(entity, record, uid, image, at, actor, origin)"
        " VALUES(?, ?, ?, '', ?, ?, ?) ON CONFLICT(entity, record) DO UPDATE SET"
        " at = excluded.at, actor = excluded.actor, origin = excluded.origin",
        entity.id, record, uid, context.now(), cause.actor,
        origin != 0 ? std::optional<std::int64_t>(origin) : std::nullopt);
}

std::map<std::string, Value> tombstone_row(Sql& sql, std::int64_t entity, std::int64_t record) {
    // The entries of the last deletion: those between its marker and the marker before.
    const auto last = sql.integer(
        "SELECT max(seq) FROM kontor_history WHERE entity = ? AND record = ? AND field IS NULL"
        " AND op = 'd'",
        entity, record);
    std::map<std::string, Value> out;
    if (!last) return out;
    auto& rows = sql.bind(
        "SELECT f.name, h.old FROM kontor_history h JOIN kontor_field f ON f.id = h.field"
        " WHERE h.entity = ?1 AND h.record = ?2 AND h.op = 'd' AND h.seq < ?3 AND h.seq >"
        " coalesce((SELECT max(seq) FROM kontor_history WHERE entity = ?1 AND record = ?2"
        " AND field IS NULL AND op <> 'u' AND seq < ?3), 0)",
        entity, record, *last);
    while (Sql::step(rows)) out.emplace(std::string(rows.text(0)), Value(rows.value(1)));
    return out;
}

Row last_row(Sql& sql, const StreamPlan& plan, std::int64_t record) {
    const auto last = tombstone_row(sql, plan.entity.id, record);
    Row row(plan.columns.size(), Value::null());
    for (std::size_t i = 0; i < plan.columns.size(); ++i)
        if (const auto found = last.find(plan.columns[i]); found != last.end())
            row[i] = found->second;
    return row;
}

void restore_row(Context& context, const StreamPlan& plan, std::int64_t record,
                 std::span<const ColumnChange> overrides, const Cause& cause) {
    auto row = tombstone_row(context.sql, plan.entity.id, record);
    for (const auto& change : overrides) row[plan.columns[change.column]] = change.value;
    const auto uid = context.sql.text(
        "SELECT uid FROM kontor_tombstone WHERE entity = ? AND record = ?", plan.entity.id, record);

    // All columns, so that the statement is the same for every record.
    std::string columns = "id, uid", marks = "?, ?";
    for (const auto& field : plan.entity.fields) {
        columns += ", " + sql_name(field.name);
        marks += ", ?";
    }
    auto& statement = context.sql.bind(
        "INSERT INTO " + sql_name(plan.entity.name) + "(" + columns + ") VALUES(" + marks + ")",
        record, uid);
    int index = 2;
    for (const auto& field : plan.entity.fields) {
        const auto found = row.find(field.name);
        statement.bind(++index, found == row.end() ? Value::null() : found->second);
    }
    need(statement.run());
    context.sql.run("DELETE FROM kontor_tombstone WHERE entity = ? AND record = ?", plan.entity.id,
                    record);
    add_history(context, plan.entity.id, record, std::nullopt, "r", Value::null(), cause);
}

}  // namespace kontor::engine
