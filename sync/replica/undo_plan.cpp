#include "sync/replica/undo_plan.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace kontor::replica {

namespace {

/// Plans one record. Walks its entries backwards with two states in hand: what the record was
/// (`was`), and what it will be if only the chosen entries are taken back (`will`).
class RecordUndo {
public:
    RecordUndo(const Entity& entity, const ShownBy& shown_by, std::int64_t record, RecordState now,
               UndoPlan& plan)
        : entity_(entity),
          shown_by_(shown_by),
          record_(record),
          now_(now),
          was_(now),
          will_(std::move(now)),
          plan_(plan) {}

    void back_over(const Entry& entry, bool chosen) {
        if (chosen) take_back(entry);
        note_change(entry);
        rewind(was_, entry);
    }

    void finish() {
        if (now_.exists && !will_.exists) add({.kind = UndoStep::Kind::kDelete});
        if (!now_.exists && will_.exists) add({.kind = UndoStep::Kind::kInsert, .then = will_.uid});
        if (!will_.exists) return;
        for (const Field& field : entity_.fields) {
            const Value now = now_.value(field.id);
            const Value then = will_.value(field.id);
            if (now == then) continue;
            const std::int64_t source = will_.fields[field.id].source;
            if (now_.exists && field.read_only)
                skip(source, field.name, UndoRefusal::kReadOnly);
            else if (now_.exists && !shown_by_(field.name).empty())
                skip(source, field.name, UndoRefusal::kOnlyReadField);
            else
                add({.field = field.name, .now = now, .then = then, .source = source});
        }
    }

private:
    void take_back(const Entry& entry) {
        if (entry.op == 'l') return leave_load(entry);
        if (!entry.of_record()) return take_back_field(entry);
        if (entry.put_back) forget_put_back(entry.at);
        const bool of_delete = entry.op == 'd';
        const auto refusal = of_delete ? deletion_stays(entry) : making_stays(entry);
        if (of_delete) delete_stays_ = refusal.has_value();
        if (refusal) return skip(entry.seq, "", *refusal);
        // No value stays of a record that goes.
        if (!of_delete)
            std::erase_if(plan_.skipped, [&](const auto& skipped) {
                return skipped.seq > entry.seq && !skipped.field.empty();
            });
        rewind(will_, entry);
    }

    // Told once for all its records, with the first of them.
    void leave_load(const Entry& entry) {
        if (record_ != entry.first) return;
        skip(entry.seq, "", UndoRefusal::kLoaded);
        plan_.skipped.back().last = entry.last;
    }

    [[nodiscard]] std::optional<UndoRefusal> deletion_stays(const Entry& entry) const {
        if (will_.exists) return UndoRefusal::kExists;
        if (entry.erased) return UndoRefusal::kErased;
        if (!shown_by_("").empty()) return UndoRefusal::kOnlyReadRecords;
        return std::nullopt;
    }

    // What a colleague made at a remote would be deleted there: nobody means that who takes back
    // what a sync wrote here.
    [[nodiscard]] std::optional<UndoRefusal> making_stays(const Entry& entry) const {
        if (!will_.exists) return UndoRefusal::kGone;
        if (!shown_by_("").empty()) return UndoRefusal::kOnlyReadRecords;
        if (entry.by_remote) return UndoRefusal::kFromRemote;
        // What is gone by now loses no value that somebody gave it.
        if (now_.exists && changed_since()) return UndoRefusal::kChangedSince;
        return std::nullopt;
    }

