// Many conflicts decided at once, and such a run taken back.
#include <algorithm>

#include "sync/engine/decide.hpp"
#include "sync/engine/matcher.hpp"
#include "sync/engine/puller.hpp"
#include "sync/engine/references.hpp"
#include "sync/engine/standalone.hpp"
#include "sync/engine/state.hpp"
#include "sync/replica/lookup.hpp"

namespace kontor::engine {
namespace {

std::string rule_of(std::int64_t run) {
    return "resolve:run:" + std::to_string(run);
}

bool says_who(Side side) {
    return side == Side::kSame || side == Side::kApart;
}

void check_filters(const ManyConflicts& which, Side side) {
    const bool match = says_who(side);
    if (match ? which.field.empty() : which.rule.empty()) return;
    stop({Errc::kInvalid,
          match ? "who is who has no field" : "a value has no rule by which two are alike",
          {{"key", match ? "field" : "rule"}},
          {}});
}

/// True if other records here may be theirs as well, or other ones of theirs may be ours.
bool may_be_several(Sql& sql, std::int64_t stream, std::int64_t record) {
    return sql
        .integer(
            "SELECT 1 FROM kontor_match m WHERE stream = ?1 AND record = ?2 AND (state = 'queued'"
            " OR (state = 'asked' AND EXISTS (SELECT 1 FROM kontor_match o WHERE o.stream = ?1 AND"
            " o.ext_id = m.ext_id AND o.record <> ?2 AND o.state = 'queued'))) LIMIT 1",
            stream, record)
        .has_value();
}

/// The questions of who is who that fit, oldest first.
std::vector<std::int64_t> select_matches(Sql& sql, const ManyConflicts& which, Side side,
                                         ManyDecided& out) {
    std::vector<std::int64_t> ids;
    auto& rows = sql.bind(
        "SELECT k.id, k.stream, k.record, c.name, e.name, k.rule FROM kontor_conflict k"
        " JOIN kontor_stream s ON s.id = k.stream JOIN kontor_connection c ON c.id = s.connection"
        " JOIN kontor_entity e ON e.id = k.entity WHERE k.state = 'open' AND k.kind = ?5"
        " AND (?1 = '' OR c.name = ?1) AND (?2 = '' OR e.name = ?2) AND (?3 = '' OR k.rule = ?3)"
        " AND (?4 = '' OR k.opened_at < ?4) ORDER BY k.id",
        which.connection, which.entity, which.rule, which.opened_before, kMatch);
    while (Sql::step(rows)) {
        if (side == Side::kSame && may_be_several(sql, rows.integer(1), rows.integer(2))) {
            ++out.left;
            continue;
        }
        ids.push_back(rows.integer(0));
        ++out.groups[{std::string(rows.text(3)), std::string(rows.text(4)),
                      std::string(rows.text(5))}];
    }
    return ids;
}

/// Those about values that fit, oldest first; what is about whole records is counted alone.
std::vector<std::int64_t> select_values(Sql& sql, const Plans& plans, const ManyConflicts& which,
                                        ManyDecided& out) {
    std::vector<std::int64_t> ids;
    std::set<std::int64_t> groups;
    if (!which.field.empty())
        groups = groups_about(plans, which.connection, which.entity, which.field);
    auto& rows = sql.bind(
        "SELECT k.id, k.grp, c.name, e.name, coalesce(g.name, '') FROM kontor_conflict k"
        " JOIN kontor_stream s ON s.id = k.stream JOIN kontor_connection c ON c.id = s.connection"
        " JOIN kontor_entity e ON e.id = k.entity LEFT JOIN kontor_group g ON g.id = k.grp"
        " WHERE k.state = 'open' AND (?1 = '' OR c.name = ?1) AND (?2 = '' OR e.name = ?2)"
        " AND (?3 = '' OR k.opened_at < ?3) ORDER BY k.id",
        which.connection, which.entity, which.opened_before);
    while (Sql::step(rows)) {
        if (rows.is_null(1)) {
            out.left += which.field.empty() ? 1 : 0;
            continue;
        }
        if (!which.field.empty() && !groups.contains(rows.integer(1))) continue;
        ids.push_back(rows.integer(0));
        ++out.groups[{std::string(rows.text(2)), std::string(rows.text(3)),
                      std::string(rows.text(4))}];
    }
    return ids;
}

std::vector<std::int64_t> select(Sql& sql, const Plans& plans, const ManyConflicts& which,
                                 Side side, ManyDecided& out) {
    check_filters(which, side);
    if (!which.entity.empty()) need(replica::find_entity(plans.catalogue(), which.entity));
    return says_who(side) ? select_matches(sql, which, side, out)
                          : select_values(sql, plans, which, out);
}

void list_first(Sql& sql, const Plans& plans, const std::vector<std::int64_t>& ids,
                std::vector<Conflict>& out) {
    for (std::size_t i = 0; i < std::min(ids.size(), kManyListMax); ++i)
        out.push_back(shown_conflict(sql, plans, ids[i]));
}

/// A part of a transaction that can fail alone.
class Savepoint {
public:
    explicit Savepoint(const replica::Database& db) : db_(db) { need(db.execute("SAVEPOINT one")); }
    ~Savepoint() {
        if (!kept_) static_cast<void>(db_.execute("ROLLBACK TO one; RELEASE one"));
    }
    Savepoint(const Savepoint&) = delete;
    Savepoint& operator=(const Savepoint&) = delete;
    void keep() {
        need(db_.execute("RELEASE one"));
        kept_ = true;
    }

private:
    const replica::Database& db_;
    bool kept_ = false;
};

/// What `work` throws about one of many; storage trouble ends all.
bool concerns_one(Errc code) {
    return code == Errc::kConflict || code == Errc::kNotFound || code == Errc::kInvalid;
}

/// Calls `work` for each, in as many transactions as it takes to keep them short.
template <class Work>
void in_turns(Context& context, const std::vector<std::int64_t>& ids, const HowFar& how_far,
              Work work) {
    std::size_t at = 0;
    const auto tell = [&] {
        if (how_far) how_far(static_cast<std::int64_t>(at), static_cast<std::int64_t>(ids.size()));
    };
    tell();
    while (at < ids.size()) {
        EngineTransaction transaction(context);
        const auto started = context.clock.steady();
        while (at < ids.size()) {
            work(ids[at++]);
            if (at % 16 == 0 && context.clock.steady() - started > kTransactionMax) break;
        }
        transaction.commit();
        tell();
    }
}

std::int64_t begin_run(Sql& sql, std::string_view kind, const std::string& at) {
    WriteTransaction transaction(sql.db());
    sql.run("INSERT INTO kontor_run(kind, started_at) VALUES(?, ?)", kind, at);
    const auto run = sql.last_insert_id();
    transaction.commit();
    return run;
}

/// `done` and `failed`: the names of the two counts.
void end_run(Context& context, std::string_view done, std::int64_t done_count,
             std::string_view failed, std::int64_t failed_count) {
    WriteTransaction transaction(context.sql.db());
    context.sql.run(
        "UPDATE kontor_run SET ended_at = ?, result = ?, counts = json_object(?, ?, ?, ?)"
        " WHERE id = ?",
        context.now(), failed_count == 0 ? "ok" : "partial", done, done_count, failed, failed_count,
        context.run);
    transaction.commit();
}

/// A decision of the run, as far as it can still be taken back.
class TakeBack {
public:
    TakeBack(Context& context, std::int64_t run, std::string actor)
        : context_(context), run_(run), actor_(std::move(actor)) {}

