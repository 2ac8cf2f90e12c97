#include "sync/engine/decisions.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sync/engine/absorb.hpp"
#include "sync/engine/arrivals.hpp"
#include "sync/engine/context.hpp"
#include "sync/engine/decide.hpp"
#include "sync/engine/deletion_question.hpp"
#include "sync/engine/let_go.hpp"
#include "sync/engine/matcher.hpp"
#include "sync/engine/record_key.hpp"
#include "sync/engine/references.hpp"
#include "sync/engine/rows.hpp"
#include "sync/engine/standalone.hpp"
#include "sync/engine/state.hpp"
#include "sync/merge/lens.hpp"
#include "sync/replica/lookup.hpp"

namespace kontor::engine {

std::vector<ColumnChange> columns_for(const GroupPlan& group, const merge::GroupValues& values,
                                      const Row& row, const merge::References& references) {
    std::vector<ColumnChange> out;
    for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
        std::vector<Value> current;
        for (const std::size_t column : group.columns[i]) current.push_back(row[column]);
        const auto got = merge::get(group.mapping->fields[i], values[i], current, references);
        if (got.waits)
            stop({Errc::kConflict,
                  "their value refers to a record that is not here yet",
                  {{"field", group.mapping->fields[i].remote}},
                  {}});
        for (std::size_t k = 0; k < got.columns.size(); ++k)
            if (got.columns[k] != row[group.columns[i][k]])
                out.push_back({group.columns[i][k], got.columns[k]});
    }
    return out;
}

OldValues old_values(const StreamPlan& plan, const Row& row,
                     const std::vector<ColumnChange>& changes) {
    OldValues out;
    for (const auto& change : changes)
        out.emplace(plan.column_fields[change.column], row[change.column]);
    return out;
}

std::set<std::int64_t> groups_about(const Plans& plans, const std::string& connection,
                                    const std::string& entity, const std::string& field) {
    const auto about = [&](const GroupPlan& group) {
        return group.mapping->name == field ||
               std::ranges::any_of(group.mapping->fields, [&](const merge::FieldMapping& mapped) {
                   return std::ranges::find(mapped.columns, field) != mapped.columns.end();
               });
    };
    std::set<std::int64_t> out;
    for (const StreamPlan& plan : plans.all()) {
        if ((!connection.empty() && plan.connection_name != connection) ||
            (!entity.empty() && plan.entity.name != entity))
            continue;
        for (const GroupPlan& group : plan.groups)
            if (about(group)) out.insert(group.id);
    }
    return out;
}

ConflictField conflict_field(const LinkReferences& references, const merge::FieldMapping& field,
                             const Value& base, const Value& ours, const Value& theirs) {
    const auto here = [&](const Value& value) {
        return references.leads_to(field, value).value_or(Value{});
    };
    return {.remote_field = field.remote,
            .column = field.columns.front(),
            .base = merge::readable(base),
            .ours = merge::readable(ours),
            .theirs = theirs,
            .base_here = here(base),
            .ours_here = here(ours),
            .theirs_here = here(theirs)};
}

