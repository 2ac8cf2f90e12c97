#include "sync/replica/history.hpp"

#include <functional>

#include "sync/replica/lookup.hpp"
#include "sync/replica/rewind.hpp"
#include "sync/replica/values.hpp"

namespace kontor::replica {

namespace {

constexpr const char* kSelect =
    "SELECT h.seq,h.entity,h.record,h.field,h.op,h.old,h.at,h.actor,h.run,h.rule,r.kind,c.name"
    " FROM kontor_history h LEFT JOIN kontor_run r ON r.id=h.run"
    " LEFT JOIN kontor_connection c ON c.id=r.connection WHERE ";
constexpr const char* kNewestFirst = " ORDER BY h.seq DESC LIMIT ";

/// Finds out what an entry changed its field to: the next entry's old value, else the row's.
class After {
public:
    static Result<After> make(const Database& db) {
        auto next = db.prepare(
            "SELECT field,old FROM kontor_history WHERE entity=?1 AND record=?2 AND seq>?3 AND"
            " ((field=?4 AND op IN('u','d','r')) OR (field IS NULL AND op='d'))"
            " ORDER BY seq LIMIT 1");
        if (!next) return pass(next);
        return After(db, std::move(*next));
    }

    Result<Value> operator()(const Entity& entity, const Field& field, std::int64_t record,
                             std::int64_t seq) {
        next_.reset();
        next_.bind(1, entity.id);
        next_.bind(2, record);
        next_.bind(3, seq);
        next_.bind(4, field.id);
        auto row = next_.step();
        if (!row) return pass(row);
        // Deleted without an entry of its own: the field was NULL then.
        if (*row) return next_.is_null(0) ? Value::null() : Value(next_.value(1));
        auto current =
            db_->prepare("SELECT \"" + field.name + "\" FROM \"" + entity.name + "\" WHERE id=?1");
        if (!current) return pass(current);
        current->bind(1, record);
        auto found = current->step();
        if (!found) return pass(found);
        return *found ? Value(current->value(0)) : Value::null();
    }

private:
    After(const Database& db, Statement next) : db_(&db), next_(std::move(next)) {}
    const Database* db_;
    Statement next_;
};

std::string number_name(std::int64_t id) {
    return "#" + std::to_string(id);
}

Result<Change> read_change(const Statement& row, const Catalogue& catalogue, After& after) {
    Change change;
    change.seq = row.integer(0);
    const Entity* entity = catalogue.entity(row.integer(1));
    change.entity = entity != nullptr ? entity->name : number_name(row.integer(1));
    change.record = row.integer(2);
    change.op = row.text(4).empty() ? ' ' : row.text(4).front();
    change.old = Value(row.value(5));
    change.at = row.text(6);
    change.actor = row.text(7);
    if (!row.is_null(8)) change.run = row.integer(8);
    change.rule = row.text(9);
    change.run_kind = row.text(10);
    change.connection = row.text(11);
    if (row.is_null(3)) return change;

    const Field* field = entity != nullptr ? entity->field(row.integer(3)) : nullptr;
    change.field = field != nullptr ? field->name : number_name(row.integer(3));
    if (change.op == 'd') change.now = Value::null();
    if ((change.op == 'u' || change.op == 'r') && field != nullptr) {
        auto now = after(*entity, *field, change.record, change.seq);
        if (!now) return pass(now);
        change.now = std::move(*now);
    }
    return change;
}

Result<std::vector<Change>> read_changes(const Database& db, const Catalogue& catalogue,
                                         const std::string& where, std::int64_t limit,
                                         const std::function<void(Statement&)>& bind) {
    auto query = db.prepare(kSelect + where + kNewestFirst + std::to_string(limit));
    if (!query) return pass(query);
    bind(*query);
    auto after = After::make(db);
    if (!after) return pass(after);
    std::vector<Change> changes;
    while (true) {
        auto row = query->step();
        if (!row) return pass(row);
        if (!*row) return changes;
        auto change = read_change(*query, catalogue, *after);
        if (!change) return pass(change);
        changes.push_back(std::move(*change));
    }
}

std::optional<RecordImage> image_of(const Entity& entity, const RecordState& state) {
    if (!state.exists) return std::nullopt;
    RecordImage image;
    image.uid = state.uid;
    for (const Field& f : entity.fields) image.values.emplace(f.name, state.value(f.id));
    return image;
}

}  // namespace

Result<std::vector<Change>> changes_of_record(const Database& db, const Catalogue& catalogue,
                                              const std::string& entity, std::int64_t record,
                                              std::int64_t limit, std::int64_t before) {
    auto found = find_entity(catalogue, entity);
    if (!found) return pass(found);
    return read_changes(
        db, catalogue,
        "h.seq<?3 AND h.entity=?1 AND (h.record=?2 AND h.op<>'l' OR h.seq IN(SELECT seq FROM"
        " kontor_history WHERE entity=?1 AND op='l' AND record<=?2 AND old>=?2))",
        limit, [&](Statement& query) {
            query.bind(1, (*found)->id);
            query.bind(2, record);
            query.bind(3, before);
        });
}

Result<std::optional<std::int64_t>> last_change_of_field(const Database& db,
                                                         const Catalogue& catalogue,
                                                         const std::string& entity,
                                                         std::int64_t record,
                                                         const std::string& field) {
    auto found = find_entity(catalogue, entity);
    if (!found) return pass(found);
    auto of = find_field(**found, field);
    if (!of) return pass(of);
    auto query = db.prepare(
        "SELECT seq FROM kontor_history WHERE entity=? AND record=? AND field=? AND op='u'"
        " ORDER BY seq DESC LIMIT 1");
    if (!query) return pass(query);
    query->bind(1, (*found)->id);
    query->bind(2, record);
    query->bind(3, (*of)->id);
    auto row = query->step();
    if (!row) return pass(row);
    if (!*row) return std::nullopt;
    return query->integer(0);
}

Result<std::vector<Change>> changes_of_run(const Database& db, const Catalogue& catalogue,
                                           std::int64_t run, std::int64_t limit) {
    return read_changes(db, catalogue, "h.run=?1", limit,
                        [&](Statement& query) { query.bind(1, run); });
}

Result<std::vector<Change>> changes_since(const Database& db, const Catalogue& catalogue,
                                          const std::string& at, std::int64_t limit) {
    return read_changes(db, catalogue, "h.at>=?1", limit,
                        [&](Statement& query) { query.bind(1, at); });
}

Result<std::optional<RecordImage>> record_at_seq(const Database& db, const Entity& entity,
                                                 std::int64_t record, std::int64_t seq) {
    auto state = read_state(db, entity, record);
    if (!state) return pass(state);
    auto done = entries_after(db, entity, record, seq, [&](const Entry& entry) {
        rewind(*state, entry);
        return true;
    });
    if (!done) return pass(done);
    return image_of(entity, *state);
}

Result<std::optional<RecordImage>> record_at_time(const Database& db, const Entity& entity,
                                                  std::int64_t record, const std::string& at) {
    auto state = read_state(db, entity, record);
    if (!state) return pass(state);
    auto done = entries_after(db, entity, record, 0, [&](const Entry& entry) {
        if (entry.at <= at) return false;
        rewind(*state, entry);
        return true;
    });
    if (!done) return pass(done);
    return image_of(entity, *state);
}

Result<std::int64_t> last_seq_at(const Database& db, const std::string& at) {
    auto query =
        db.prepare("SELECT seq FROM kontor_history WHERE at<=?1 ORDER BY seq DESC LIMIT 1");
    if (!query) return pass(query);
    query->bind(1, at);
    auto row = query->step();
    if (!row) return pass(row);
    return *row ? query->integer(0) : 0;
}

Result<std::map<std::string, std::int64_t>> records_since(const Database& db, std::int64_t seq) {
    const auto catalogue = Catalogue::load(db);
    if (!catalogue) return tl::unexpected<Error>(catalogue.error());
    std::map<std::string, std::int64_t> out;
    for (const auto& entity : catalogue->entities()) out[entity.name] = 0;
    // By any other index all entries would be read.
    auto changes = db.prepare(
        "SELECT entity,sum(CASE op WHEN 'd' THEN -1 WHEN 'l' THEN old-record+1 ELSE 1 END)"
        " FROM kontor_history NOT INDEXED"
        " WHERE seq>?1 AND field IS NULL AND op IN('i','r','l','d') GROUP BY entity");
    if (!changes) return pass(changes);
    changes->bind(1, seq);
    while (true) {
        const auto row = changes->step();
        if (!row) return tl::unexpected<Error>(row.error());
        if (!*row) return out;
        if (const auto* entity = catalogue->entity(changes->integer(0)))
            out[entity->name] = changes->integer(1);
    }
}

Result<Explanation> why(const Database& db, const Catalogue& catalogue, const std::string& entity,
                        std::int64_t record, const std::string& field, std::int64_t limit) {
    auto found = find_entity(catalogue, entity);
    if (!found) return pass(found);
    auto named = find_field(**found, field);
    if (!named) return pass(named);
    const Field* wanted = *named;
    auto state = read_state(db, **found, record);
    if (!state) return pass(state);
    Explanation out;
    if (state->exists) out.current = state->value(wanted->id);
    auto changes = read_changes(
        db, catalogue,
        "h.entity=?1 AND (h.record=?2 AND h.op<>'l' AND (h.field=?3 OR h.field IS NULL)"
        " OR h.seq IN(SELECT seq FROM kontor_history WHERE entity=?1 AND op='l' AND record<=?2"
        " AND old>=?2))",
        limit, [&](Statement& query) {
            query.bind(1, (*found)->id);
            query.bind(2, record);
            query.bind(3, wanted->id);
        });
    if (!changes) return pass(changes);
    out.changes = std::move(*changes);
    return out;
}

}  // namespace kontor::replica