    /// What a remote fills in or computes is nobody's change, and goes with the record. Of a field
    /// that only comes in, that is what the first sync has brought; later it may be a colleague's.
    void note_change(const Entry& entry) {
        if (entry.op == 'd') return;  // what it had is no value that somebody gave it
        if (entry.of_record()) return note_making(entry);
        if (entry.corrected) return;
        if (entry.completed) {
            if (will_.value(entry.field) == was_.value(entry.field)) completed_.insert(entry.field);
            return;
        }
        completed_.erase(entry.field);
        const Field* field = entity_.field(entry.field);
        if (entry.by_remote) first_run_ = entry.run;
        if (entry.put_back)
            put_back_.emplace(entry.at, entry.field);
        else if (entry.in_only)
            came_in_.emplace(entry.field, entry.run);
        else if (!entry.filled && !(entry.by_remote && field != nullptr && field->read_only))
            changed_.insert(entry.field);
    }

    /// The record begins here, again or for the first time. What came after has gone with it, if it
    /// is taken back; else all that it was made with was given to it.
    void note_making(const Entry& entry) {
        if (entry.put_back) forget_put_back(entry.at);
        if (!will_.exists) {
            changed_.clear();
            came_in_.clear();
            put_back_.clear();
            first_run_.reset();
        } else if (!entry.put_back) {
            for (const Field& field : entity_.fields) changed_.insert(field.id);
        }
    }

    /// Values that a record came back with are those that it had.
    void forget_put_back(const std::string& at) {
        std::erase_if(put_back_, [&](const auto& entry) { return entry.first == at; });
    }

    /// Whether the record has a value that somebody gave it since what `was_` is, and that stays.
    [[nodiscard]] bool changed_since() const {
        const auto differs = [&](std::int64_t id) { return !(will_.value(id) == was_.value(id)); };
        const auto later = [&](const auto& entry) {
            const Field* field = entity_.field(entry.first);
            return entry.second != first_run_ && field != nullptr && !field->read_only;
        };
        const auto put_back = [&](const auto& entry) { return differs(entry.second); };
        return std::ranges::any_of(changed_, differs) || std::ranges::any_of(put_back_, put_back) ||
               std::ranges::any_of(came_in_, [&](const auto& entry) {
                   return later(entry) && differs(entry.first);
               });
    }

    void take_back_field(const Entry& entry) {
        const bool of_delete = entry.op == 'd';
        if (of_delete && delete_stays_) return;  // reported once, for the record
        if (!will_.exists) return skip(entry.seq, name_of(entry), UndoRefusal::kGone);
        if (entry.erased) return skip(entry.seq, name_of(entry), UndoRefusal::kErased);
        if (entry.completed) return;
        // To take it back would be to blank at the remote what had only not been read yet.
        if (entry.filled) return skip(entry.seq, name_of(entry), UndoRefusal::kFromRemote);
        if (of_delete || will_.value(entry.field) == was_.value(entry.field) ||
            completed_.contains(entry.field))
            return rewind(will_, entry);
        // What was typed where edits are not taken has been put back already.
        const bool so = will_.value(entry.field) == entry.old;
        if (so && is_only_read(entry)) return;
        skip(entry.seq, name_of(entry), so ? UndoRefusal::kAlreadySo : UndoRefusal::kChangedSince);
    }

    [[nodiscard]] bool is_only_read(const Entry& entry) const {
        const Field* field = entity_.field(entry.field);
        return field != nullptr && (field->read_only || !shown_by_(field->name).empty());
    }

    [[nodiscard]] std::string name_of(const Entry& entry) const {
        const Field* field = entity_.field(entry.field);
        return field != nullptr ? field->name : "";
    }
    void add(UndoStep step) {
        step.entity = entity_.name;
        step.record = record_;
        plan_.steps.push_back(std::move(step));
    }
    void skip(std::int64_t seq, std::string field, UndoRefusal reason) {
        auto connection = reason == UndoRefusal::kOnlyReadRecords ? shown_by_("")
                          : reason == UndoRefusal::kOnlyReadField ? shown_by_(field)
                                                                  : std::string();
        const Field* shown = now_.exists ? entity_.field(field) : nullptr;
        plan_.skipped.push_back({.seq = seq,
                                 .entity = entity_.name,
                                 .record = record_,
                                 .field = std::move(field),
                                 .reason = reason,
                                 .connection = std::move(connection),
                                 .now = shown != nullptr ? now_.value(shown->id) : Value{}});
    }