namespace {

using replica::LinkState;

constexpr const char* kConflictColumns =
    "SELECT k.id, c.name, s.name, e.name, k.record, coalesce(g.name, ''), k.kind, k.rule, k.state,"
    " coalesce(k.chosen, ''), coalesce(k.theirs_by, ''), coalesce(k.theirs_version, ''),"
    " k.opened_at, coalesce(k.decided_at, ''), coalesce(k.decided_by, ''), k.stream, k.grp,"
    " k.base, k.ours, k.theirs"
    " FROM kontor_conflict k JOIN kontor_stream s ON s.id = k.stream"
    " JOIN kontor_connection c ON c.id = s.connection JOIN kontor_entity e ON e.id = k.entity"
    " LEFT JOIN kontor_group g ON g.id = k.grp ";

/// A conflict as listed, with what is needed to act on it.
struct StoredConflict {
    Conflict shown;
    std::int64_t stream = 0;
    std::optional<std::int64_t> group;
    std::optional<merge::GroupValues> base;
    merge::GroupValues ours, theirs;
};

merge::GroupValues values_at(const replica::Statement& row, int column) {
    return merge::decode(row.blob(column)).value_or(merge::GroupValues{});
}

StoredConflict read_conflict(const replica::Statement& row) {
    StoredConflict out;
    Conflict& c = out.shown;
    c.id = row.integer(0);
    c.connection = row.text(1);
    c.stream = row.text(2);
    c.entity = row.text(3);
    c.record = row.integer(4);
    c.group = row.text(5);
    c.kind = row.text(6);
    c.rule = row.text(7);
    c.state = row.text(8);
    c.chosen = row.text(9);
    c.theirs_by = row.text(10);
    c.theirs_version = row.text(11);
    c.opened_at = row.text(12);
    c.decided_at = row.text(13);
    c.decided_by = row.text(14);
    out.stream = row.integer(15);
    if (!row.is_null(16)) out.group = row.integer(16);
    if (!row.is_null(17)) out.base = values_at(row, 17);
    out.ours = values_at(row, 18);
    out.theirs = values_at(row, 19);
    return out;
}

void name_fields(Sql& sql, const Plans& plans, const StreamPlan& plan, StoredConflict& conflict) {
    const LinkReferences references(sql, plans, plan.connection);
    const auto at = [](const merge::GroupValues& values, std::size_t i) {
        return i < values.size() ? values[i] : Value::null();
    };
    const auto add = [&](const merge::FieldMapping& field, std::size_t i) {
        const Value base = conflict.base ? at(*conflict.base, i) : Value{};
        conflict.shown.fields.push_back(
            conflict_field(references, field, base, at(conflict.ours, i), at(conflict.theirs, i)));
    };
    if (conflict.shown.kind == kMatch) {  // whole records, without what is blank
        std::size_t i = 0;
        for (const auto& mapped : plan.mapping.groups)
            for (const auto& field : mapped.fields) {
                if (!at(conflict.ours, i).is_blank() || !at(conflict.theirs, i).is_blank())
                    add(field, i);
                ++i;
            }
        return;
    }
    const GroupPlan* group = conflict.group ? plan.group(*conflict.group) : nullptr;
    if (group == nullptr) return;
    for (std::size_t i = 0; i < group->mapping->fields.size(); ++i)
        add(group->mapping->fields[i], i);
}

void show_sides(Sql& sql, const Plans& plans, StoredConflict& conflict) {
    const StreamPlan* plan = plans.stream(conflict.stream);
    if (plan == nullptr) return;
    name_fields(sql, plans, *plan, conflict);
    if (const GroupPlan* group = conflict.group ? plan->group(*conflict.group) : nullptr) {
        std::vector<std::size_t> columns;
        for (const auto& of_field : group->columns)
            columns.insert(columns.end(), of_field.begin(), of_field.end());
        name_author(sql, *plan, columns, conflict.shown);
    } else if (conflict.shown.kind == "delete") {
        show_deletion(sql, plans, *plan, conflict.shown);
    }
}

StoredConflict conflict_by_id(Sql& sql, std::int64_t id) {
    auto& row = sql.bind(std::string(kConflictColumns) + "WHERE k.id = ?", id);
    if (!Sql::step(row)) {
        row.reset();
        stop({Errc::kNotFound,
              "there is no conflict " + std::to_string(id),
              {{"reason", "no_conflict"}, {"id", std::to_string(id)}},
              {}});
    }
    auto out = read_conflict(row);
    row.reset();
    return out;
}

void resolve_open_edit(Context& context, const StreamPlan& plan, const GroupPlan& group,
                       const Link& link, const StoredConflict& conflict, Side side,
                       const Cause& cause) {
    const LinkReferences references(context.sql, context.plans, plan.connection);
    const auto row = read_row(context.sql, plan, link.record);
    if (!row) stop({Errc::kNotFound, "the record has been deleted", {}, {}});
    if (conflict.theirs.size() != group.mapping->fields.size())
        stop({Errc::kCorrupt, "a stored conflict cannot be read", {}, {}});
    merge::GroupValues ours = conflict.theirs;
    if (side == Side::kTheirs) {
        const auto changes = columns_for(group, conflict.theirs, *row, references);
        update_row(context, plan, link.record, *row, changes, cause);
        Row after = *row;
        for (const auto& change : changes) after[change.column] = change.value;
        ours = put_group(group, after, references);
        note_change(context, plan.entity.id, link.record, old_values(plan, *row, changes), plan.id);
    }
    if (side == Side::kOurs)
        keep_offered(context, plan, group, link.record, conflict.theirs, conflict.ours, cause);
    // Ours: they hold their value and ours differs from it, so it is pushed.
    save_shadow(context.sql, link.id, group.id, {conflict.theirs, ours, false});
    if (conflict.theirs == ours && side == Side::kTheirs)
        drop_shadow(context.sql, link.id, group.id);
    mark_dirty(context.sql, link.id);
}

// The other value of a conflict that a policy has decided: an ordinary local edit.
void choose_afterwards(Context& context, const StreamPlan& plan, const GroupPlan& group,
                       const StoredConflict& conflict, Side side, const Cause& cause) {
    const LinkReferences references(context.sql, context.plans, plan.connection);
    const auto row = read_row(context.sql, plan, conflict.shown.record);
    if (!row) stop({Errc::kNotFound, "the record has been deleted", {}, {}});
    const auto now = put_group(group, *row, references);
    const auto& wanted = side == Side::kTheirs ? conflict.theirs : conflict.ours;
    if (now == wanted) return;
    if (now != conflict.ours && now != conflict.theirs)
        stop({Errc::kConflict,
              "the record has been changed since; set the value itself",
              {{"record", std::to_string(conflict.shown.record)}},
              {}});
    const auto changes = columns_for(group, wanted, *row, references);
    update_row(context, plan, conflict.shown.record, *row, changes, cause);
    note_change(context, plan.entity.id, conflict.shown.record, old_values(plan, *row, changes), 0);
}

// Where a record was merged, another remote may know under its id, and by its name, what it went on
// as. It stays, and so it is made there, too, by a name after that one.
void make_where_unknown(Context& context, const StreamPlan& plan, std::int64_t record) {
    if (!plan.mapping.push || !plan.mapping.create || link_by_record(context.sql, plan.id, record))
        return;
    const auto uid =
        context.sql.text("SELECT uid FROM \"" + plan.entity.name + "\" WHERE id = ?", record)
            .value_or("");
    const bool taken = !uid.empty() && link_called(context.sql, plan, uid);
    add_unsent_link(context.sql, plan.id, record,
                    taken ? key_after(context.sql, plan, uid) : std::string());
}

void resolve_delete(Context& context, const StreamPlan& plan, Link link, Side side,
                    const Cause& cause) {
    const bool here = read_row(context.sql, plan, link.record).has_value();
    if (here && side == Side::kOurs) {  // they deleted it: it is created there again
        pin_referrers_to_deleted(context, plan, link);
        start_afresh(context, link);
        for (const StreamPlan& other : context.plans.all())
            if (other.entity.id == plan.entity.id) make_where_unknown(context, other, link.record);
    } else if (here) {
        pin_referrers_to_deleted(context, plan, link);
        remove_row(context, plan.entity, link.record, plan.id, cause);
        note_delete(context, plan.entity.id, link.record, plan.id);
    } else if (side == Side::kOurs) {  // we deleted it: the remote is told
        link.state = LinkState::kDeleteHere;
        save_link(context.sql, link);
        mark_dirty(context.sql, link.id);
    } else {
        restore_row(context, plan, link.record, {}, cause);
        link.state = LinkState::kLive;
        link.version.clear();
        save_link(context.sql, link);
        // Their newer image lies before the cursor: the next sweep reads it.
        context.sql.run("UPDATE kontor_stream SET swept_at = NULL WHERE id = ?", plan.id);
        note_insert(context, plan.entity.id, link.record, plan.id);
    }
}

bool is_match(const StoredConflict& conflict) {
    return conflict.shown.kind == kMatch;
}

// Carried out when their record is read, at the start of the next cycle.
void answer_match(Context& context, const StoredConflict& conflict, Side side,
                  std::string_view rule, const std::string& actor) {
    if (conflict.shown.state != "open")
        stop({Errc::kConflict, "who this is has been decided", {}, {}});
    const char* answer = side == Side::kSame ? "same" : "apart";
    context.sql.run(
        "UPDATE kontor_match SET state = ? WHERE stream = ? AND record = ? AND state = 'asked'",
        answer, conflict.stream, conflict.shown.record);
    // Both rules: what makes the two alike is what many are chosen by, should it be asked again.
    close_conflict(context, conflict.shown.id, answer,
                   conflict.shown.rule + '>' + std::string(rule), actor);
}

/// Runs `work` with the plans loaded, in an engine transaction.
template <class Work>
Result<> in_transaction(const replica::Database& db, const Clock& clock, Random& random,
                        Work work) {
    return guarded([&] {
        Standalone own(db, clock, random);
        EngineTransaction transaction(own.context);
        work(own.context);
        transaction.commit();
    });
}

}  // namespace