    /// False if it cannot be. `preview`: nothing is written.
    bool operator()(std::int64_t id, bool preview) {
        if (asked_who(id)) return ask_again(id, preview);
        if (!read(id)) return false;
        const LinkReferences references(context_.sql, context_.plans, plan_->connection);
        const auto row = read_row(context_.sql, *plan_, link_->record);
        if (!row || open_conflict(context_.sql, link_->id, group_->id)) return false;
        const auto shadows = shadows_of(context_.sql, link_->id);
        const auto shadow = shadows.find(group_->id);
        const auto now = put_group(*group_, *row, references);
        // Not once the remote has been told, or has changed it again.
        for (const Intent& intent : intents_of(context_.sql, link_->id))
            if (std::ranges::find(intent.sent, group_->id, &SentGroup::group) != intent.sent.end())
                return false;
        if (shadow != shadows.end() && shadow->second.theirs != theirs_) return false;
        if (chosen_ == "ours" ? shadow == shadows.end() : now != theirs_) return false;
        if (preview) return true;
        Row after = *row;
        if (chosen_ == "theirs") put_back(after, *row);
        const Shadow known = base_ ? Shadow{*base_, *base_, false} : Shadow::nothing_known(*group_);
        save_shadow(context_.sql, link_->id, group_->id, known);
        const std::string ours = merge::encode(put_group(*group_, after, references));
        context_.sql.run(
            "UPDATE kontor_conflict SET state = 'open', chosen = NULL, decided_at = NULL,"
            " decided_by = NULL, rule = 'reopened', ours = ? WHERE id = ?",
            Blob{ours}, id);
        return true;
    }

private:
    bool asked_who(std::int64_t id) {
        return context_.sql
            .integer("SELECT 1 FROM kontor_conflict WHERE id = ? AND kind = ?", id, kMatch)
            .has_value();
    }

