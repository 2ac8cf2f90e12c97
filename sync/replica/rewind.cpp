#include "sync/replica/rewind.hpp"

#include <algorithm>

namespace kontor::replica {

namespace {

/// The load that brought the record, if it came with one; before it there was nothing.
Result<std::optional<Entry>> load_of(const Database& db, const Entity& entity, std::int64_t record,
                                     std::int64_t seq) {
    auto query = db.prepare(
        "SELECT seq,at,run,record,old FROM kontor_history WHERE entity=?1 AND op='l' AND record<=?2"
        " AND old>=?2 AND seq>?3 ORDER BY record DESC LIMIT 1");
    if (!query) return pass(query);
    query->bind(1, entity.id);
    query->bind(2, record);
    query->bind(3, seq);
    auto row = query->step();
    if (!row) return pass(row);
    if (!*row) return std::nullopt;
    Entry load;
    load.seq = query->integer(0);
    load.op = 'l';
    load.at = query->text(1);
    if (!query->is_null(2)) load.run = query->integer(2);
    load.first = query->integer(3);
    load.last = query->integer(4);
    return load;
}

}  // namespace

Value RecordState::value(std::int64_t field) const {
    const auto found = fields.find(field);
    return found != fields.end() ? found->second.value : Value::null();
}

Result<RecordState> read_state(const Database& db, const Entity& entity, std::int64_t record) {
    std::string sql = "SELECT uid";
    for (const Field& f : entity.fields) sql += ",\"" + f.name + '"';
    auto query = db.prepare(sql + " FROM \"" + entity.name + "\" WHERE id=?1");
    if (!query) return pass(query);
    query->bind(1, record);
    auto row = query->step();
    if (!row) return pass(row);
    RecordState state;
    if (!*row) return state;
    state.exists = true;
    state.uid = Value(query->value(0));
    for (std::size_t i = 0; i < entity.fields.size(); ++i) {
        const int column = static_cast<int>(i) + 1;
        if (!query->is_null(column))
            state.fields[entity.fields[i].id] = {Value(query->value(column)), 0};
    }
    return state;
}

Result<> entries_after(const Database& db, const Entity& entity, std::int64_t record,
                       std::int64_t seq, const std::function<bool(const Entry&)>& visit) {
    auto load = load_of(db, entity, record, seq);
    if (!load) return pass(load);
    auto query = db.prepare(
        "SELECT seq,field,op,old,at,run,rule IS 'erased',actor GLOB 'remote:*',"
        "rule FROM kontor_history"
        " WHERE entity=?1 AND record=?2 AND seq>?3 AND op NOT IN('l','k') ORDER BY seq DESC");
    if (!query) return pass(query);
    query->bind(1, entity.id);
    query->bind(2, record);
    query->bind(3, seq);
    while (true) {
        auto row = query->step();
        if (!row) return pass(row);
        if (*load && (!*row || query->integer(0) < (*load)->seq)) {
            if (!visit(**load)) return {};
            load->reset();
        }
        if (!*row) return {};
        Entry entry;
        entry.seq = query->integer(0);
        entry.field = query->integer(1);
        entry.op = query->text(2).empty() ? ' ' : query->text(2).front();
        entry.old = Value(query->value(3));
        entry.at = query->text(4);
        if (!query->is_null(5)) entry.run = query->integer(5);
        entry.erased = query->integer(6) != 0;
        entry.by_remote = query->integer(7) != 0;
        entry.filled = filled_by(query->text(8));
        entry.in_only = only_comes_in(query->text(8));
        entry.corrected = corrects(query->text(8));
        entry.put_back = puts_back(query->text(8));
        entry.completed = completes(query->text(8));
        if (!visit(entry)) return {};
    }
}

void rewind(RecordState& state, const Entry& entry) {
    if (!entry.of_record()) {
        state.fields[entry.field] = {entry.old, entry.seq};
    } else if (entry.op == 'd') {
        state = RecordState{.exists = true, .uid = entry.old, .fields = {}};
    } else {
        state = RecordState{};
    }
}

}  // namespace kontor::replica