Result<std::vector<Conflict>> list_conflicts(const replica::Database& db,
                                             const ConflictQuery& query) {
    return guarded([&] {
        Sql sql(db);
        using State = ConflictQuery::State;
        const bool all = query.state == State::kAll;
        const char* order = query.state == State::kOpen ? " ORDER BY k.id"
                            : all ? " ORDER BY k.state = 'open' DESC, k.decided_at DESC, k.id DESC"
                                  : " ORDER BY k.decided_at DESC, k.id DESC";
        PlanCaches caches;
        const Plans plans = Plans::load(sql, caches);
        if (!query.entity.empty()) need(replica::find_entity(plans.catalogue(), query.entity));
        nlohmann::json groups = nullptr;
        if (!query.field.empty())
            groups = groups_about(plans, query.connection, query.entity, query.field);
        std::vector<StoredConflict> found;
        auto& rows = sql.bind(std::string(kConflictColumns) +
                                  "WHERE (?1 = '' OR k.state = ?1) AND (?2 = '' OR e.name = ?2)"
                                  " AND (?3 = 0 OR k.record = ?3) AND (?6 = '' OR c.name = ?6)"
                                  " AND (?7 = '' OR k.kind = ?7) AND (?8 = '' OR k.rule = ?8)"
                                  " AND (?9 = 'null' OR k.grp IS NULL"
                                  " OR k.grp IN (SELECT value FROM json_each(?9)))" +
                                  order + " LIMIT ?4 OFFSET ?5",
                              all                           ? ""
                              : query.state == State::kOpen ? "open"
                                                            : "decided",
                              query.entity, query.record, query.limit, query.offset,
                              query.connection, query.kind, query.rule, groups.dump());
        while (Sql::step(rows)) found.push_back(read_conflict(rows));
        std::vector<Conflict> out;
        for (StoredConflict& conflict : found) {
            show_sides(sql, plans, conflict);
            out.push_back(std::move(conflict.shown));
        }
        return out;
    });
}