    // An answer that no cycle has acted on is still written beside the question.
    bool ask_again(std::int64_t id, bool preview) {
        auto& row = context_.sql.bind(
            "SELECT k.stream, k.record, m.ext_id, k.link FROM kontor_conflict k"
            " JOIN kontor_match m ON m.stream = k.stream AND m.record = k.record"
            " AND m.state = k.chosen WHERE k.id = ?1 AND k.state = 'decided' AND k.rule LIKE ?2"
            " AND NOT EXISTS (SELECT 1 FROM kontor_match o WHERE o.stream = k.stream"
            " AND (o.state = 'asked' AND (o.ext_id = m.ext_id OR o.record = m.record)"
            " OR o.state = m.state AND o.record = m.record AND o.ext_id <> m.ext_id))",
            id, "%>" + rule_of(run_));
        if (!Sql::step(row)) {
            row.reset();
            return false;
        }
        const std::int64_t stream = row.integer(0), record = row.integer(1), link = row.integer(3);
        const std::string ext_id(row.text(2));
        row.reset();
        if (open_conflict(context_.sql, link, std::nullopt)) return false;
        if (preview) return true;
        hold(context_.sql, stream, ext_id, record, "asked");
        context_.sql.run(
            "UPDATE kontor_conflict SET state = 'open', chosen = NULL, decided_at = NULL,"
            " decided_by = NULL, rule = substr(rule, 1, instr(rule, '>') - 1) WHERE id = ?",
            id);
        return true;
    }

    bool read(std::int64_t id) {
        auto& row = context_.sql.bind(
            "SELECT stream, record, grp, base, theirs, chosen FROM kontor_conflict WHERE id = ?"
            " AND state = 'decided' AND rule = ?",
            id, rule_of(run_));
        if (!Sql::step(row)) {
            row.reset();
            return false;
        }
        const std::int64_t record = row.integer(1), group = row.integer(2);
        plan_ = context_.plans.stream(row.integer(0));
        base_ = row.is_null(3) ? std::nullopt : merge::decode(row.blob(3));
        theirs_ = merge::decode(row.blob(4)).value_or(merge::GroupValues{});
        chosen_ = row.text(5);
        row.reset();
        if (plan_ == nullptr) return false;
        group_ = plan_->group(group);
        link_ = link_by_record(context_.sql, plan_->id, record);
        return group_ != nullptr && link_ && link_->state == replica::LinkState::kLive;
    }

    // The columns as they were, to the last bit: what the run logged.
    void put_back(Row& after, const Row& before) {
        std::vector<ColumnChange> changes;
        for (const auto& columns : group_->columns)
            for (const std::size_t column : columns) {
                auto& old = context_.sql.bind(
                    "SELECT old FROM kontor_history WHERE run = ? AND entity = ? AND record = ? AND"
                    " field = ? AND op = 'u' ORDER BY seq LIMIT 1",
                    run_, plan_->entity.id, link_->record, plan_->column_fields[column]);
                if (Sql::step(old)) changes.push_back({column, Value(old.value(0))});
                old.reset();
            }
        update_row(context_, *plan_, link_->record, before, changes,
                   {.actor = actor_, .rule = "undo"});
        for (const auto& change : changes) after[change.column] = change.value;
        note_change(context_, plan_->entity.id, link_->record, old_values(*plan_, before, changes),
                    plan_->id);
    }

