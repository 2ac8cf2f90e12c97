#include "sync/engine/absorb.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "sync/engine/epoch.hpp"
#include "sync/engine/let_go.hpp"
#include "sync/engine/only_read.hpp"
#include "sync/engine/references.hpp"
#include "sync/engine/rows.hpp"
#include "sync/engine/state.hpp"
#include "sync/replica/chain.hpp"
#include "sync/replica/tombstones.hpp"

namespace kontor::engine {
namespace {

using replica::LinkState;

/// How long a part may take; a merge of the same transaction comes on top.
constexpr std::chrono::milliseconds kAbsorbMax{25};

/// What the log says of one record since the last look.
struct Edits {
    std::int64_t entity = 0;
    std::int64_t record = 0;
    OldValues old;        ///< the oldest value of each changed field
    bool existed = true;  ///< before the first entry
    bool deleted_between = false;
    bool not_only_deleted = false;  ///< edited before the deletion, or written again after it
    bool marker_seen = false;
    std::int64_t last_seq = 0;  ///< entry up to which the record is absorbed
};

void add_entry(Edits& edits, const replica::Statement& row) {
    const std::string_view op = row.text(2);
    edits.not_only_deleted = edits.not_only_deleted || edits.deleted_between || op != "d";
    // What was before a deletion is whole with it; what was written under the id since is not old.
    if (edits.deleted_between) return;
    if (!row.is_null(1)) {
        edits.old.emplace(row.integer(1), Value(row.value(3)));
        return;
    }
    if (!edits.marker_seen) edits.existed = op != "i";
    edits.marker_seen = true;
    if (op == "d" && edits.existed) edits.deleted_between = true;
}

/// The next stretch of the log.
struct Window {
    struct Touched {
        std::int64_t entity = 0;
        std::int64_t record = 0;
        std::int64_t first_seq = 0;
    };
    std::vector<Touched> records;  ///< each once, by its first entry
    std::int64_t last_seq = 0;
    bool complete = false;  ///< nothing was logged behind it
};

Window next_window(Sql& sql, std::int64_t since, std::int64_t entries_max) {
    Window out;
    std::set<std::pair<std::int64_t, std::int64_t>> seen;
    std::int64_t entries = 0;
    auto& rows = sql.bind(
        "SELECT seq, entity, record FROM kontor_history WHERE seq > ? AND run IS NULL"
        " ORDER BY seq LIMIT ?",
        since, entries_max);
    for (; Sql::step(rows); ++entries) {
        out.last_seq = rows.integer(0);
        if (seen.emplace(rows.integer(1), rows.integer(2)).second)
            out.records.push_back({rows.integer(1), rows.integer(2), out.last_seq});
    }
    out.complete = entries < entries_max;
    return out;
}

/// All that was logged of the record and not absorbed yet; nullopt: nothing.
std::optional<Edits> edits_of(Sql& sql, const Window::Touched& touched, std::int64_t since) {
    const auto absorbed =
        sql.integer("SELECT seq FROM kontor_absorbed WHERE entity = ? AND record = ?",
                    touched.entity, touched.record);
    Edits out{.entity = touched.entity, .record = touched.record, .old = {}};
    auto& rows = sql.bind(
        "SELECT seq, field, op, old FROM kontor_history"
        " WHERE entity = ? AND record = ? AND seq > ? AND run IS NULL ORDER BY seq",
        touched.entity, touched.record, absorbed.value_or(since));
    while (Sql::step(rows)) {
        out.last_seq = rows.integer(0);
        add_entry(out, rows);
    }
    if (out.last_seq == 0) return std::nullopt;
    return out;
}

/// Remembers that a part ends at `upto`, and which records were absorbed further.
void end_part(Context& context, const std::vector<Edits>& absorbed, std::int64_t upto) {
    for (const Edits& edits : absorbed)
        if (edits.last_seq > upto)
            context.sql.run(
                "INSERT INTO kontor_absorbed(entity, record, seq) VALUES(?, ?, ?)"
                " ON CONFLICT(entity, record) DO UPDATE SET seq = excluded.seq",
                edits.entity, edits.record, edits.last_seq);
    context.sql.run("DELETE FROM kontor_absorbed WHERE seq <= ?", upto);
    context.sql.run("UPDATE kontor_meta SET value = ? WHERE key = 'absorbed_seq'", upto);
    need(replica::seal_history(context.sql.db(), context.random, upto));
}

bool exists(Sql& sql, const replica::Entity& entity, std::int64_t record) {
    return sql.integer("SELECT 1 FROM \"" + entity.name + "\" WHERE id = ?", record).has_value();
}

/// What is only read, for each kind of record that was edited.
class OnlyReads {
public:
    explicit OnlyReads(const Plans& plans) : plans_(plans) {}

