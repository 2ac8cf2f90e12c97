#include "sync/replica/put_back.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "sync/replica/compare.hpp"
#include "sync/replica/local_edits.hpp"

namespace kontor::replica {

namespace {

constexpr const char* kKind = "put_back";
constexpr const char* kRule = "restored";

/// True if the record exists.
Result<bool> is_there(const Database& db, const std::string& entity, std::int64_t record) {
    auto query = db.prepare("SELECT 1 FROM " + sql_name(entity) + " WHERE id=?1");
    if (!query) return pass(query);
    query->bind(1, record);
    return query->step();
}

/// What the record is called at its remotes: "zoho/Contacts/17" for each, in order.
Result<std::vector<std::string>> names_elsewhere(const Database& db, const Entity& entity,
                                                 std::int64_t record) {
    auto query = db.prepare(
        "SELECT c.name||'/'||s.name||'/'||l.ext_id FROM kontor_link l JOIN kontor_stream s"
        " ON s.id=l.stream JOIN kontor_connection c ON c.id=s.connection"
        " WHERE s.entity=?1 AND l.record=?2 AND l.ext_id IS NOT NULL ORDER BY 1");
    if (!query) return pass(query);
    query->bind(1, entity.id);
    query->bind(2, record);
    std::vector<std::string> out;
    while (true) {
        auto row = query->step();
        if (!row) return pass(row);
        if (!*row) return out;
        out.emplace_back(query->text(0));
    }
}

class Planner {
public:
    Planner(const Database& db, const PastRecords& past, const Entity& now, const Entity& then,
            const ShownBy& shown_by)
        : db_(db), past_(past), now_(now), then_(then), shown_by_(shown_by) {
        coming_.insert(past.records.begin(), past.records.end());
    }

    Result<UndoPlan> plan() {
        for (const std::int64_t record : past_.records)
            if (auto done = plan_one(record); !done)
                return in_context(now_.name + " " + std::to_string(record), done.error());
        plan_.count();
        return std::move(plan_);
    }

private:
    Result<> plan_one(std::int64_t record) {
        auto then = state_at(past_.source, then_, record, past_.seq);
        if (!then) return pass(then);
        if (!then->exists) return skip(record, "", UndoRefusal::kNotThen);
        auto now = read_state(db_, now_, record);
        if (!now) return pass(now);
        if (now->exists && &past_.source != &db_) {
            auto same = same_record(record, then->uid, now->uid);
            if (!same) return pass(same);
            if (!*same) return skip(record, "", UndoRefusal::kOtherRecord);
        }
        if (!now->exists) {
            if (!shown_by_("").empty()) return skip(record, "", UndoRefusal::kOnlyReadRecords);
            add({.kind = UndoStep::Kind::kInsert, .record = record, .then = then->uid});
        }
        for (const Field& field : now_.fields) {
            const Field* before = then_.field(field.name);
            if (before == nullptr) continue;  // there was no such column yet
            // Computed at a remote: a time of change, say, that is right as it is.
            if (field.read_only && now->exists) continue;
            const auto wanted = then->value(before->id);
            const auto current = now->value(field.id);
            if (wanted == current) continue;
            auto refusal = refusal_of(field, wanted, now->exists);
            if (!refusal) return pass(refusal);
            if (*refusal) {
                // Of a record that comes back, what a remote computes comes back by itself.
                if (now->exists || **refusal == UndoRefusal::kTargetGone)
                    if (auto done = skip(record, field.name, **refusal); !done) return done;
                continue;
            }
            add({.record = record, .field = field.name, .now = current, .then = wanted});
        }
        return {};
    }

    Result<bool> same_record(std::int64_t record, const Value& then, const Value& now) const {
        if (!then.is_null() && !now.is_null()) return then == now;
        auto before = names_elsewhere(past_.source, then_, record);
        if (!before) return pass(before);
        auto after = names_elsewhere(db_, now_, record);
        if (!after) return pass(after);
        if (before->empty() && after->empty()) return then == now;
        return std::ranges::find_first_of(*before, *after) != before->end();
    }

    Result<std::optional<UndoRefusal>> refusal_of(const Field& field, const Value& wanted,
                                                  bool record_exists) const {
        using Refusal = std::optional<UndoRefusal>;
        if (record_exists && !shown_by_(field.name).empty())
            return Refusal(UndoRefusal::kOnlyReadField);
        if (wanted.is_null() || field.target.empty() || field.target == kAnyTarget)
            return Refusal();
        const auto target = wanted.integer();
        if (field.target == now_.name && coming_.contains(target)) return Refusal();
        auto there = is_there(db_, field.target, target);
        if (!there) return pass(there);
        return *there ? Refusal() : Refusal(UndoRefusal::kTargetGone);
    }

