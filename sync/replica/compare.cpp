#include "sync/replica/compare.hpp"

namespace kontor::replica {

namespace {

Difference difference(const Entity& entity, std::int64_t record, const RecordState& then,
                      const RecordState& now) {
    Difference out{.kind = !then.exists  ? Difference::Kind::kCreated
                           : !now.exists ? Difference::Kind::kDeleted
                                         : Difference::Kind::kChanged,
                   .record = record};
    for (const Field& field : entity.fields) {
        auto before = then.value(field.id);
        auto after = now.value(field.id);
        if (before == after) continue;
        out.fields.push_back({field.name, std::move(before), std::move(after)});
    }
    return out;
}

}  // namespace

std::string_view to_string(Difference::Kind kind) {
    switch (kind) {
        case Difference::Kind::kCreated:
            return "created";
        case Difference::Kind::kChanged:
            return "changed";
        case Difference::Kind::kDeleted:
            return "deleted";
    }
    return "";
}

Result<std::vector<std::int64_t>> records_between(const Database& db, const Entity& entity,
                                                  std::int64_t first, std::int64_t last) {
    auto query = db.prepare(
        "SELECT record FROM kontor_history WHERE entity=?1 AND seq>?2 AND seq<=?3"
        " AND op NOT IN('l','k') UNION SELECT e.id FROM kontor_history h JOIN " +
        sql_name(entity.name) +
        " e ON e.id BETWEEN h.record AND h.old WHERE h.entity=?1 AND h.seq>?2 AND h.seq<=?3"
        " AND h.op='l' ORDER BY 1");
    if (!query) return pass(query);
    query->bind(1, entity.id);
    query->bind(2, first);
    query->bind(3, last);
    std::vector<std::int64_t> out;
    while (true) {
        auto row = query->step();
        if (!row) return pass(row);
        if (!*row) return out;
        out.push_back(query->integer(0));
    }
}

Result<RecordState> state_at(const Database& db, const Entity& entity, std::int64_t record,
                             std::int64_t seq) {
    auto state = read_state(db, entity, record);
    if (!state) return state;
    auto done = entries_after(db, entity, record, seq, [&](const Entry& entry) {
        if (!entry.erased) rewind(*state, entry);
        return true;
    });
    if (!done) return pass(done);
    return state;
}

Result<> compare(const Database& db, const Entity& entity, std::int64_t first, std::int64_t last,
                 const std::function<bool(const Difference&)>& visit) {
    const auto records = records_between(db, entity, first, last);
    if (!records) return tl::unexpected<Error>(records.error());
    for (const std::int64_t record : *records) {
        // Both states in one walk back from now.
        auto now = read_state(db, entity, record);
        if (!now) return pass(now);
        auto then = *now;
        auto done = entries_after(db, entity, record, first, [&](const Entry& entry) {
            if (entry.erased) return true;
            rewind(then, entry);
            if (entry.seq > last) rewind(*now, entry);
            return true;
        });
        if (!done) return pass(done);
        if (!then.exists && !now->exists) continue;
        const auto found = difference(entity, record, then, *now);
        const bool same = found.kind == Difference::Kind::kChanged && found.fields.empty();
        if (!same && !visit(found)) return {};
    }
    return {};
}

}  // namespace kontor::replica