    const OnlyRead& of(const replica::Entity& entity) {
        const auto [found, fresh] = known_.try_emplace(entity.id);
        if (fresh)
            for (const StreamPlan& plan : plans_.all())
                if (plan.entity.id == entity.id)
                    found->second.add(plan.connection_name, plan.mapping, plan.entity);
        return found->second;
    }

private:
    const Plans& plans_;
    std::map<std::int64_t, OnlyRead> known_;
};

void notice_read_only(Context& context, std::int64_t entity, std::int64_t record,
                      std::optional<std::int64_t> field) {
    context.sql.run(
        "INSERT INTO kontor_notice(at, kind, entity, record, field) VALUES(?, 'read_only', ?, ?, "
        "?)",
        context.now(), entity, record, field);
}

// A read-only column is computed at a remote, or no remote takes it; what SQL wrote into it goes
// back, and is kept in history by the entry that the correction makes.
void undo_read_only(Context& context, const replica::Entity& entity, const OnlyRead& only,
                    Edits& edits) {
    for (auto it = edits.old.begin(); it != edits.old.end();) {
        const replica::Field* field = entity.field(it->first);
        if (field == nullptr || (!field->read_only && only.column(field->name).empty())) {
            ++it;
            continue;
        }
        const std::string column = '"' + field->name + '"';
        Value typed;
        {
            auto& row = context.sql.bind(
                "SELECT " + column + " FROM \"" + entity.name + "\" WHERE id = ?", edits.record);
            if (Sql::step(row)) typed = Value(row.value(0));
            row.reset();
        }
        if (typed == it->second) {
            it = edits.old.erase(it);
            continue;
        }
        context.sql.run("UPDATE \"" + entity.name + "\" SET " + column + " = ? WHERE id = ?",
                        it->second, edits.record);
        add_history(context, entity.id, edits.record, field->id, "u", typed,
                    {.actor = "kontor", .rule = "read_only"});
        edits.last_seq = context.sql.last_insert_id();
        notice_read_only(context, entity.id, edits.record, field->id);
        it = edits.old.erase(it);
    }
}

const Cause kReadOnly{.actor = "kontor", .rule = "read_only"};

// A record that is only read was deleted here: it is back, as the remote has it.
bool put_back(Context& context, const OnlyRead& only, Edits& edits) {
    if (only.records().empty()) return false;
    for (const StreamPlan& plan : context.plans.all()) {
        if (plan.entity.id != edits.entity || !link_by_record(context.sql, plan.id, edits.record))
            continue;
        restore_row(context, plan, edits.record, {}, kReadOnly);
        edits.last_seq = context.sql.last_insert_id();
        notice_read_only(context, edits.entity, edits.record, std::nullopt);
        return true;
    }
    return false;
}

// A record of a kind that is only read was made here: it goes again. What was here before the
// remote was read is a person's own.
bool take_away(Context& context, const replica::Entity& entity, const OnlyRead& only,
               Edits& edits) {
    const bool loaded = std::ranges::any_of(context.plans.all(), [&](const StreamPlan& plan) {
        return plan.entity.id == edits.entity && plan.loaded;
    });
    if (only.records().empty() || !loaded) return false;
    remove_row(context, entity, edits.record, 0, kReadOnly);
    edits.last_seq =
        context.sql.integer("SELECT max(seq) FROM kontor_history").value_or(edits.last_seq);
    notice_read_only(context, edits.entity, edits.record, std::nullopt);
    return true;
}

// Somebody has changed a group that waits for a record: where the reference itself was set, theirs
// counts from now on.
void end_waiting(Context& context, const StreamPlan& plan, const GroupPlan& group, const Link& link,
                 const Shadow& shadow, const OldValues& old, const merge::References& references) {
    for (std::size_t i = 0; i < group.columns.size(); ++i) {
        const bool set = std::ranges::any_of(group.columns[i], [&](std::size_t column) {
            return old.contains(plan.column_fields[column]);
        });
        if (!set && waits_for_target(group.mapping->fields[i], shadow.theirs[i], references))
            return;
    }
    save_shadow(context.sql, link.id, group.id, {shadow.theirs, shadow.ours, false});
    wait_no_longer(context.sql, link.id, group.id);
}

/// `now`: the row, or the last one of a deleted record.
void compare_groups(Context& context, const StreamPlan& plan, const Link& link,
                    const OldValues& old, const Row& now) {
    Row was = now;
    for (std::size_t i = 0; i < plan.columns.size(); ++i)
        if (const auto found = old.find(plan.column_fields[i]); found != old.end())
            was[i] = found->second;

    const LinkReferences references(context.sql, context.plans, plan.connection);
    const Shadows shadows = shadows_of(context.sql, link.id);
    bool touched = false;
    for (const GroupPlan& group : plan.groups) {
        const bool concerned = std::ranges::any_of(group.columns, [&](const auto& columns) {
            return std::ranges::any_of(
                columns, [&](std::size_t i) { return old.contains(plan.column_fields[i]); });
        });
        if (!concerned) continue;
        const auto before = put_group(group, was, references);
        const auto shadow = shadows.find(group.id);
        if (before == put_group(group, now, references) &&
            (shadow == shadows.end() || !shadow->second.waits))
            continue;
        touched = true;
        if (shadow == shadows.end())
            save_shadow(context.sql, link.id, group.id,
                        link.covers >= group.since ? Shadow{before, before, false}
                                                   : Shadow::edit_of_unknown(before));
        else if (shadow->second == Shadow::nothing_known(group))
            save_shadow(context.sql, link.id, group.id, Shadow::edit_of_unknown(before));
        else if (shadow->second.waits)
            end_waiting(context, plan, group, link, shadow->second, old, references);
    }
    if (!touched) {
        // What it waited for may be gone by now. If not, the next push says so again.
        wait_no_longer(context.sql, link.id);
        return;
    }
    mark_dirty(context.sql, link.id);
    unblock(context.sql, link.id);
}

// It was edited since the last look, before it was deleted: a base for what had not been sent,
// should the deletion be taken back, or meet an edit there.
void note_last_edits(Context& context, const replica::Entity& entity, Edits& edits) {
    if (!edits.not_only_deleted) return;
    // What was not logged with the deletion was null.
    for (const auto& field : entity.fields) edits.old.emplace(field.id, Value::null());
    for (const StreamPlan& plan : context.plans.all()) {
        if (plan.entity.id != entity.id) continue;
        const auto link = link_by_record(context.sql, plan.id, edits.record);
        if (link && !link->ext_id.empty())
            compare_groups(context, plan, *link, edits.old,
                           last_row(context.sql, plan, edits.record));
    }
}

void absorb_record(Context& context, OnlyReads& only_reads, Edits& edits) {
    const replica::Entity* entity = context.plans.catalogue().entity(edits.entity);
    if (entity == nullptr) return;
    const OnlyRead& only = only_reads.of(*entity);
    const bool here = exists(context.sql, *entity, edits.record);
    if (!here && (!edits.existed || !put_back(context, only, edits))) {
        if (!edits.existed) return;
        note_last_edits(context, *entity, edits);
        note_delete(context, edits.entity, edits.record, 0);
        return;
    }
    if (!edits.existed) {
        if (!take_away(context, *entity, only, edits))
            note_insert(context, edits.entity, edits.record, 0);
        return;
    }
    // Deleted and written again under the same id: what was not logged with the deletion was null.
    if (edits.deleted_between)
        for (const auto& field : entity->fields) edits.old.emplace(field.id, Value::null());
    undo_read_only(context, *entity, only, edits);
    note_change(context, edits.entity, edits.record, edits.old, 0);
}

/// Rule of questions about values that were closed because their record was deleted here.
constexpr std::string_view kDeleted = "deleted";

// If the deletion is taken back, what was in question is read and asked about again: what the
// remote held was never merged.
void close_questions(Context& context, const StreamPlan& plan, const Link& link) {
    const auto shadows = shadows_of(context.sql, link.id);
    for (const GroupPlan& group : plan.groups)
        if (open_conflict(context.sql, link.id, group.id) && !shadows.contains(group.id))
            save_shadow(context.sql, link.id, group.id, Shadow::nothing_known(group));
    close_group_conflicts(context, link.id, kDeleted);
}

bool had_questions(Context& context, const Link& link, const StreamPlan& plan) {
    return context.sql
        .integer(
            "SELECT 1 FROM kontor_conflict WHERE entity = ? AND record = ? AND link = ?"
            " AND grp IS NOT NULL AND rule = ? LIMIT 1",
            plan.entity.id, link.record, link.id, kDeleted)
        .has_value();
}

// The deletion is taken back before the remote was told. It holds what the row was then.
void call_off_delete(Context& context, const StreamPlan& plan, Link link) {
    link.state = LinkState::kLive;
    // What images showed of a group that had never been read was not looked at meanwhile.
    const auto shadows = shadows_of(context.sql, link.id);
    const bool unread =
        std::ranges::any_of(shadows, [](const auto& shadow) { return shadow.second.unknown(); }) ||
        had_questions(context, link, plan);
    if (unread) link.version.clear();
    save_link(context.sql, link);
    close_record_conflict(context, link.id, "restored");
    unblock(context.sql, link.id);
    mark_dirty(context.sql, link.id);
    const auto now = read_row(context.sql, plan, link.record);
    if (link.ext_id.empty() || !now) return;
    // An image of it was not merged, and lies before the cursor: the next sweep reads it.
    if (unread || link.covers < plan.generation)
        context.sql.run("UPDATE kontor_stream SET swept_at = NULL WHERE id = ?", plan.id);
    const Row last = last_row(context.sql, plan, link.record);
    OldValues old;
    for (std::size_t i = 0; i < last.size(); ++i) old.emplace(plan.column_fields[i], last[i]);
    compare_groups(context, plan, link, old, *now);
}

void delete_on_link(Context& context, const StreamPlan& plan, Link link, bool relayed) {
    if (link.state == LinkState::kDeletedThere) {  // it was kept here, until now
        link.state = LinkState::kDone;
        save_link(context.sql, link);
        close_record_conflict(context, link.id, kDeleted);
        close_group_conflicts(context, link.id, kDeleted);
        return;
    }
    if (link.state != LinkState::kLive && link.state != LinkState::kMissing &&
        link.state != LinkState::kAccessLost)
        return;
    const bool in_flight = !intents_of(context.sql, link.id).empty();
    // Nothing there yet; or an id of another organisation that has not been seen at this one.
    const bool unseen = link.state == LinkState::kMissing && link.covers == 0;
    if ((link.ext_id.empty() && !in_flight) || unseen) {
        if (unseen) {
            await_again(context.sql, context.plans, plan, link.record);
            // Should it come back there, it is not what we have made since.
            let_go(context, link);
        }
        forget_link(context.sql, link.id);
        return;
    }
    const auto policy = relayed ? plan.mapping.delete_relayed : plan.mapping.delete_there;
    switch (policy) {
        case merge::DeletePolicy::kMirror:
            link.state = LinkState::kDeleteHere;
            save_link(context.sql, link);
            mark_dirty(context.sql, link.id);
            break;
        case merge::DeletePolicy::kUnlink:
            link.state = LinkState::kDetached;
            save_link(context.sql, link);
            clear_dirty(context.sql, link.id);
            break;
        case merge::DeletePolicy::kAsk:
            // The open question keeps it from being sent.
            link.state = LinkState::kDeleteHere;
            save_link(context.sql, link);
            if (record_conflict(context, plan, link, std::nullopt, "delete", {}, "ask", ""))
                ++context.asked[plan.id];
            clear_dirty(context.sql, link.id);
            break;
    }
    close_questions(context, plan, link);
    unblock(context.sql, link.id);
}

}  // namespace

void take_up(Context& context, const StreamPlan& plan, Link link) {
    switch (link.state) {
        case LinkState::kDeleteHere:
            return call_off_delete(context, plan, std::move(link));
        case LinkState::kDeletedThere:
        case LinkState::kDone:  // there is nothing there any more: it is made anew
            if (!plan.mapping.push || !plan.mapping.create) return;
            pin_referrers(context.sql, context.plans, plan, link.record);
            start_afresh(context, link);
            return;
        case LinkState::kDetached:
            // Each side has gone its own way: compared by the next sweep before anything is sent.
            if (link.ext_id.empty()) return;
            drop_shadows(context.sql, link.id);
            drop_intents(context.sql, link.id);
            link.state = LinkState::kLive;
            link.covers = 0;
            link.version.clear();
            save_link(context.sql, link);
            context.sql.run("UPDATE kontor_stream SET swept_at = NULL WHERE id = ?", plan.id);
            return;
        case LinkState::kLive:
        case LinkState::kMissing:
        case LinkState::kAccessLost:
            return;
    }
}

void note_change(Context& context, std::int64_t entity, std::int64_t record, const OldValues& old,
                 std::int64_t except_stream) {
    if (old.empty()) return;
    for (const StreamPlan& plan : context.plans.all()) {
        if (plan.entity.id != entity || plan.id == except_stream) continue;
        auto link = link_by_record(context.sql, plan.id, record);
        if (!link) continue;
        if (link->ext_id.empty()) {
            mark_dirty(context.sql, link->id);
            unblock(context.sql, link->id);
            continue;
        }
        if (const auto now = read_row(context.sql, plan, record))
            compare_groups(context, plan, *link, old, *now);
    }
}

void note_insert(Context& context, std::int64_t entity, std::int64_t record,
                 std::int64_t except_stream) {
    for (const StreamPlan& plan : context.plans.all()) {
        if (plan.entity.id != entity) continue;
        refer_to_somebody(context.sql, context.plans, plan, record);
        if (plan.id == except_stream) continue;
        if (auto link = link_by_record(context.sql, plan.id, record)) {
            take_up(context, plan, std::move(*link));
            continue;
        }
        if (!plan.mapping.push || !plan.mapping.create) continue;
        add_unsent_link(context.sql, plan.id, record);
    }
}

void note_delete(Context& context, std::int64_t entity, std::int64_t record,
                 std::int64_t except_stream) {
    for (const StreamPlan& plan : context.plans.all()) {
        if (plan.entity.id != entity) continue;
        wait_for_parent_no_longer(context.sql, context.plans, plan, record);
        if (plan.id == except_stream) continue;
        if (auto link = link_by_record(context.sql, plan.id, record))
            delete_on_link(context, plan, *link, except_stream != 0);
    }
}

bool absorb(Context& context, std::int64_t entries_max) {
    const std::int64_t since =
        context.sql.integer("SELECT value FROM kontor_meta WHERE key = 'absorbed_seq'").value_or(0);
    const std::int64_t last =
        context.sql.integer("SELECT max(seq) FROM kontor_history").value_or(0);
    if (last <= since) return true;
    context.sql.run("DELETE FROM kontor_replaced");

    const auto started = context.clock.steady();
    const Window window = next_window(context.sql, since, entries_max);
    std::vector<Edits> absorbed;
    OnlyReads only_reads(context.plans);
    std::size_t at = 0;
    for (; at < window.records.size(); ++at) {
        if (at % 16 == 15 && context.clock.steady() - started > kAbsorbMax) break;
        auto edits = edits_of(context.sql, window.records[at], since);
        if (!edits) continue;
        absorb_record(context, only_reads, *edits);
        edits->old.clear();
        absorbed.push_back(std::move(*edits));
    }
    const bool all = window.complete && at == window.records.size();
    // As many as may be new, or all that are left.
    need(replica::complete_tombstones(context.sql.db(), context.plans.catalogue(),
                                      all ? -1 : static_cast<std::int64_t>(at)));
    if (all)
        context.sql.run("DELETE FROM kontor_absorbed");
    else
        end_part(context, absorbed,
                 at < window.records.size() ? window.records[at].first_seq - 1 : window.last_seq);
    return all;
}

EngineTransaction::EngineTransaction(Context& context) : context_(context) {
    while (true) {
        asked_before_ = context_.asked;
        transaction_.emplace(context.sql.db());
        if (context_.connection != 0) refuse_if_accepted(context_.sql, context_.connection);
        context_.plans.refresh(context_.sql);
        if (absorb(context_)) return;
        transaction_->commit();
    }
}

EngineTransaction::~EngineTransaction() {
    if (!committed_) context_.asked.swap(asked_before_);
}

void EngineTransaction::commit() {
    const auto number = [&](const char* query) { return context_.sql.integer(query).value_or(0); };
    const std::int64_t last = number("SELECT max(seq) FROM kontor_history");
    if (last != number("SELECT value FROM kontor_meta WHERE key = 'absorbed_seq'") ||
        last != number("SELECT max(last_seq) FROM kontor_chain")) {
        context_.sql.run("UPDATE kontor_meta SET value = ? WHERE key = 'absorbed_seq'", last);
        need(replica::seal_history(context_.sql.db(), context_.random));
    }
    transaction_->commit();
    committed_ = true;
}

}  // namespace kontor::engine