    Context& context_;
    const std::int64_t run_;
    const std::string actor_;
    const StreamPlan* plan_ = nullptr;
    const GroupPlan* group_ = nullptr;
    std::optional<Link> link_;
    std::optional<merge::GroupValues> base_;
    merge::GroupValues theirs_;
    std::string chosen_;
};

}  // namespace

Result<ManyDecided> preview_many(const replica::Database& db, const ManyConflicts& which,
                                 Side side) {
    return guarded([&] {
        Sql sql(db);
        PlanCaches caches;
        const Plans plans = Plans::load(sql, caches);
        ManyDecided out;
        const auto ids = select(sql, plans, which, side, out);
        out.decided = static_cast<std::int64_t>(ids.size());
        list_first(sql, plans, ids, out.conflicts);
        return out;
    });
}

Result<ManyDecided> decide_many(const replica::Database& db, const Clock& clock, Random& random,
                                const ManyConflicts& which, Side side, const std::string& actor,
                                const HowFar& how_far) {
    return guarded([&] {
        Standalone own(db, clock, random);
        Context& context = own.context;
        Sql& sql = context.sql;
        ManyDecided out;
        const auto ids = select(sql, context.plans, which, side, out);
        list_first(sql, context.plans, ids, out.conflicts);
        if (ids.empty()) return out;
        context.run = out.run = begin_run(sql, "resolve", context.now());
        const auto rule = rule_of(out.run);
        in_turns(context, ids, how_far, [&](std::int64_t id) {
            try {
                Savepoint one(db);
                // Somebody may have decided it since.
                if (!sql.integer("SELECT 1 FROM kontor_conflict WHERE id = ? AND state = 'open'",
                                 id))
                    stop({Errc::kConflict, "it has been decided meanwhile", {}, {}});
                decide(context, id, side, rule, actor);
                one.keep();
                ++out.decided;
            } catch (Failure& failure) {
                if (!concerns_one(failure.error.code)) throw;
                ++out.failed_total;
                if (out.failed.size() < kManyListMax)
                    out.failed.emplace_back(id, std::move(failure.error));
            }
        });
        end_run(context, "decided", out.decided, "failed", out.failed_total);
        return out;
    });
}

Result<Reopened> reopen_run(const replica::Database& db, const Clock& clock, Random& random,
                            std::int64_t run, bool preview, const std::string& actor,
                            const HowFar& how_far) {
    return guarded([&] {
        Standalone own(db, clock, random);
        Context& context = own.context;
        Sql& sql = context.sql;
        std::vector<std::int64_t> ids;
        auto& rows = sql.bind(
            "SELECT id FROM kontor_conflict WHERE state = 'decided' AND (rule = ?1 OR rule LIKE"
            " '%>' || ?1) ORDER BY id",
            rule_of(run));
        while (Sql::step(rows)) ids.push_back(rows.integer(0));
        if (ids.empty())
            stop({Errc::kNotFound,
                  "there is nothing to undo",
                  {{"reason", "nothing_to_undo"}, {"run", std::to_string(run)}},
                  {}});
        // A run of its own: what it puts back is not a new edit that might win by being newest.
        if (!preview) context.run = begin_run(sql, "undo", context.now());
        TakeBack take_back(context, run, actor);
        std::vector<std::int64_t> open, kept;
        const auto one = [&](std::int64_t id) {
            (take_back(id, preview) ? open : kept).push_back(id);
        };
        if (preview)
            std::ranges::for_each(ids, one);
        else
            in_turns(context, ids, how_far, one);
        Reopened out;
        out.reopened = static_cast<std::int64_t>(open.size());
        out.kept = static_cast<std::int64_t>(kept.size());
        if (!preview) end_run(context, "reopened", out.reopened, "kept", out.kept);
        list_first(sql, context.plans, open, out.conflicts);
        list_first(sql, context.plans, kept, out.kept_list);
        return out;
    });
}

}  // namespace kontor::engine
