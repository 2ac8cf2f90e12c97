#include "sync/engine/dry_run.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "sync/engine/decisions.hpp"
#include "sync/engine/pusher.hpp"
#include "sync/engine/references.hpp"
#include "sync/engine/rows.hpp"
#include "sync/engine/state.hpp"

namespace kontor::engine {
namespace {

using enum PlannedChange::Side;

std::size_t bytes_of(const std::vector<PlannedValue>& values) {
    std::size_t out = 0;
    for (const auto& value : values)
        out += sizeof(PlannedValue) + value.column.size() + value.remote_field.size() +
               value.old.text().size() + value.now.text().size();
    return out;
}

/// The link of a record at the connection: where it is there.
void name_link(Sql& sql, std::int64_t connection, std::int64_t entity, std::int64_t record,
               PlannedChange& change) {
    auto& row = sql.bind(
        "SELECT s.name, coalesce(l.ext_id, '') FROM kontor_stream s CROSS JOIN kontor_link l"
        " ON l.stream = s.id WHERE s.connection = ? AND s.entity = ? AND l.record = ? LIMIT 1",
        connection, entity, record);
    if (Sql::step(row)) {
        change.stream = row.text(0);
        change.ext_id = row.text(1);
    }
    row.reset();
}

/// All columns of the record, in the order of the entity's fields; nullopt if there is none.
std::optional<Row> whole_row(Sql& sql, const replica::Entity& entity, std::int64_t record) {
    std::string columns = "id";
    for (const auto& field : entity.fields) columns += ", " + replica::sql_name(field.name);
    auto& row = sql.bind(
        "SELECT " + columns + " FROM " + replica::sql_name(entity.name) + " WHERE id = ?", record);
    std::optional<Row> out;
    if (Sql::step(row)) {
        out.emplace();
        for (std::size_t i = 0; i < entity.fields.size(); ++i)
            out->emplace_back(row.value(static_cast<int>(i) + 1));
    }
    row.reset();
    return out;
}

/// What the run's history says of one record.
struct Past {
    bool existed = true;
    std::map<std::int64_t, Value> old;  ///< by field, before the run
};

Past past_of(Context& context, std::int64_t entity, std::int64_t record) {
    Past out;
    bool marked = false;
    auto& rows = context.sql.bind(
        "SELECT field, op, old FROM kontor_history WHERE entity = ? AND record = ? AND run = ?"
        " AND op IN ('i', 'u', 'd', 'r') ORDER BY seq",
        entity, record, context.run);
    while (Sql::step(rows)) {
        if (!rows.is_null(0)) {
            out.old.emplace(rows.integer(0), Value(rows.value(2)));
        } else if (!std::exchange(marked, true)) {
            out.existed = rows.text(1) == "d";
        }
    }
    return out;
}

/// What has become of a record; nullopt if it is as it was.
std::optional<PlannedChange> change_here(Context& context, const replica::Entity& entity,
                                         std::int64_t record, const Past& past) {
    const auto row = whole_row(context.sql, entity, record);
    if (!past.existed && !row) return std::nullopt;
    PlannedChange out{.side = kHere,
                      .entity = entity.name,
                      .record = past.existed ? record : 0,
                      .op = !past.existed ? "create"
                            : row         ? "update"
                                          : "delete"};
    if (!row) return out;
    for (std::size_t i = 0; i < entity.fields.size(); ++i) {
        const auto& field = entity.fields[i];
        const Value& now = (*row)[i];
        const auto before = past.old.find(field.id);
        const bool changed =
            past.existed ? before != past.old.end() && before->second != now : !now.is_null();
        if (!changed) continue;
        out.values.push_back({.column = field.name,
                              .remote_field = "",
                              .old = past.existed ? before->second : Value(),
                              .now = now});
        if (past.existed) out.fields.push_back(field.name);
    }
    if (past.existed && out.values.empty()) return std::nullopt;
    return out;
}

/// Records that a first load has brought, by entity: first and last of each stretch.
using Loaded = std::map<std::int64_t, std::map<std::int64_t, std::int64_t>>;

bool in(const Loaded& loaded, std::int64_t entity, std::int64_t record) {
    const auto of = loaded.find(entity);
    if (of == loaded.end()) return false;
    const auto behind = of->second.upper_bound(record);
    return behind != of->second.begin() && std::prev(behind)->second >= record;
}

Loaded loaded_by(Context& context) {
    Loaded out;
    auto& rows = context.sql.bind(
        "SELECT entity, record, old FROM kontor_history WHERE run = ? AND op = 'l'", context.run);
    while (Sql::step(rows)) out[rows.integer(0)][rows.integer(1)] = rows.integer(2);
    return out;
}

void list_loaded(Context& context, std::int64_t connection, const Loaded& loaded,
                 PlannedChanges& out) {
    for (const auto& [id, stretches] : loaded) {
        const replica::Entity* entity = context.plans.catalogue().entity(id);
        if (entity == nullptr) continue;
        for (const auto& [first, last] : stretches)
            for (std::int64_t record = first; record <= last; ++record) {
                if (!out.has_room()) {
                    out.count_only(last - record + 1);
                    break;
                }
                auto change = change_here(context, *entity, record, {.existed = false, .old = {}});
                if (!change) continue;
                name_link(context.sql, connection, id, record, *change);
                out.add(std::move(*change));
            }
    }
}

/// The fields of a group with what is sent of them, against what they hold.
void add_values(const GroupPlan& group, const merge::GroupValues& values,
                const merge::GroupValues* held, bool create, PlannedChange& change) {
    for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
        const auto& field = group.mapping->fields[i];
        if (!goes_out(field, create)) continue;
        change.fields.insert(change.fields.end(), field.columns.begin(), field.columns.end());
        if (create && values[i].is_blank()) continue;
        change.values.push_back({.column = field.columns.front(),
                                 .remote_field = field.remote,
                                 .old = held != nullptr && i < held->size() ? (*held)[i] : Value(),
                                 .now = values[i]});
    }
}

/// The value of `column` that is not sent.
void add_held_value(Context& context, const StreamPlan& plan, std::int64_t record,
                    const std::string& column, PlannedChange& change) {
    const auto row = read_row(context.sql, plan, record);
    if (!row || column.empty()) return;
    const LinkReferences references(context.sql, context.plans, plan.connection);
    for (const GroupPlan& group : plan.groups)
        for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
            const auto& field = group.mapping->fields[i];
            if (field.columns.front() != column) continue;
            change.fields.push_back(column);
            change.values.push_back(
                {.column = column,
                 .remote_field = field.remote,
                 .old = Value(),
                 .now = merge::readable(put_group(group, *row, references)[i])});
            return;
        }
}