    const Entity& entity_;
    const ShownBy& shown_by_;
    std::int64_t record_;
    RecordState now_, was_, will_;
    UndoPlan& plan_;
    // Going back over the record's entries: fields that somebody changed, those that were put back
    // with the time, those that only come in with the runs that brought them, and the earliest run;
    // and fields that hold what the remote has completed of the change that comes next.
    std::set<std::int64_t> changed_;
    std::set<std::pair<std::string, std::int64_t>> put_back_;
    std::set<std::pair<std::int64_t, std::optional<std::int64_t>>> came_in_;
    std::optional<std::int64_t> first_run_;
    std::set<std::int64_t> completed_;
    bool delete_stays_ = false;
};

}  // namespace

std::string_view to_string(UndoRefusal reason) {
    switch (reason) {
        case UndoRefusal::kChangedSince:
            return "changed_since";
        case UndoRefusal::kAlreadySo:
            return "already_so";
        case UndoRefusal::kExists:
            return "exists";
        case UndoRefusal::kGone:
            return "gone";
        case UndoRefusal::kReadOnly:
            return "read_only";
        case UndoRefusal::kErased:
            return "erased";
        case UndoRefusal::kLoaded:
            return "loaded";
        case UndoRefusal::kFromRemote:
            return "from_remote";
        case UndoRefusal::kOnlyReadRecords:
            return "only_read_records";
        case UndoRefusal::kOnlyReadField:
            return "only_read_field";
        case UndoRefusal::kNotThen:
            return "not_then";
        case UndoRefusal::kTargetGone:
            return "target_gone";
        case UndoRefusal::kOtherRecord:
            return "other_record";
    }
    return "";
}

bool UndoRecords::Chosen::operator()(const Entry& entry) const {
    if (op != 0 && entry.op != op) return false;
    if (scope.local && entry.run) return false;
    if (scope.kind == UndoScope::Kind::kRun) return entry.run == scope.first;
    return entry.seq >= scope.first && entry.seq <= scope.last;
}

// A single entry stands for itself; that of a delete for the whole delete.
Result<> UndoRecords::read_scope(const Database& db, const UndoScope& scope) {
    chosen_ = {scope};
    if (scope.kind == UndoScope::Kind::kRange) {
        // What comes from now on is not meant.
        auto newest = db.scalar("SELECT coalesce(max(seq),0) FROM kontor_history");
        if (!newest) return pass(newest);
        chosen_.scope.last = std::min(scope.last, *newest);
    }
    if (scope.kind != UndoScope::Kind::kChange) return {};
    auto query = db.prepare(
        "SELECT h.op,(SELECT coalesce(max(seq),0) FROM kontor_history p WHERE p.entity=h.entity"
        " AND p.record=h.record AND p.seq<h.seq AND p.op='d' AND p.field IS NULL),"
        " (SELECT min(seq) FROM kontor_history n WHERE n.entity=h.entity AND n.record=h.record"
        " AND n.seq>=h.seq AND n.op='d' AND n.field IS NULL) FROM kontor_history h WHERE h.seq=?1");
    if (!query) return pass(query);
    query->bind(1, scope.first);
    auto row = query->step();
    if (!row) return pass(row);
    if (!*row)
        return fail(Errc::kNotFound, "there is no history entry " + std::to_string(scope.first),
                    {{"seq", std::to_string(scope.first)}});
    if (query->text(0) != "d") return {};
    chosen_.op = 'd';
    chosen_.scope.first = query->integer(1) + 1;
    chosen_.scope.last = query->integer(2);
    return {};
}

