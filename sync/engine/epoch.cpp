#include "sync/engine/epoch.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "sync/engine/absorb.hpp"
#include "sync/engine/late_reads.hpp"
#include "sync/engine/let_go.hpp"
#include "sync/engine/pusher.hpp"
#include "sync/engine/references.hpp"

namespace kontor::engine {
namespace {

using replica::LinkState;

std::string marker(std::int64_t stream) {
    return "unread:" + std::to_string(stream);
}

// What is still missing once the stream has been read is to be sent.
std::string missing_marker(std::int64_t stream) {
    return "send_missing:" + std::to_string(stream);
}

// The last entry of history that the backup had.
constexpr std::string_view kRestoredBehind = "restored_behind";

// A remote has given an id again that is another's here.
std::string lost_marker(std::int64_t connection) {
    return "lost_ids:" + std::to_string(connection);
}

void set_marker(Sql& sql, std::string_view name, std::int64_t value = 1) {
    sql.run(
        "INSERT INTO kontor_meta(key, value) VALUES(?1, ?2)"
        " ON CONFLICT(key) DO UPDATE SET value = ?2",
        name, value);
}

void read_again(Sql& sql, const std::vector<std::int64_t>& streams) {
    for (const std::int64_t stream : streams) {
        sql.run("UPDATE kontor_stream SET cursor = '', swept_at = NULL WHERE id = ?", stream);
        set_marker(sql, marker(stream));
    }
}

template <class... Args>
std::vector<std::int64_t> ids(Sql& sql, std::string_view query, const Args&... args) {
    std::vector<std::int64_t> out;
    auto& rows = sql.bind(query, args...);
    while (Sql::step(rows)) out.push_back(rows.integer(0));
    return out;
}

// What stands beside those links of a stream: a link that comes later may be given their number.
void forget_beside(Sql& sql, std::int64_t stream, const std::string& which) {
    for (const std::string table :
         {"kontor_shadow", "kontor_waiting", "kontor_intent", "kontor_blocked"})
        sql.run("DELETE FROM " + table +
                    " WHERE link IN (SELECT id FROM kontor_link WHERE stream = ? AND " + which +
                    ")",
                stream);
}

// What stood between a stream's records and the old organisation.
void forget_organisation(Sql& sql, std::int64_t stream, const Clock& clock,
                         const std::string& actor) {
    forget_beside(sql, stream, "true");
    sql.run("DELETE FROM kontor_match WHERE stream = ?", stream);
    drop_let_go(sql, stream);
    sql.run(
        "UPDATE kontor_conflict SET state = 'decided', rule = 'remote_changed',"
        " decided_at = ?, decided_by = ? WHERE state = 'open' AND stream = ?",
        format_instant(clock.now()), actor, stream);
    const auto state = [](LinkState s) { return static_cast<int>(s); };
    // Deleted here: no word of it to somebody else.
    sql.run("DELETE FROM kontor_link WHERE stream = ? AND state IN (?, ?)", stream,
            state(LinkState::kDeleteHere), state(LinkState::kDone));
    // What the old one had deleted and we kept goes its own way, but is met again where it is back:
    // it would be here twice.
    const auto entity = sql.text(
        "SELECT e.name FROM kontor_stream s JOIN kontor_entity e ON e.id = s.entity"
        " WHERE s.id = ?",
        stream);
    const std::string kept = "record IN (SELECT id FROM " + replica::sql_name(entity.value()) + ")";
    sql.run(
        "UPDATE kontor_link SET version = NULL, covers = 0, dirty = 0 WHERE stream = ?"
        " AND state = ? AND " +
            kept,
        stream, state(LinkState::kDeletedThere));
    sql.run(
        "UPDATE kontor_link SET state = ?, ext_id = NULL, version = NULL, covers = 0, dirty = 0"
        " WHERE stream = ? AND (state = ? OR state = ? AND NOT " +
            kept + ")",
        state(LinkState::kDetached), stream, state(LinkState::kDetached),
        state(LinkState::kDeletedThere));
    sql.run(
        "UPDATE kontor_link SET state = ?, version = NULL, covers = 0, dirty = 0"
        " WHERE stream = ? AND state IN (?, ?, ?) AND ext_id IS NOT NULL",
        state(LinkState::kMissing), stream, state(LinkState::kLive), state(LinkState::kMissing),
        state(LinkState::kAccessLost));
    sql.run("UPDATE kontor_stream SET records = 0 WHERE id = ?", stream);
}

bool makes_nothing_twice(Sql& sql, std::int64_t stream) {
    return sql
        .integer(
            "SELECT 1 FROM kontor_stream WHERE id = ? AND loaded"
            " AND coalesce(json_extract(mapping, '$.key_field'), '') <> ''",
            stream)
        .has_value();
}

// All that is there has been shown, under its id or its key. What it lacks counts as what was here
// before the remote was connected.
void make_new(Context& context, std::int64_t stream) {
    Sql& sql = context.sql;
    const auto lacked =
        "state = " + std::to_string(static_cast<int>(LinkState::kMissing)) + " AND covers = 0";
    forget_beside(sql, stream, lacked);
    let_go_all(context, stream, lacked);  // lists that lag may not have shown it yet
    // Of an edit made since: it is sent with the record.
    sql.run(
        "DELETE FROM kontor_conflict WHERE state = 'open' AND link IN"
        " (SELECT id FROM kontor_link WHERE stream = ? AND " +
            lacked + ")",
        stream);
    sql.run("DELETE FROM kontor_link WHERE stream = ? AND " + lacked, stream);
    sql.run("UPDATE kontor_stream SET loaded = 1 WHERE id = ?", stream);
    sql.run("DELETE FROM kontor_meta WHERE key = ?", missing_marker(stream));
}

bool is_marked(Sql& sql, const std::string& name) {
    return sql.integer("SELECT 1 FROM kontor_meta WHERE key = ?", name).has_value();
}

}  // namespace

Result<std::int64_t> start_epoch(const replica::Database& db) {
    return guarded([&] {
        Sql sql(db);
        WriteTransaction transaction(db);
        sql.run("UPDATE kontor_meta SET value = value + 1 WHERE key = 'epoch'");
        set_marker(sql, kRestoredBehind,
                   sql.integer("SELECT max(seq) FROM kontor_history").value_or(0));
        read_again(sql, ids(sql, "SELECT id FROM kontor_stream"));
        const auto epoch = sql.integer("SELECT value FROM kontor_meta WHERE key = 'epoch'");
        transaction.commit();
        return epoch.value_or(0);
    });
}

Result<> accept_remote(const replica::Database& db, const Clock& clock,
                       const std::string& connection, const std::string& actor, Missing missing) {
    return guarded([&] {
        Sql sql(db);
        WriteTransaction transaction(db);
        const auto id = sql.integer("SELECT id FROM kontor_connection WHERE name = ?", connection);
        if (!id)
            stop({Errc::kNotFound,
                  "there is no connection '" + connection + "'",
                  {{"reason", "no_connection"}, {"connection", connection}},
                  {}});
        sql.run(
            "UPDATE kontor_connection SET org_id = NULL, user_id = NULL, paused = NULL,"
            " push_enabled = 0 WHERE id = ?",
            *id);
        sql.run("DELETE FROM kontor_meta WHERE key = ?", lost_marker(*id));
        forget_late_read(sql, *id);
        const auto streams = ids(sql, "SELECT id FROM kontor_stream WHERE connection = ?", *id);
        for (const std::int64_t stream : streams) {
            forget_organisation(sql, stream, clock, actor);
            sql.run("DELETE FROM kontor_meta WHERE key = ?", missing_marker(stream));
            if (missing == Missing::kSend && makes_nothing_twice(sql, stream))
                set_marker(sql, missing_marker(stream));
        }
        read_again(sql, streams);
        transaction.commit();
    });
}

bool was_restored(Sql& sql) {
    return sql.integer("SELECT 1 FROM kontor_meta WHERE key = ?", kRestoredBehind).has_value();
}

bool is_unread(Sql& sql, std::int64_t stream) {
    return is_marked(sql, marker(stream));
}

bool sends_missing(Sql& sql, std::int64_t stream) {
    return is_marked(sql, missing_marker(stream));
}

void mark_read(Context& context, const StreamPlan& plan) {
    EngineTransaction transaction(context);
    context.sql.run("DELETE FROM kontor_meta WHERE key = ?", marker(plan.id));
    transaction.commit();
}

void introduce_missing(Context& context, const std::vector<const StreamPlan*>& streams,
                       const std::vector<const StreamPlan*>& closed) {
    const auto is_closed = [&](const StreamPlan* plan) {
        return std::ranges::find(closed, plan) != closed.end();
    };
    for (const StreamPlan* plan : streams) {
        const auto unread = [&](const StreamPlan* other) {
            return (other == plan || (refers_to(*other, *plan) && !is_closed(other))) &&
                   is_unread(context.sql, other->id);
        };
        if (!is_marked(context.sql, missing_marker(plan->id)) ||
            std::ranges::any_of(streams, unread))
            continue;
        pin_referrers_of_missing(context, *plan);
        EngineTransaction transaction(context);
        make_new(context, plan->id);
        transaction.commit();
    }
}

std::vector<const StreamPlan*> ready_to_push(Sql& sql, const std::vector<const StreamPlan*>& some,
                                             const std::vector<const StreamPlan*>& streams) {
    auto lacking = streams;
    std::erase_if(
        lacking, [&](const StreamPlan* plan) { return !is_marked(sql, missing_marker(plan->id)); });
    auto ready = some;
    std::erase_if(ready, [&](const StreamPlan* plan) {
        return is_unread(sql, plan->id) ||
               std::ranges::any_of(
                   lacking, [&](const StreamPlan* target) { return refers_to(*plan, *target); });
    });
    return ready;
}

void refuse_if_accepted(Sql& sql, std::int64_t connection) {
    // Each cycle writes it before it does anything else.
    const auto name =
        sql.text("SELECT name FROM kontor_connection WHERE id = ? AND org_id IS NULL", connection);
    if (name)
        stop({Errc::kCancelled,
              "the remote of " + *name + " was accepted meanwhile: the next sync reads it anew",
              {{"reason", "accepted_meanwhile"}, {"connection", *name}},
              {}});
}

bool replaced_since_restore(Context& context, const StreamPlan& plan, const GroupPlan& group,
                            std::int64_t record, Row row,
                            const std::optional<merge::GroupValues>& known,
                            const merge::GroupValues& theirs, const merge::References& references) {
    const auto behind =
        context.sql.integer("SELECT value FROM kontor_meta WHERE key = ?", kRestoredBehind);
    if (!behind) return false;
    const auto column_of = [&](std::int64_t field) -> std::optional<std::size_t> {
        for (const auto& columns : group.columns)
            for (const std::size_t column : columns)
                if (plan.column_fields[column] == field) return column;
        return std::nullopt;
    };
    // Back from the row as it is, one edit after the other.
    auto& edits = context.sql.bind(
        "SELECT field, old, seq > ? AND run IS NULL FROM kontor_history"
        " WHERE entity = ? AND record = ? AND op = 'u' ORDER BY seq DESC",
        *behind, plan.entity.id, record);
    bool found = false, edited = false;
    while (!found && Sql::step(edits)) {
        const auto column = column_of(edits.integer(0));
        if (!column) continue;
        // The last word on it was spoken before the backup, or by a remote.
        if (!std::exchange(edited, true) && edits.integer(2) == 0) break;
        row[*column] = Value(edits.value(1));
        const auto stood = put_group(group, row, references);
        if (stood == known) break;
        found = stood == theirs;
    }
    edits.reset();
    return found;
}

void lose_id(Context& context, const StreamPlan& plan, const Link& lost) {
    pin_referrers(context.sql, context.plans, plan, lost.record);
    // What an accepted remote has not shown yet was lost before it was accepted.
    if (lost.state != LinkState::kMissing || lost.covers != 0)
        set_marker(context.sql, lost_marker(plan.connection), lost.stream);
    if (lost.state == LinkState::kDeleteHere) return forget_link(context.sql, lost.id);
    drop_shadows(context.sql, lost.id);
    drop_intents(context.sql, lost.id);
    context.sql.run("DELETE FROM kontor_waiting WHERE link = ?", lost.id);
    context.sql.run("DELETE FROM kontor_blocked WHERE link = ?", lost.id);
    clear_dirty(context.sql, lost.id);
    Link link = lost;
    link.ext_id.clear();
    link.version.clear();
    link.covers = 0;
    if (link.state != LinkState::kDetached) link.state = LinkState::kMissing;
    save_link(context.sql, link, lost);
}

void give_up_id(Context& context, const StreamPlan& plan, const Link& gone) {
    if (!read_row(context.sql, plan, gone.record)) return forget_link(context.sql, gone.id);
    Link link = gone;
    link.ext_id.clear();
    link.version.clear();
    save_link(context.sql, link, gone);
}

void refuse_if_ids_lost(Sql& sql, std::int64_t connection) {
    const auto stream = sql.text(
        "SELECT s.name FROM kontor_meta m JOIN kontor_stream s ON s.id = m.value WHERE m.key = ?",
        lost_marker(connection));
    if (stream)
        stop({Errc::kMismatch,
              *stream + ": the remote has given a new record the id of one that is here: the"
                        " remote was set back",
              {{"stream", *stream}},
              {}});
}

void doubt_creates(Context& context, const StreamPlan& plan) {
    if (!plan.mapping.key_field.empty()) return;
    EngineTransaction transaction(context);
    const auto waiting = ids(context.sql,
                             "SELECT id FROM kontor_link WHERE stream = ? AND dirty"
                             " AND ext_id IS NULL AND state = 0",
                             plan.id);
    for (const std::int64_t id : waiting) {
        const auto link = link_by_id(context.sql, id);
        const auto push = link ? plan_push(context, plan, *link, true) : std::nullopt;
        if (!push || push->op != remote::ChangeOp::kCreate || push->refused) continue;
        add_intent(context, {.link = id,
                             .op = "create",
                             .sent = push->groups,
                             .key = "",
                             .base_version = "",
                             .state = "unknown",
                             .version = ""});
    }
    transaction.commit();
}

}  // namespace kontor::engine