PlannedChange change_there(const StreamPlan& plan, std::int64_t record, std::string ext_id,
                           const char* op) {
    return {.side = kThere,
            .stream = plan.mapping.stream,
            .entity = plan.entity.name,
            .record = record,
            .ext_id = std::move(ext_id),
            .op = op};
}

void list_blocked_of(Context& context, const StreamPlan& plan, PlannedChanges& out) {
    struct Stored {
        std::int64_t record;
        std::string ext_id, column, code, message;
    };
    std::vector<Stored> found;
    // What is tried again by now is listed as what would be sent.
    auto& rows = context.sql.bind(
        "SELECT l.record, coalesce(l.ext_id, ''), coalesce(b.col, ''), coalesce(b.code, b.status),"
        " coalesce(b.message, '') FROM kontor_blocked b CROSS JOIN kontor_link l ON l.id = b.link"
        " WHERE l.stream = ? AND (b.retry_at IS NULL OR b.retry_at > ? OR NOT l.dirty)"
        " ORDER BY b.since, b.link",
        plan.id, context.now());
    while (Sql::step(rows))
        found.push_back({rows.integer(0), std::string(rows.text(1)), std::string(rows.text(2)),
                         std::string(rows.text(3)), std::string(rows.text(4))});
    for (auto& one : found) {
        auto change = change_there(plan, one.record, std::move(one.ext_id), "blocked");
        change.code = std::move(one.code);
        change.reason = std::move(one.message);
        add_held_value(context, plan, one.record, one.column, change);
        out.add(std::move(change));
    }
}

}  // namespace