Result<> UndoRecords::read_targets(const Database& db, const UndoScope& scope) {
    const bool by_run = scope.kind == UndoScope::Kind::kRun;
    const bool one = scope.kind == UndoScope::Kind::kChange;
    // Not grouped by SQLite: it would sort all entries in memory, and there are many of a record.
    auto query = db.prepare(
        std::string("SELECT entity,record,seq FROM kontor_history WHERE op<>'k' AND ") +
        (by_run ? "run=?1" : "seq BETWEEN ?1 AND ?2") + (scope.local ? " AND run IS NULL" : ""));
    if (!query) return pass(query);
    query->bind(1, scope.first);
    if (!by_run) query->bind(2, one ? scope.last : chosen_.scope.last);
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> first;
    while (true) {
        auto row = query->step();
        if (!row) return pass(row);
        if (!*row) break;
        const auto seq = query->integer(2);
        const auto [found, added] = first.try_emplace({query->integer(0), query->integer(1)}, seq);
        if (!added) found->second = std::min(found->second, seq);
        if (first.size() > kUndoRecordsMax)
            return fail(Errc::kInvalid, "that is too much to undo at once",
                        {{"max", std::to_string(kUndoRecordsMax)}});
    }
    targets_.reserve(first.size());
    for (const auto& [record, seq] : first)
        targets_.push_back({record.first, record.second, one ? chosen_.scope.first : seq});
    if (targets_.empty())
        return fail(Errc::kNotFound, "there is nothing to undo", {{"reason", "nothing_to_undo"}});
    return {};
}

Result<UndoRecords> UndoRecords::choose(const Database& db, const Catalogue& catalogue,
                                        const UndoScope& scope, const OnlyReadOf& only_read) {
    UndoRecords out(catalogue, only_read);
    if (auto done = out.read_scope(db, scope); !done) return pass(done);
    if (auto done = out.read_targets(db, scope); !done) return pass(done);
    return out;
}

Result<UndoPlan> UndoRecords::plan(const Database& db, std::size_t at) {
    const Target& target = targets_[at];
    UndoPlan plan;
    const Entity* entity = catalogue_.entity(target.entity);
    if (entity == nullptr) return plan;
    if (known_ != entity->id) {  // those of one kind follow one another
        auto of_kind = only_read_(*entity);
        if (!of_kind) return pass(of_kind);
        shown_by_ = std::move(*of_kind);
        known_ = entity->id;
    }
    auto now = read_state(db, *entity, target.record);
    if (!now) return pass(now);
    RecordUndo record(*entity, shown_by_, target.record, std::move(*now), plan);
    auto done =
        entries_after(db, *entity, target.record, target.first_seq - 1, [&](const Entry& entry) {
            record.back_over(entry, chosen_(entry));
            return true;
        });
    if (!done) return pass(done);
    record.finish();
    plan.count();
    return plan;
}

void UndoPlan::count() {
    undone = steps.size();
    left = loaded = 0;
    for (const UndoSkip& skip : skipped)
        if (skip.reason == UndoRefusal::kLoaded)
            loaded += static_cast<std::size_t>(skip.last - skip.record) + 1;
        else
            ++left;
    deleted = static_cast<std::size_t>(
        std::ranges::count(steps, UndoStep::Kind::kDelete, &UndoStep::kind));
}

void UndoPlan::add(UndoPlan&& more) {
    undone += more.undone;
    deleted += more.deleted;
    left += more.left;
    loaded += more.loaded;
    const auto some = [](auto& all, auto& from) {
        for (auto& one : from)
            if (all.size() < kUndoListMax) all.push_back(std::move(one));
    };
    some(steps, more.steps);
    some(skipped, more.skipped);
}

Result<UndoPlan> preview_undo(const Database& db, const Catalogue& catalogue,
                              const UndoScope& scope, const OnlyReadOf& only_read) {
    auto records = UndoRecords::choose(db, catalogue, scope, only_read);
    if (!records) return pass(records);
    UndoPlan out;
    for (std::size_t at = 0; at < records->size(); ++at) {
        auto one = records->plan(db, at);
        if (!one) return pass(one);
        out.add(std::move(*one));
    }
    return out;
}

}  // namespace kontor::replica