Result<> check_field(const replica::Database& db, const std::string& connection,
                     const std::string& entity, const std::string& field) {
    return guarded([&] {
        Sql sql(db);
        PlanCaches caches;
        const Plans plans = Plans::load(sql, caches);
        if (!field.empty() && groups_about(plans, connection, entity, field).empty())
            stop({Errc::kNotFound,
                  "no connection maps a field '" + field + "'",
                  {{"reason", "no_mapped_field"}, {"field", field}},
                  {}});
    });
}

Conflict shown_conflict(Sql& sql, const Plans& plans, std::int64_t id) {
    auto conflict = conflict_by_id(sql, id);
    show_sides(sql, plans, conflict);
    return std::move(conflict.shown);
}

Result<Conflict> get_conflict(const replica::Database& db, std::int64_t id) {
    return guarded([&] {
        Sql sql(db);
        PlanCaches caches;
        return shown_conflict(sql, Plans::load(sql, caches), id);
    });
}

void decide(Context& context, std::int64_t id, Side side, std::string_view rule,
            const std::string& actor) {
    const auto conflict = conflict_by_id(context.sql, id);
    const StreamPlan* plan = context.plans.stream(conflict.stream);
    if (plan == nullptr)
        stop({Errc::kConflict, "the stream of the conflict is no longer mapped", {}, {}});
    const Cause cause{.actor = actor, .rule = "resolve:" + std::to_string(id)};
    const bool open = conflict.shown.state == "open";
    if (is_match(conflict) != (side == Side::kSame || side == Side::kApart))
        stop({Errc::kInvalid,
              is_match(conflict) ? "say whether the two are the same or apart"
                                 : "choose ours or theirs",
              {{"key", "choose"}},
              {}});
    if (is_match(conflict)) return answer_match(context, conflict, side, rule, actor);
    const auto link = link_by_record(context.sql, plan->id, conflict.shown.record);
    if (open && link && conflict.shown.kind == "delete")
        keep_sides_of_open(context.sql, context.plans, *plan, *link, conflict.shown);
    // First, for a link that is forgotten takes its open questions with it.
    close_conflict(context, id, side == Side::kOurs ? "ours" : "theirs", rule, actor);
    if (conflict.group) {
        const GroupPlan* group = plan->group(*conflict.group);
        if (group == nullptr)
            stop({Errc::kConflict, "the fields of the conflict are mapped otherwise now", {}, {}});
        if (open && link)
            resolve_open_edit(context, *plan, *group, *link, conflict, side, cause);
        else
            choose_afterwards(context, *plan, *group, conflict, side, cause);
    } else {
        if (!open || !link)
            stop({Errc::kConflict,
                  "this deletion has been decided; undo brings the record back, delete deletes it",
                  {},
                  {}});
        resolve_delete(context, *plan, *link, side, cause);
    }
}