void PlannedChanges::add(PlannedChange change) {
    ++total_;
    if (!change.code.empty()) ++held_up_;
    if (!has_room()) return;
    const auto bytes = bytes_of(change.values);
    if (bytes_ + bytes > kValueBytesMax) {
        change.values.clear();
        change.values_left_out = true;
    } else {
        bytes_ += bytes;
    }
    kept_.push_back(std::move(change));
}

void list_changes_here(Context& context, std::int64_t connection, PlannedChanges& out) {
    const Loaded loaded = loaded_by(context);
    list_loaded(context, connection, loaded, out);
    struct Touched {
        std::int64_t entity, record;
    };
    std::vector<Touched> touched;
    {
        auto& rows = context.sql.bind(
            "SELECT entity, record FROM kontor_history WHERE run = ? AND op IN ('i', 'u', 'd', 'r')"
            " GROUP BY entity, record ORDER BY min(seq)",
            context.run);
        while (Sql::step(rows))
            if (!in(loaded, rows.integer(0), rows.integer(1)))
                touched.push_back({rows.integer(0), rows.integer(1)});
    }
    for (const auto& one : touched) {
        const replica::Entity* entity = context.plans.catalogue().entity(one.entity);
        if (entity == nullptr) continue;
        if (!out.has_room()) {
            out.count_only(1);
            continue;
        }
        auto change =
            change_here(context, *entity, one.record, past_of(context, one.entity, one.record));
        if (!change) continue;
        name_link(context.sql, connection, one.entity, one.record, *change);
        out.add(std::move(*change));
    }
}

void list_changes_there(Context& context, const StreamPlan& plan, PlannedChanges& out) {
    for_each_push(context, plan, [&](const PlannedPush& push) {
        const bool create = push.op == remote::ChangeOp::kCreate;
        auto change = change_there(plan, push.link.record, push.link.ext_id,
                                   push.refused                           ? "blocked"
                                   : create                               ? "create"
                                   : push.op == remote::ChangeOp::kDelete ? "delete"
                                                                          : "update");
        const auto shadows = shadows_of(context.sql, push.link.id);
        if (push.refused) {
            change.code = push.refused.code;
            change.reason = push.refused.message;
            add_held_value(context, plan, push.link.record, push.refused.column, change);
        } else {
            for (const SentGroup& sent : push.groups) {
                const GroupPlan* group = plan.group(sent.group);
                const auto shadow = shadows.find(sent.group);
                if (group != nullptr)
                    add_values(*group, sent.values,
                               shadow != shadows.end() ? &shadow->second.theirs : nullptr, create,
                               change);
            }
        }
        out.add(std::move(change));
    });
}

void list_held_up(Context& context, std::span<const StreamPlan* const> streams,
                  std::int64_t conflict_max, PlannedChanges& out) {
    for (const StreamPlan* plan : streams) list_blocked_of(context, *plan, out);
    if (streams.empty()) return;
    ConflictQuery query;
    query.connection = streams.front()->connection_name;
    query.limit = PlannedChanges::kKeptMax;
    for (auto& conflict : need(list_conflicts(context.sql.db(), query))) {
        const auto plan = std::ranges::find_if(
            streams, [&](const StreamPlan* one) { return one->mapping.stream == conflict.stream; });
        if (plan == streams.end()) continue;
        PlannedChange change{.side = kHere,
                             .stream = conflict.stream,
                             .entity = conflict.entity,
                             .record = conflict.record,
                             .op = "conflict",
                             .code = conflict.kind,
                             .reason = conflict.rule,
                             .conflict = conflict.id <= conflict_max ? conflict.id : 0};
        if (const auto link = link_by_record(context.sql, (*plan)->id, conflict.record))
            change.ext_id = link->ext_id;
        for (auto& field : conflict.fields) {
            change.fields.push_back(field.column);
            change.values.push_back({.column = std::move(field.column),
                                     .remote_field = std::move(field.remote_field),
                                     .old = std::move(field.ours),
                                     .now = std::move(field.theirs)});
        }
        out.add(std::move(change));
    }
}

}  // namespace kontor::engine
