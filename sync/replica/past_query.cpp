#include "sync/replica/past_query.hpp"

#include "sync/replica/compare.hpp"
#include "sync/replica/migrations.hpp"

namespace kontor::replica {

namespace {

/// An empty replica in memory with the entity in it.
Result<Database> memory_with(const Entity& entity, Random& random) {
    auto db = Database::open(":memory:", {.access = Access::kEngine, .create = true});
    if (!db) return db;
    if (auto done = migrate(*db, random); !done) return pass(done);
    auto transaction = Transaction::begin(*db);
    if (!transaction) return pass(transaction);
    if (auto done = ensure_entity(*db, entity); !done) return pass(done);
    if (auto done = transaction->commit(); !done) return pass(done);
    return db;
}

Result<> insert(const Database& db, const Entity& entity, std::int64_t record,
                const RecordState& state) {
    std::string columns = "id,uid";
    std::string places = "?,?";
    for (const Field& field : entity.fields) {
        columns += "," + sql_name(field.name);
        places += ",?";
    }
    auto statement = db.prepare("INSERT INTO " + sql_name(entity.name) + "(" + columns +
                                ") VALUES(" + places + ")");
    if (!statement) return pass(statement);
    int index = 0;
    statement->bind(++index, record);
    statement->bind(++index, state.uid);
    for (const Field& field : entity.fields) statement->bind(++index, state.value(field.id));
    return statement->run();
}

}  // namespace

Result<std::vector<std::int64_t>> ids_of(const Database& db, const Catalogue& catalogue,
                                         const std::string& entity,
                                         const std::vector<Filter>& filters) {
    std::vector<std::int64_t> out;
    const Query query{.entity = entity, .columns = {"id"}, .filters = filters, .limit = 0};
    auto done = stream(db, catalogue, query, [&](std::span<const ValueView> row) {
        out.push_back(row.front().integer);
        return true;
    });
    if (!done) return pass(done);
    return out;
}

Result<std::vector<std::int64_t>> changed_that_were(const Database& db, const Entity& entity,
                                                    std::int64_t seq,
                                                    const std::vector<Filter>& filters,
                                                    Random& random) {
    auto records = records_between(db, entity, seq, INT64_MAX);
    if (!records) return records;
    if (records->size() > kPastRecordsMax)
        return fail(Errc::kInvalid, "too many records have changed since then",
                    {{"count", std::to_string(records->size())}, {"reason", "past_too_many"}});
    auto then = memory_with(entity, random);
    if (!then) return pass(then);
    auto transaction = Transaction::begin(*then);
    if (!transaction) return pass(transaction);
    for (const std::int64_t record : *records) {
        const auto state = state_at(db, entity, record, seq);
        if (!state) return tl::unexpected<Error>(state.error());
        if (!state->exists) continue;
        if (auto done = insert(*then, entity, record, *state); !done) return pass(done);
    }
    const auto catalogue = Catalogue::load(*then);
    if (!catalogue) return tl::unexpected<Error>(catalogue.error());
    return ids_of(*then, *catalogue, entity.name, filters);
}

}  // namespace kontor::replica
