#include "sync/replica/undo.hpp"

#include <algorithm>
#include <set>

#include "sync/replica/local_edits.hpp"

namespace kontor::replica {

namespace {

constexpr const char* kLastSeq = "SELECT coalesce(max(seq),0) FROM kontor_history";

/// What this history has is copied inside SQLite, so that it keeps its storage class.
Result<> set_field(const Database& db, const UndoStep& step) {
    auto update =
        db.prepare("UPDATE " + sql_name(step.entity) + " SET " + sql_name(step.field) + "=" +
                   (step.source != 0 ? "(SELECT old FROM kontor_history WHERE seq=?2)" : "?2") +
                   " WHERE id=?1");
    if (!update) return pass(update);
    update->bind(1, step.record);
    if (step.source != 0)
        update->bind(2, step.source);
    else
        update->bind(2, step.then);
    return update->run();
}

Result<> insert_record(const Database& db, const UndoStep& step) {
    auto insert = db.prepare("INSERT INTO \"" + step.entity + "\"(id,uid) VALUES(?1,?2)");
    if (!insert) return pass(insert);
    insert->bind(1, step.record);
    insert->bind(2, step.then);
    return insert->run();
}

Result<> delete_record(const Database& db, const UndoStep& step) {
    auto remove = db.prepare("DELETE FROM \"" + step.entity + "\" WHERE id=?1");
    if (!remove) return pass(remove);
    remove->bind(1, step.record);
    return remove->run();
}

/// A plan, and the newest entry that it takes into account.
struct Planned {
    UndoPlan plan;
    std::int64_t seen = 0;
};

Result<Planned> plan_apart(const Database& db, const Catalogue& catalogue, const UndoScope& scope,
                           const OnlyReadOf& only_read) {
    auto snapshot = Snapshot::begin(db);
    if (!snapshot) return pass(snapshot);
    auto seen = db.scalar(kLastSeq);
    if (!seen) return pass(seen);
    auto plan = preview_undo(db, catalogue, scope, only_read);
    if (!plan) return pass(plan);
    return Planned{std::move(*plan), *seen};
}

/// False if a record that the plan is about has an entry that it does not know.
Result<bool> still_holds(const Database& db, const Catalogue& catalogue, const Planned& planned) {
    std::set<std::pair<std::string, std::int64_t>> touched;
    auto query = db.prepare("SELECT DISTINCT entity,record FROM kontor_history WHERE seq>?1");
    if (!query) return pass(query);
    query->bind(1, planned.seen);
    while (true) {
        auto row = query->step();
        if (!row) return pass(row);
        if (!*row) break;
        if (const Entity* entity = catalogue.entity(query->integer(0)))
            touched.emplace(entity->name, query->integer(1));
    }
    return touched.empty() || std::ranges::none_of(planned.plan.steps, [&](const UndoStep& step) {
               return touched.contains({step.entity, step.record});
           });
}

}  // namespace

Result<> apply(const Database& db, const UndoStep& step) {
    switch (step.kind) {
        case UndoStep::Kind::kInsert:
            return insert_record(db, step);
        case UndoStep::Kind::kDelete:
            return delete_record(db, step);
        case UndoStep::Kind::kSet:
            break;
    }
    return set_field(db, step);
}

Result<std::int64_t> first_seq_since(const Database& db, const std::string& at) {
    auto query = db.prepare(
        "SELECT coalesce(min(seq),(SELECT coalesce(max(seq),0)+1 FROM kontor_history))"
        " FROM kontor_history WHERE at>=?1");
    if (!query) return pass(query);
    query->bind(1, at);
    auto row = query->step();
    if (!row) return pass(row);
    return query->integer(0);
}

Result<UndoResult> undo(const Database& db, const Catalogue& catalogue, const UndoScope& scope,
                        const std::string& actor, const OnlyReadOf& only_read) {
    if (auto ok = require_triggers(db); !ok) return pass(ok);
    // To plan takes several times as long as to do it, and meanwhile others may write.
    auto planned = plan_apart(db, catalogue, scope, only_read);
    if (!planned) return pass(planned);
    auto transaction = Transaction::begin(db);
    if (!transaction) return pass(transaction);
    auto before = db.scalar(kLastSeq);
    if (!before) return pass(before);
    auto holds = still_holds(db, catalogue, *planned);
    if (!holds) return pass(holds);
    if (!*holds) {
        auto anew = preview_undo(db, catalogue, scope, only_read);
        if (!anew) return pass(anew);
        planned->plan = std::move(*anew);
    }

    UndoResult result;
    for (const UndoStep& step : planned->plan.steps)
        if (auto done = apply(db, step); !done)
            return in_context("undo in " + step.entity + " " + std::to_string(step.record),
                              done.error());
    result.plan = std::move(planned->plan);
    if (auto done = stamp_history(db, *before, actor, "undo"); !done) return pass(done);
    auto after = db.scalar(kLastSeq);
    if (!after) return pass(after);
    result.first_seq = *before + 1;
    result.last_seq = *after;
    if (auto done = transaction->commit(); !done) return pass(done);
    return result;
}

}  // namespace kontor::replica