    void add(UndoStep step) {
        step.entity = now_.name;
        plan_.steps.push_back(std::move(step));
    }
    Result<> skip(std::int64_t record, std::string field, UndoRefusal reason) {
        auto connection = reason == UndoRefusal::kOnlyReadRecords ? shown_by_("")
                          : reason == UndoRefusal::kOnlyReadField ? shown_by_(field)
                                                                  : std::string();
        plan_.skipped.push_back(
            {0, now_.name, record, std::move(field), reason, std::move(connection)});
        return {};
    }

    const Database& db_;
    const PastRecords& past_;
    const Entity& now_;
    const Entity& then_;
    const ShownBy& shown_by_;
    std::set<std::int64_t> coming_;
    UndoPlan plan_;
};

Result<std::int64_t> last_seq(const Database& db) {
    return db.scalar("SELECT coalesce(max(seq),0) FROM kontor_history");
}

Result<std::int64_t> add_run(const Database& db, const std::string& now, const std::string& at,
                             std::int64_t first, std::int64_t last) {
    auto insert = db.prepare(
        "INSERT INTO kontor_run(kind,started_at,ended_at,result,counts)"
        " VALUES(?1,?2,?2,'ok',json_object('shows',?3,'first_seq',?4,'last_seq',?5))");
    if (!insert) return pass(insert);
    insert->bind(1, kKind);
    insert->bind(2, now);
    insert->bind(3, at);
    insert->bind(4, first);
    insert->bind(5, last);
    if (auto done = insert->run(); !done) return pass(done);
    return db.last_insert_id();
}

}  // namespace

Result<UndoPlan> preview_put_back(const Database& db, const PastRecords& past,
                                  const OnlyReadOf& only_read) {
    const auto catalogue = Catalogue::load(db);
    if (!catalogue) return tl::unexpected<Error>(catalogue.error());
    const auto older = Catalogue::load(past.source);
    if (!older) return tl::unexpected<Error>(older.error());
    const auto* now = catalogue->entity(past.entity);
    const auto* then = older->entity(past.entity);
    if (now == nullptr || then == nullptr)
        return fail(Errc::kNotFound, "there is no entity " + past.entity,
                    {{"entity", past.entity}});
    const auto shown_by = only_read(*now);
    if (!shown_by) return tl::unexpected<Error>(shown_by.error());
    return Planner(db, past, *now, *then, *shown_by).plan();
}

Result<PutBack> put_back(const Database& db, const PastRecords& past, const Clock& clock,
                         const std::string& actor, const OnlyReadOf& only_read) {
    if (auto ok = require_triggers(db); !ok) return pass(ok);
    auto transaction = Transaction::begin(db);
    if (!transaction) return pass(transaction);
    const auto before = last_seq(db);
    if (!before) return tl::unexpected<Error>(before.error());
    auto plan = preview_put_back(db, past, only_read);
    if (!plan) return pass(plan);
    PutBack out;
    if (auto done = apply(db, plan->steps, "restore"); !done) return pass(done);
    out.plan = std::move(*plan);
    if (out.plan.steps.empty()) return out;
    if (auto done = stamp_history(db, *before, actor, kRule); !done) return pass(done);
    const auto last = last_seq(db);
    if (!last) return tl::unexpected<Error>(last.error());
    const auto run = add_run(db, format_instant(clock.now()), past.at, *before + 1, *last);
    if (!run) return tl::unexpected<Error>(run.error());
    out.run = *run;
    if (auto done = transaction->commit(); !done) return pass(done);
    return out;
}

Result<UndoScope> scope_of_run(const Database& db, std::int64_t run) {
    auto query = db.prepare(
        "SELECT json_extract(counts,'$.first_seq'),json_extract(counts,'$.last_seq')"
        " FROM kontor_run WHERE id=?1 AND kind=?2");
    if (!query) return pass(query);
    query->bind(1, run);
    query->bind(2, kKind);
    auto row = query->step();
    if (!row) return pass(row);
    return *row ? UndoScope::range(query->integer(0), query->integer(1)) : UndoScope::of_run(run);
}

}  // namespace kontor::replica