Result<> resolve(const replica::Database& db, const Clock& clock, Random& random, std::int64_t id,
                 Side side, const std::string& actor) {
    return in_transaction(db, clock, random,
                          [&](Context& context) { decide(context, id, side, "resolve", actor); });
}

Result<std::vector<Blocked>> list_blocked(const replica::Database& db, std::int64_t limit,
                                          std::int64_t offset) {
    return guarded([&] {
        Sql sql(db);
        std::vector<Blocked> out;
        auto& rows = sql.bind(
            "SELECT b.link, c.name, s.name, e.name, l.record, coalesce(l.ext_id, ''), b.op,"
            " b.status, coalesce(b.code, ''), coalesce(b.field, ''), coalesce(b.message, ''),"
            " coalesce(b.other_id, ''), b.since, coalesce(b.retry_at, ''), b.attempts,"
            " coalesce(b.col, '')"
            " FROM kontor_blocked b JOIN kontor_link l ON l.id = b.link"
            " JOIN kontor_stream s ON s.id = l.stream JOIN kontor_connection c ON c.id = "
            "s.connection"
            " JOIN kontor_entity e ON e.id = s.entity ORDER BY b.since, b.link LIMIT ? OFFSET ?",
            limit, offset);
        while (Sql::step(rows)) {
            Blocked b;
            b.link = rows.integer(0);
            std::string* texts[] = {&b.connection, &b.stream, &b.entity};
            for (int i = 0; i < 3; ++i) *texts[i] = rows.text(i + 1);
            b.record = rows.integer(4);
            std::string* more[] = {&b.ext_id,  &b.op,       &b.status, &b.code,    &b.field,
                                   &b.message, &b.other_id, &b.since,  &b.retry_at};
            for (int i = 0; i < 9; ++i) *more[i] = rows.text(i + 5);
            b.attempts = rows.integer(14);
            b.column = rows.text(15);
            out.push_back(std::move(b));
        }
        return out;
    });
}

Result<std::int64_t> retry_blocked(const replica::Database& db, std::optional<std::int64_t> link) {
    return guarded([&] {
        Sql sql(db);
        WriteTransaction transaction(db);
        const std::int64_t count =
            sql.integer("SELECT count(*) FROM kontor_blocked WHERE ?1 IS NULL OR link = ?1", link)
                .value_or(0);
        // A person has looked: a create of unknown fate is made again.
        sql.run(
            "DELETE FROM kontor_intent WHERE state = 'parked' AND link IN"
            " (SELECT link FROM kontor_blocked WHERE ?1 IS NULL OR link = ?1)",
            link);
        sql.run(
            "UPDATE kontor_link SET dirty = 1 WHERE id IN"
            " (SELECT link FROM kontor_blocked WHERE ?1 IS NULL OR link = ?1)",
            link);
        sql.run("DELETE FROM kontor_blocked WHERE ?1 IS NULL OR link = ?1", link);
        transaction.commit();
        return count;
    });
}

namespace {

Result<> set_connection(const replica::Database& db, const std::string& connection,
                        std::string_view assignment, std::int64_t value) {
    return guarded([&] {
        Sql sql(db);
        WriteTransaction transaction(db);
        sql.run("UPDATE kontor_connection SET " + std::string(assignment) + " WHERE name = ?2",
                value, connection);
        if (sql.changes() == 0)
            stop({Errc::kNotFound,
                  "there is no connection '" + connection + "'",
                  {{"reason", "no_connection"}, {"connection", connection}},
                  {}});
        transaction.commit();
    });
}

}  // namespace

Result<> set_push(const replica::Database& db, const std::string& connection, bool enabled) {
    return set_connection(db, connection, "push_enabled = ?1", enabled ? 1 : 0);
}

Result<> resume(const replica::Database& db, const std::string& connection) {
    return set_connection(db, connection, "paused = iif(?1, NULL, paused)", 1);
}

}  // namespace kontor::engine
