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

void name_deleter(Sql& sql, const StreamPlan& plan, Conflict& conflict) {
    auto& row = sql.bind(
        "SELECT coalesce(actor, ''), at FROM kontor_history WHERE entity = ? AND record = ?"
        " AND op = 'd' AND field IS NULL ORDER BY seq DESC LIMIT 1",
        plan.entity.id, conflict.record);
    if (Sql::step(row)) {
        conflict.ours_by = row.text(0);
        conflict.ours_at = row.text(1);
    }
    row.reset();
}

void show_theirs(Sql& sql, const StreamPlan& plan, const Link& link,
                 const LinkReferences& references, Conflict& conflict) {
    name_deleter(sql, plan, conflict);
    const auto offered = offered_since_deleted(sql, plan, conflict);
    if (offered.empty()) return;
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
                conflict.fields.push_back(conflict_field(references, group.mapping->fields[i],
                                                         before, Value::null(), found->second));
        }
    }
}

void show_ours(Sql& sql, const StreamPlan& plan, const Link& link, const LinkReferences& references,
               Conflict& conflict) {
    const auto row = read_row(sql, plan, conflict.record);
    if (!row) return;
    std::vector<std::size_t> columns;
    for (const auto& [id, shadow] : shadows_of(sql, link.id)) {
        const GroupPlan* group = plan.group(id);
        if (group == nullptr || shadow.waits || shadow.unknown()) continue;
        const auto ours = put_group(*group, *row, references);
        if (!shadow.edited(ours)) continue;
        for (std::size_t i = 0;
             i < std::min({ours.size(), shadow.theirs.size(), shadow.ours.size()}); ++i) {
            const Value &was = shadow.theirs[i], &now = ours[i];
            if (now == shadow.ours[i]) continue;
            conflict.fields.push_back(
                conflict_field(references, group->mapping->fields[i], was, now, Value::null()));
            columns.insert(columns.end(), group->columns[i].begin(), group->columns[i].end());
        }
    }
    name_author(sql, plan, columns, conflict);
}

}  // namespace

void show_deletion(Sql& sql, const Plans& plans, const StreamPlan& plan, Conflict& conflict) {
    const auto link = link_by_record(sql, plan.id, conflict.record);
    if (!link) return;
    const LinkReferences references(sql, plans, plan.connection);
    if (link->state == LinkState::kDeleteHere) {
        conflict.deleted = "ours";
        show_theirs(sql, plan, *link, references, conflict);
    } else if (link->state == LinkState::kDeletedThere) {
        if (conflict.rule != kConvertedThere) conflict.deleted = "theirs";
        show_ours(sql, plan, *link, references, conflict);
    }
}

void name_author(Sql& sql, const StreamPlan& plan, const std::vector<std::size_t>& columns,
                 Conflict& conflict) {
    std::int64_t newest = 0;
    for (const std::size_t column : columns) {
        auto& row = sql.bind(
            "SELECT seq, coalesce(actor, ''), at FROM kontor_history WHERE entity = ? AND"
            " record = ? AND field = ? AND op = 'u' ORDER BY seq DESC LIMIT 1",
            plan.entity.id, conflict.record, plan.column_fields[column]);
        if (Sql::step(row) && row.integer(0) > newest) {
            newest = row.integer(0);
            conflict.ours_by = row.text(1);
            conflict.ours_at = row.text(2);
        }
        row.reset();
    }
}

}  // namespace kontor::engine
