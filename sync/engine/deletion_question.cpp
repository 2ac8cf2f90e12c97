#include "sync/engine/deletion_question.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "sync/engine/decide.hpp"
#include "sync/engine/rows.hpp"
#include "sync/engine/state.hpp"

namespace kontor::engine {
namespace {

using replica::LinkState;

/// What the last image of a colleague's offered since the record was deleted here, by the field's
/// catalogue id.
std::map<std::int64_t, Value> offered_since_deleted(Sql& sql, const StreamPlan& plan,
                                                    Conflict& conflict) {
    std::map<std::int64_t, Value> out;
    const std::string remote = "remote:" + conflict.connection;
    std::optional<std::int64_t> run;
    auto& rows = sql.bind(
        "SELECT field, old, coalesce(actor, ''), coalesce(run, 0) FROM kontor_history"
        " WHERE entity = ?1 AND record = ?2 AND op = 'k' AND rule IN ('manual', 'deletion_wins')"
        " AND field IS NOT NULL AND seq > (SELECT max(seq) FROM kontor_history WHERE entity = ?1"
        " AND record = ?2 AND op = 'd' AND field IS NULL) ORDER BY seq",
        plan.entity.id, conflict.record);
    while (Sql::step(rows)) {
        const std::string_view actor = rows.text(2);  // remote:NAME or remote:NAME:USER
        const bool user = actor.starts_with(remote + ":");
        if (!user && actor != remote) continue;
        // Each image offers all that differs: of an earlier one some may have been taken back.
        if (run != rows.integer(3)) out.clear();
        run = rows.integer(3);
        out.insert_or_assign(rows.integer(0), Value(rows.value(1)));
        conflict.theirs_by = user ? actor.substr(remote.size() + 1) : "";
    }
    return out;
}

/// The newest entry of a change of the record's fields, of these ids.
std::int64_t last_change(Sql& sql, const StreamPlan& plan, std::int64_t record,
                         const std::vector<std::int64_t>& fields) {
    std::int64_t newest = 0;
    for (const std::int64_t field : fields)
        newest = std::max(newest, sql.integer("SELECT max(seq) FROM kontor_history WHERE entity = ?"
                                              " AND record = ? AND field = ? AND op = 'u'",
                                              plan.entity.id, record, field)
                                      .value_or(0));
    return newest;
}

void name_ours(Sql& sql, std::int64_t entry, Conflict& conflict) {
    auto& row = sql.bind("SELECT coalesce(actor, ''), at FROM kontor_history WHERE seq = ?", entry);
    if (Sql::step(row)) {
        conflict.ours_by = row.text(0);
        conflict.ours_at = row.text(1);
    }
    row.reset();
}

/// With what they have changed since, as far as history tells; completes who did.
DeletionSides deleted_here_and_edited(Sql& sql, const StreamPlan& plan, const Link& link,
                                      const LinkReferences& references, Conflict& conflict) {
    auto out = deleted_here(sql, plan, link.record);
    const auto offered = offered_since_deleted(sql, plan, conflict);
    if (offered.empty()) return out;
    conflict.theirs_version = link.version;
    const Row last = last_row(sql, plan, conflict.record);
    const auto shadows = shadows_of(sql, link.id);
    for (const GroupPlan& group : plan.groups) {
        const auto shadow = shadows.find(group.id);
        const auto known =
            shadow != shadows.end() ? shadow->second.theirs : put_group(group, last, references);
        for (std::size_t i = 0; i < group.columns.size(); ++i) {
            const auto found = offered.find(plan.column_fields[group.columns[i].front()]);
            if (found == offered.end()) continue;
            const Value before = i < known.size() ? known[i] : Value{};
            if (before != found->second)
                out.changed.push_back({found->first, before, found->second});
        }
    }
    return out;
}

DeletionSides sides_of_open(Sql& sql, const StreamPlan& plan, const Link& link,
                            const LinkReferences& references, Conflict& conflict) {
    if (link.state == LinkState::kDeleteHere)
        return deleted_here_and_edited(sql, plan, link, references, conflict);
    if (link.state != LinkState::kDeletedThere) return {};
    auto out = deleted_there(sql, plan, link, references);
    if (conflict.rule == kConvertedThere) out.deleted.clear();
    return out;
}

/// What keep_sides() has written; nothing of a conflict that was decided by an older version.
DeletionSides kept_sides(Sql& sql, std::int64_t conflict) {
    DeletionSides out;
    auto& row = sql.bind("SELECT base, ours, theirs FROM kontor_conflict WHERE id = ?", conflict);
    if (Sql::step(row)) {
        const auto values = [&](int column) {
            return merge::decode(row.blob(column)).value_or(merge::GroupValues{});
        };
        const auto before = values(0);
        const bool by_us = row.is_null(1);
        if (by_us || row.is_null(2)) out.deleted = by_us ? "ours" : "theirs";
        const auto now = values(by_us ? 2 : 1);
        if (!before.empty()) out.ours = before[0].integer();
        for (std::size_t i = 0; i < now.size() && 2 * i + 2 < before.size(); ++i)
            out.changed.push_back({before[2 * i + 1].integer(), before[2 * i + 2], now[i]});
    }
    row.reset();
    return out;
}

void show(const StreamPlan& plan, const LinkReferences& references, const DeletionSides& sides,
          Conflict& conflict) {
    conflict.deleted = sides.deleted;
    const bool by_us = sides.deleted == "ours";
    for (const GroupPlan& group : plan.groups)
        for (std::size_t i = 0; i < group.columns.size(); ++i) {
            const auto changed = std::ranges::find(
                sides.changed, plan.column_fields[group.columns[i].front()], &ChangedField::field);
            if (changed != sides.changed.end())
                conflict.fields.push_back(conflict_field(
                    references, group.mapping->fields[i], changed->before,
                    by_us ? Value::null() : changed->now, by_us ? changed->now : Value::null()));
        }
}

}  // namespace

void DeletionSides::add(const StreamPlan& plan, const GroupPlan& group,
                        const merge::GroupValues& before, const merge::GroupValues& now) {
    for (std::size_t i = 0; i < now.size(); ++i) {
        const Value was = i < before.size() ? before[i] : Value{};
        if (now[i] != was && !(was.is_absent() && now[i].is_blank()))
            changed.push_back({plan.column_fields[group.columns[i].front()], was, now[i]});
    }
}

DeletionSides deleted_here(Sql& sql, const StreamPlan& plan, std::int64_t record) {
    return {.deleted = "ours",
            .changed = {},
            .ours = sql.integer("SELECT max(seq) FROM kontor_history WHERE entity = ? AND"
                                " record = ? AND op = 'd' AND field IS NULL",
                                plan.entity.id, record)
                        .value_or(0)};
}

DeletionSides deleted_there(Sql& sql, const StreamPlan& plan, const Link& link,
                            const LinkReferences& references) {
    DeletionSides out{.deleted = "theirs", .changed = {}};
    const auto row = read_row(sql, plan, link.record);
    if (!row) return out;
    std::vector<std::int64_t> fields;
    for (const auto& [id, shadow] : shadows_of(sql, link.id)) {
        const GroupPlan* group = plan.group(id);
        if (group == nullptr || shadow.waits || shadow.unknown()) continue;
        const auto ours = put_group(*group, *row, references);
        if (!shadow.edited(ours)) continue;
        for (std::size_t i = 0;
             i < std::min({ours.size(), shadow.theirs.size(), shadow.ours.size()}); ++i) {
            if (ours[i] == shadow.ours[i]) continue;
            out.changed.push_back(
                {plan.column_fields[group->columns[i].front()], shadow.theirs[i], ours[i]});
            for (const std::size_t column : group->columns[i])
                fields.push_back(plan.column_fields[column]);
        }
    }
    out.ours = last_change(sql, plan, link.record, fields);
    return out;
}

// `base` begins with the entry, and has before each value the number of its field, for a mapping
// may change. A side that has deleted the record has no values at all, NULL.
void keep_sides(Sql& sql, std::int64_t link, const DeletionSides& sides) {
    merge::GroupValues base, now;
    base.emplace_back(sides.ours);
    for (const ChangedField& changed : sides.changed) {
        base.emplace_back(changed.field);
        base.push_back(changed.before);
        now.push_back(changed.now);
    }
    const std::string before = merge::encode(base), after = merge::encode(now);
    const auto of = [&](std::string_view side) {
        if (sides.deleted == side) return std::optional<Blob>();
        const bool changed = !sides.deleted.empty() || side == "ours";
        return std::optional(Blob{changed ? std::string_view(after) : ""});
    };
    sql.run(
        "UPDATE kontor_conflict SET base = ?1, ours = ?2, theirs = ?3 WHERE id = (SELECT max(id)"
        " FROM kontor_conflict WHERE link = ?4 AND grp IS NULL AND kind = 'delete')",
        Blob{before}, of("ours"), of("theirs"), link);
}

void keep_sides_of_open(Sql& sql, const Plans& plans, const StreamPlan& plan, const Link& link,
                        Conflict conflict) {
    const LinkReferences references(sql, plans, plan.connection);
    keep_sides(sql, link.id, sides_of_open(sql, plan, link, references, conflict));
    sql.run(
        "UPDATE kontor_conflict SET theirs_by = nullif(?, ''), theirs_version = nullif(?, '')"
        " WHERE id = ?",
        conflict.theirs_by, conflict.theirs_version, conflict.id);
}

void show_deletion(Sql& sql, const Plans& plans, const StreamPlan& plan, Conflict& conflict) {
    const LinkReferences references(sql, plans, plan.connection);
    DeletionSides sides;
    if (conflict.state != "open") {
        sides = kept_sides(sql, conflict.id);
    } else if (const auto link = link_by_record(sql, plan.id, conflict.record)) {
        sides = sides_of_open(sql, plan, *link, references, conflict);
    }
    show(plan, references, sides, conflict);
    name_ours(sql, sides.ours, conflict);
}

void name_author(Sql& sql, const StreamPlan& plan, const std::vector<std::size_t>& columns,
                 Conflict& conflict) {
    std::vector<std::int64_t> fields;
    for (const std::size_t column : columns) fields.push_back(plan.column_fields[column]);
    name_ours(sql, last_change(sql, plan, conflict.record, fields), conflict);
}

}  // namespace kontor::engine
