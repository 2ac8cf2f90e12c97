#include "sync/replica/undo.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "sync/replica/local_edits.hpp"
#include "sync/replica/undo_plan.hpp"

namespace kontor::replica {

namespace {

/// Records of an undo of many that are put back in one transaction: some tens of milliseconds.
constexpr std::size_t kPart = 100;

constexpr const char* kLastSeq = "SELECT coalesce(max(seq),0) FROM kontor_history";

bool same_record(const UndoStep& one, const UndoStep& other) {
    return one.record == other.record && one.entity == other.entity;
}

/// Gives a record the values of `steps`, and of the other `fields` none. In one statement, for each
/// that runs fires all triggers, and of as few texts as there are lists of fields, for to prepare
/// one takes as long as to run it. What this history has is copied inside SQLite, so that it keeps
/// its storage class.
Result<> set_fields(const Database& db, std::span<const UndoStep> steps,
                    const std::vector<std::string>& fields) {
    std::string sql = "UPDATE " + sql_name(steps.front().entity);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const std::string seq = "?" + std::to_string(2 * i + 2);
        sql += (i == 0 ? " SET " : ",") + sql_name(fields[i]) + "=iif(" + seq +
               ",(SELECT old FROM kontor_history WHERE seq=" + seq + "),?" +
               std::to_string(2 * i + 3) + ")";
    }
    auto update = db.prepare(sql + " WHERE id=?1");
    if (!update) return pass(update);
    update->bind(1, steps.front().record);
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const int at = 2 * static_cast<int>(i) + 2;
        update->bind_null(at);
        update->bind_null(at + 1);
        const auto step = std::ranges::find(steps, fields[i], &UndoStep::field);
        if (step == steps.end()) continue;
        if (step->source != 0)
            update->bind(at, step->source);
        else
            update->bind(at + 1, step->then);
    }
    return update->run();
}

/// Of each kind of record that comes back: the fields that any of them had.
std::map<std::string, std::vector<std::string>> fields_of_returning(
    std::span<const UndoStep> steps) {
    std::map<std::string, std::set<std::string>> found;
    const UndoStep* returning = nullptr;
    for (const UndoStep& step : steps)
        if (step.kind == UndoStep::Kind::kInsert)
            returning = &step;
        else if (returning != nullptr && same_record(*returning, step))
            found[step.entity].insert(step.field);
    std::map<std::string, std::vector<std::string>> out;
    for (const auto& [entity, fields] : found) out[entity].assign(fields.begin(), fields.end());
    return out;
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

/// The steps of one record: that it goes, or that it comes back, and its fields.
Result<> apply_to_one(const Database& db, std::span<const UndoStep> steps,
                      const std::map<std::string, std::vector<std::string>>& of_returning) {
    if (steps.front().kind == UndoStep::Kind::kDelete) return delete_record(db, steps.front());
    if (steps.front().kind == UndoStep::Kind::kInsert) {
        if (auto done = insert_record(db, steps.front()); !done) return done;
        steps = steps.subspan(1);
        if (steps.empty()) return {};
        return set_fields(db, steps, of_returning.at(steps.front().entity));
    }
    std::vector<std::string> fields;
    for (const UndoStep& step : steps) fields.push_back(step.field);
    return set_fields(db, steps, fields);
}

/// Undoes records number `from` to `to` in one transaction.
Result<> undo_part(const Database& db, UndoRecords& records, std::size_t from, std::size_t to,
                   const std::string& actor, UndoResult& result) {
    auto transaction = Transaction::begin(db);
    if (!transaction) return pass(transaction);
    auto before = db.scalar(kLastSeq);
    if (!before) return pass(before);
    UndoPlan part;
    for (std::size_t at = from; at < to; ++at) {
        auto plan = records.plan(db, at);
        if (!plan) return pass(plan);
        part.undone += plan->undone;
        part.deleted += plan->deleted;
        part.left += plan->left;
        part.loaded += plan->loaded;
        std::ranges::move(plan->steps, std::back_inserter(part.steps));
        std::ranges::move(plan->skipped, std::back_inserter(part.skipped));
    }
    if (auto done = apply(db, part.steps, "undo in"); !done) return done;
    if (auto done = stamp_history(db, *before, actor, "undo"); !done) return done;
    auto after = db.scalar(kLastSeq);
    if (!after) return pass(after);
    if (auto done = transaction->commit(); !done) return done;
    if (from == 0) result.first_seq = *before + 1;
    result.last_seq = *after;
    result.plan.add(std::move(part));
    return {};
}

}  // namespace

Result<> apply(const Database& db, std::span<const UndoStep> steps, std::string_view doing) {
    const auto of_returning = fields_of_returning(steps);
    while (!steps.empty()) {
        const UndoStep& first = steps.front();
        const auto of_record = steps.first(static_cast<std::size_t>(
            std::ranges::find_if_not(
                steps, [&](const UndoStep& step) { return same_record(first, step); }) -
            steps.begin()));
        if (auto done = apply_to_one(db, of_record, of_returning); !done)
            return in_context(
                std::string(doing) + " " + first.entity + " " + std::to_string(first.record),
                done.error());
        steps = steps.subspan(of_record.size());
    }
    return {};
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
                        const std::string& actor, const OnlyReadOf& only_read,
                        const HowFar& how_far) {
    if (auto ok = require_triggers(db); !ok) return pass(ok);
    auto records = UndoRecords::choose(db, catalogue, scope, only_read);
    if (!records) return pass(records);
    const std::size_t at_once = records->size() <= kUndoAtOnceMax ? kUndoAtOnceMax : kPart;
    UndoResult result;
    const auto tell = [&](std::size_t done) {
        if (how_far)
            how_far(static_cast<std::int64_t>(done), static_cast<std::int64_t>(records->size()));
    };
    tell(0);
    for (std::size_t at = 0; at < records->size(); at += at_once) {
        const std::size_t end = std::min(at + at_once, records->size());
        if (auto done = undo_part(db, *records, at, end, actor, result); !done) return pass(done);
        tell(end);
    }
    return result;
}

}  // namespace kontor::replica
