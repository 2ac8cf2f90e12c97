#include "sync/replica/local_edits.hpp"

#include <sqlite3.h>

#include "sync/replica/lookup.hpp"
#include "sync/replica/values.hpp"

namespace kontor::replica {

namespace {

constexpr const char* kLastSeq = "SELECT coalesce(max(seq),0) FROM kontor_history";

using Checked = std::vector<std::pair<const Field*, Value>>;

Result<bool> exists(const Database& db, const std::string& table, std::int64_t id) {
    auto query = db.prepare("SELECT 1 FROM \"" + table + "\" WHERE id=?1");
    if (!query) return pass(query);
    query->bind(1, id);
    return query->step();
}

tl::unexpected<Error> no_record(const std::string& entity, std::int64_t id) {
    return fail(Errc::kNotFound, "there is no " + entity + " " + std::to_string(id),
                {{"entity", entity}, {"record", std::to_string(id)}});
}

Result<> check_target(const Database& db, const Catalogue& catalogue, const Field& field,
                      const Value& value) {
    if (field.type != remote::FieldType::kReference || value.is_null()) return {};
    std::string target = field.target;
    std::int64_t id = value.integer();
    if (field.target == kAnyTarget) {
        const auto reference = parse_any_reference(value.text());
        if (!reference) return fail(Errc::kInternal, "a reference was not checked");
        target = reference->entity;
        id = reference->id;
    }
    if (catalogue.entity(target) == nullptr)
        return fail(Errc::kNotFound, field.name + " refers to " + target + ", which is no entity",
                    {{"target", target}});
    auto found = exists(db, target, id);
    if (!found) return pass(found);
    if (!*found)
        return fail(
            Errc::kNotFound,
            field.name + " refers to " + target + " " + std::to_string(id) +
                ", which does not exist",
            {{"reason", "no_target"}, {"target", target}, {"target_record", std::to_string(id)}});
    return {};
}

Result<std::int64_t> insert_row(const Database& db, const Entity& entity, const Checked& fields,
                                const std::string& uid) {
    if (!uid.empty()) {
        auto taken = db.prepare("SELECT 1 FROM \"" + entity.name + "\" WHERE uid=?1");
        if (!taken) return pass(taken);
        taken->bind(1, uid);
        auto row = taken->step();
        if (!row) return pass(row);
        if (*row)
            return fail(Errc::kConflict, "there is a " + entity.name + " of that uid",
                        {{"entity", entity.name}, {"uid", uid}});
    }
    std::string columns = "uid", values = "nullif(?" + std::to_string(fields.size() + 1) + ",'')";
    for (std::size_t i = 0; i < fields.size(); ++i) {
        columns += ",\"" + fields[i].first->name + '"';
        values += ",?" + std::to_string(i + 1);
    }
    auto insert =
        db.prepare("INSERT INTO \"" + entity.name + "\"(" + columns + ") VALUES(" + values + ")");
    if (!insert) return pass(insert);
    insert->bind(static_cast<int>(fields.size() + 1), uid);
    for (std::size_t i = 0; i < fields.size(); ++i)
        insert->bind(static_cast<int>(i + 1), fields[i].second);
    if (auto done = insert->run(); !done) return pass(done);
    return db.last_insert_id();
}

Result<> update_row(const Database& db, const Entity& entity, std::int64_t id,
                    const Checked& fields) {
    if (fields.empty()) return {};
    std::string sql = "UPDATE \"" + entity.name + "\" SET ";
    for (std::size_t i = 0; i < fields.size(); ++i)
        sql += (i != 0 ? ",\"" : "\"") + fields[i].first->name + "\"=?" + std::to_string(i + 2);
    auto update = db.prepare(sql + " WHERE id=?1");
    if (!update) return pass(update);
    update->bind(1, id);
    for (std::size_t i = 0; i < fields.size(); ++i)
        update->bind(static_cast<int>(i + 2), fields[i].second);
    return update->run();
}

Result<> delete_row(const Database& db, const Entity& entity, std::int64_t id) {
    auto remove = db.prepare("DELETE FROM \"" + entity.name + "\" WHERE id=?1");
    if (!remove) return pass(remove);
    remove->bind(1, id);
    return remove->run();
}

Result<Checked> check_fields(const Database& db, const Catalogue& catalogue, const Entity& entity,
                             const Edit& edit) {
    Checked checked;
    const auto name_it = [&](Error error, const std::string& field) {
        error.args.try_emplace("entity", entity.name);
        error.args.try_emplace("field", field);
        if (edit.kind == Edit::Kind::kUpdate)
            error.args.try_emplace("record", std::to_string(edit.id));
        return in_context(edit.kind == Edit::Kind::kUpdate
                              ? entity.name + " " + std::to_string(edit.id)
                              : "new " + entity.name,
                          std::move(error));
    };
    for (const auto& [name, value] : edit.fields) {
        if (value.is_absent()) continue;
        const auto found = find_field(entity, name);
        if (!found) return name_it(found.error(), name);
        const Field* field = *found;
        if (field->read_only)
            return name_it(
                fail(Errc::kPermission, name + " is computed elsewhere and cannot be edited",
                     {{"reason", "read_only_field"}})
                    .value(),
                name);
        auto kept = check_value(*field, value);
        if (!kept) return name_it(kept.error(), name);
        if (edit.json.contains(name) && !keeps_json(*field))
            return name_it(
                fail(Errc::kInvalid, name + " must be text", {{"wants", "text"}}).value(), name);
        if (auto ok = check_target(db, catalogue, *field, *kept); !ok)
            return name_it(ok.error(), name);
        checked.emplace_back(field, std::move(*kept));
    }
    return checked;
}

}  // namespace

Result<> require_triggers(const Database& db) {
    int on = 0;
    sqlite3_db_config(db.raw(), SQLITE_DBCONFIG_ENABLE_TRIGGER, -1, &on);
    if (on == 0) return fail(Errc::kInternal, "local edits need a handle that captures them");
    return {};
}

Result<> stamp_history(const Database& db, std::int64_t seq, const std::string& actor,
                       const std::string& rule) {
    auto stamp = db.prepare(
        rule.empty() ? "UPDATE kontor_history SET actor=?2 WHERE seq>?1"
                     : "UPDATE kontor_history SET actor=?2,rule=?3,"
                       "at=(SELECT at FROM kontor_history ORDER BY seq DESC LIMIT 1) WHERE seq>?1");
    if (!stamp) return pass(stamp);
    stamp->bind(1, seq);
    stamp->bind(2, actor);
    if (!rule.empty()) stamp->bind(3, rule);
    return stamp->run();
}

Result<std::int64_t> LocalEdits::apply_one(const Catalogue& catalogue, const Edit& edit,
                                           std::size_t index, std::vector<EditWarning>& warnings) {
    const Entity* entity = catalogue.entity(edit.entity);
    if (entity == nullptr)
        return fail(Errc::kNotFound, "there is no entity " + edit.entity,
                    {{"entity", edit.entity}});
    if (edit.kind != Edit::Kind::kCreate) {
        auto found = exists(db_, entity->name, edit.id);
        if (!found) return pass(found);
        if (!*found) return no_record(entity->name, edit.id);
    }
    if (edit.kind == Edit::Kind::kRemove) {
        if (auto done = delete_row(db_, *entity, edit.id); !done) return pass(done);
        return edit.id;
    }
    auto fields = check_fields(db_, catalogue, *entity, edit);
    if (!fields) return pass(fields);
    for (const auto& [field, value] : *fields)
        if (!known_choice(*field, value)) warnings.push_back({index, entity->name, field->name});
    if (edit.kind == Edit::Kind::kCreate) return insert_row(db_, *entity, *fields, edit.uid);
    if (auto done = update_row(db_, *entity, edit.id, *fields); !done) return pass(done);
    return edit.id;
}

Result<EditResult> LocalEdits::apply(std::span<const Edit> edits, const std::string& actor,
                                     const EditSteps& steps) {
    if (auto ok = require_triggers(db_); !ok) return pass(ok);
    return apply_in(Transaction::begin(db_), edits, actor, steps);
}

Result<EditResult> LocalEdits::try_apply(std::span<const Edit> edits, const std::string& actor,
                                         const EditSteps& steps) {
    if (auto ok = require_triggers(db_); !ok) return pass(ok);
    return apply_in(Transaction::try_begin(db_), edits, actor, steps);
}

Result<EditResult> LocalEdits::apply_in(Result<Transaction> transaction,
                                        std::span<const Edit> edits, const std::string& actor,
                                        const EditSteps& steps) {
    if (!transaction) return pass(transaction);
    // As this transaction sees it, for another process may have changed it.
    auto catalogue = catalogues_.get(db_);
    if (!catalogue) return pass(catalogue);
    if (steps.before)
        if (auto done = steps.before(**catalogue); !done) return pass(done);
    auto before = db_.scalar(kLastSeq);
    if (!before) return pass(before);

    EditResult result;
    for (std::size_t i = 0; i < edits.size(); ++i) {
        auto id = apply_one(**catalogue, edits[i], i, result.warnings);
        if (!id) {
            id.error().args.try_emplace("edit", std::to_string(i));
            return pass(id);
        }
        result.ids.push_back(*id);
    }
    if (auto done = stamp_history(db_, *before, actor); !done) return pass(done);
    auto after = db_.scalar(kLastSeq);
    if (!after) return pass(after);
    result.first_seq = *before + 1;
    result.last_seq = *after;
    if (steps.after)
        if (auto done = steps.after(**catalogue, result); !done) return pass(done);
    if (auto done = transaction->commit(); !done) return pass(done);
    return result;
}

Result<EditResult> LocalEdits::create(const std::string& entity,
                                      std::map<std::string, Value> fields,
                                      const std::string& actor) {
    const Edit edit{Edit::Kind::kCreate, entity, 0, std::move(fields)};
    return apply({&edit, 1}, actor);
}

Result<EditResult> LocalEdits::update(const std::string& entity, std::int64_t id,
                                      std::map<std::string, Value> fields,
                                      const std::string& actor) {
    const Edit edit{Edit::Kind::kUpdate, entity, id, std::move(fields)};
    return apply({&edit, 1}, actor);
}

Result<EditResult> LocalEdits::remove(const std::string& entity, std::int64_t id,
                                      const std::string& actor) {
    const Edit edit{Edit::Kind::kRemove, entity, id, {}};
    return apply({&edit, 1}, actor);
}

}  // namespace kontor::replica
