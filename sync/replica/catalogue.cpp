#include "sync/replica/catalogue.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sync/replica/triggers.hpp"

namespace kontor::replica {

namespace {

// SQLite's default limit is 2000 columns; each needs a place in the triggers too.
constexpr std::size_t kFieldsMax = 1900;
// A double carries 15 decimal digits through text and back.
constexpr int kExactDigits = 15;

std::string choices_to_json(const std::vector<remote::Choice>& choices) {
    nlohmann::json out = nlohmann::json::array();
    for (const auto& choice : choices)
        out.push_back({{"value", choice.value}, {"label", choice.label}});
    return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<remote::Choice> choices_from_json(std::string_view text) {
    std::vector<remote::Choice> out;
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (!json.is_array()) return out;
    for (const auto& item : json) {
        if (!item.is_object()) continue;
        const auto value = item.find("value");
        if (value == item.end() || !value->is_string()) continue;
        const auto label = item.find("label");
        const bool has_label = label != item.end() && label->is_string();
        out.push_back({value->get<std::string>(),
                       has_label ? label->get<std::string>() : value->get<std::string>()});
    }
    return out;
}

Result<Field> read_field(const Statement& row) {
    Field f;
    f.id = row.integer(1);
    f.name = row.text(2);
    const auto type = remote::field_type_from(row.text(3));
    if (!type)
        return fail(Errc::kCorrupt, "field catalogue: unknown type of field " + f.name,
                    {{"field", f.name}, {"type", std::string(row.text(3))}});
    f.type = *type;
    f.scale = static_cast<int>(row.integer(4));
    f.precision = static_cast<int>(row.integer(5));
    f.max_length = static_cast<int>(row.integer(6));
    f.target = row.text(7);
    f.label = {std::string(row.text(8)), std::string(row.text(9))};
    f.choices = choices_from_json(row.text(10));
    f.data_class = row.text(11);
    f.leaves = row.integer(12) != 0;
    f.read_only = row.integer(13) != 0;
    f.origin = row.text(14);
    f.gone = row.text(15) == "gone";
    f.searchable = row.integer(16) != 0;
    return f;
}

Result<> check_names(const Entity& wanted) {
    if (!safe_name(wanted.name))
        return fail(Errc::kInvalid, "'" + wanted.name + "' cannot be the name of an entity",
                    {{"entity", wanted.name}});
    for (const Field& f : wanted.fields)
        if (!safe_name(f.name))
            return fail(Errc::kInvalid,
                        "'" + f.name + "' cannot be the name of a field of " + wanted.name,
                        {{"entity", wanted.name}, {"field", f.name}});
    return {};
}

Result<> insert_entity(const Database& db, const Entity& wanted) {
    auto insert =
        db.prepare("INSERT INTO kontor_entity(name,label_en,label_zh,builtin) VALUES(?1,?2,?3,?4)");
    if (!insert) return pass(insert);
    insert->bind(1, wanted.name);
    insert->bind(2, wanted.label.en);
    insert->bind(3, wanted.label.zh);
    insert->bind(4, wanted.builtin ? 1 : 0);
    return insert->run();
}

Result<> create_table(const Database& db, const Entity& wanted) {
    std::string sql =
        "CREATE TABLE \"" + wanted.name + "\"(id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT";
    for (const Field& f : wanted.fields)
        sql += ", \"" + f.name + "\" " + std::string(column_type(f));
    // Most records come from remotes and have no uid.
    sql += "); CREATE INDEX \"kontor_" + wanted.name + "_uid\" ON \"" + wanted.name +
           "\"(uid) WHERE uid IS NOT NULL;";
    return db.execute(sql);
}

Result<> insert_field(const Database& db, std::int64_t entity, const Field& f) {
    auto insert = db.prepare(
        "INSERT INTO kontor_field(entity,name,type,scale,precision,max_length,target,label_en,"
        "label_zh,choices,class,leaves,read_only,origin,state,searchable)"
        " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)");
    if (!insert) return pass(insert);
    insert->bind(1, entity);
    insert->bind(2, f.name);
    insert->bind(3, remote::to_string(f.type));
    insert->bind(4, f.scale);
    insert->bind(5, f.precision);
    insert->bind(6, f.max_length);
    insert->bind(7, f.target);
    insert->bind(8, f.label.en);
    insert->bind(9, f.label.zh);
    insert->bind(10, choices_to_json(f.choices));
    insert->bind(11, f.data_class);
    insert->bind(12, f.leaves ? 1 : 0);
    insert->bind(13, f.read_only ? 1 : 0);
    insert->bind(14, f.origin);
    insert->bind(15, f.gone ? "gone" : "active");
    insert->bind(16, f.searchable ? 1 : 0);
    return insert->run();
}

/// Says that the catalogue is another one. Triggers say it too, but the engine's handle has none.
Result<> draw_stamp(const Database& db) {
    auto draw =
        db.prepare("UPDATE kontor_meta SET value=lower(hex(randomblob(16))) WHERE key='catalogue'");
    if (!draw) return pass(draw);
    return draw->run();
}

/// What the field's origin may say anew. Class and `leaves` are the owner's decisions and stay.
Result<> refresh_field(const Database& db, const Field& old, const Field& wanted) {
    if (old.origin != wanted.origin) return {};
    auto update = db.prepare(
        "UPDATE kontor_field SET label_en=?2,label_zh=?3,choices=?4,max_length=?5,read_only=?6"
        " WHERE id=?1");
    if (!update) return pass(update);
    update->bind(1, old.id);
    update->bind(2, wanted.label.en);
    update->bind(3, wanted.label.zh);
    update->bind(4, choices_to_json(wanted.choices));
    update->bind(5, wanted.max_length);
    update->bind(6, wanted.read_only ? 1 : 0);
    return update->run();
}

Result<> check_same_type(const Entity& entity, const Field& old, const Field& wanted) {
    if (old.type == wanted.type && old.target == wanted.target) return {};
    const std::string is{remote::to_string(old.type)};
    const std::string to{remote::to_string(wanted.type)};
    return fail(Errc::kUnsupported,
                "field " + entity.name + "." + old.name + " is " + is +
                    (old.target.empty() ? "" : " to " + old.target) + " and cannot become " + to +
                    (wanted.target.empty() ? "" : " to " + wanted.target),
                {{"entity", entity.name}, {"field", old.name}, {"type", is}, {"wanted", to}});
}

/// Adds what `existing` lacks; true if a column was added.
Result<bool> extend(const Database& db, const Entity& existing, const Entity& wanted,
                    bool table_is_new) {
    bool added = false;
    for (const Field& f : wanted.fields) {
        if (const Field* old = existing.field(f.name)) {
            if (auto same = check_same_type(existing, *old, f); !same) return pass(same);
            if (auto done = refresh_field(db, *old, f); !done) return pass(done);
            continue;
        }
        if (!table_is_new) {
            auto done = db.execute("ALTER TABLE \"" + existing.name + "\" ADD COLUMN \"" + f.name +
                                   "\" " + std::string(column_type(f)));
            if (!done) return pass(done);
        }
        if (auto done = insert_field(db, existing.id, f); !done) return pass(done);
        added = true;
    }
    return added;
}

Result<Entity> load_entity(const Database& db, const std::string& name) {
    auto catalogue = Catalogue::load(db);
    if (!catalogue) return pass(catalogue);
    const Entity* found = catalogue->entity(name);
    if (found == nullptr)
        return fail(Errc::kInternal, "entity " + name + " is not in the catalogue");
    return *found;
}

}  // namespace

bool is_text(remote::FieldType type) {
    using enum remote::FieldType;
    return type == kText || type == kLongText || type == kEmail || type == kPhone || type == kUrl;
}

std::string_view column_type(const Field& field) {
    using enum remote::FieldType;
    switch (field.type) {
        case kInteger:
        case kBoolean:
            return "INTEGER";
        case kReal:
            return "REAL";
        case kDecimal:
            return field.precision > 0 && field.precision <= kExactDigits ? "REAL" : "TEXT";
        case kReference:
            return field.target == kAnyTarget ? "TEXT" : "INTEGER";
        default:
            return "TEXT";
    }
}

const Field* Entity::field(std::string_view field_name) const {
    const auto found = std::ranges::find(fields, field_name, &Field::name);
    return found != fields.end() ? &*found : nullptr;
}

const Field* Entity::field(std::int64_t field_id) const {
    const auto found = std::ranges::find(fields, field_id, &Field::id);
    return found != fields.end() ? &*found : nullptr;
}

Result<Catalogue> Catalogue::load(const Database& db) {
    Catalogue catalogue;
    auto entities =
        db.prepare("SELECT id,name,label_en,label_zh,builtin FROM kontor_entity ORDER BY id");
    if (!entities) return pass(entities);
    while (true) {
        auto row = entities->step();
        if (!row) return pass(row);
        if (!*row) break;
        Entity e;
        e.id = entities->integer(0);
        e.name = entities->text(1);
        e.label = {std::string(entities->text(2)), std::string(entities->text(3))};
        e.builtin = entities->integer(4) != 0;
        catalogue.entities_.push_back(std::move(e));
    }

    auto fields = db.prepare(
        "SELECT entity,id,name,type,scale,precision,max_length,target,label_en,label_zh,choices,"
        "class,leaves,read_only,origin,state,searchable FROM kontor_field ORDER BY entity,id");
    if (!fields) return pass(fields);
    auto entity = catalogue.entities_.begin();
    while (true) {
        auto row = fields->step();
        if (!row) return pass(row);
        if (!*row) break;
        while (entity != catalogue.entities_.end() && entity->id < fields->integer(0)) ++entity;
        if (entity == catalogue.entities_.end() || entity->id != fields->integer(0))
            return fail(Errc::kCorrupt, "field catalogue: a field belongs to no entity",
                        {{"field", std::string(fields->text(2))}});
        auto field = read_field(*fields);
        if (!field) return pass(field);
        entity->fields.push_back(std::move(*field));
    }
    return catalogue;
}

Result<std::optional<CatalogueStamp>> catalogue_stamp(const Database& db) {
    auto schema = db.scalar("PRAGMA schema_version");
    if (!schema) return pass(schema);
    auto drawn = db.prepare("SELECT value FROM kontor_meta WHERE key='catalogue'");
    if (!drawn) return pass(drawn);
    auto row = drawn->step();
    if (!row) return pass(row);
    if (!*row) return std::nullopt;
    return CatalogueStamp{*schema, drawn->text(0)};
}

Result<std::shared_ptr<const Catalogue>> CatalogueCache::get(const Database& db) {
    // Stamp and catalogue must be of one moment.
    std::optional<Snapshot> moment;
    if (!db.in_transaction()) {
        auto begun = Snapshot::begin(db);
        if (!begun) return pass(begun);
        moment.emplace(std::move(*begun));
    }
    auto stamp = catalogue_stamp(db);
    if (!stamp) return pass(stamp);
    {
        const std::lock_guard lock(mutex_);
        if (*stamp && stamp_ == *stamp) return held_;
    }
    auto loaded = Catalogue::load(db);
    if (!loaded) return pass(loaded);
    auto fresh = std::make_shared<const Catalogue>(std::move(*loaded));
    const std::lock_guard lock(mutex_);
    stamp_ = std::move(*stamp);
    held_ = fresh;
    return fresh;
}

const Entity* Catalogue::entity(std::string_view name) const {
    const auto found = std::ranges::find(entities_, name, &Entity::name);
    return found != entities_.end() ? &*found : nullptr;
}

const Entity* Catalogue::entity(std::int64_t id) const {
    const auto found = std::ranges::find(entities_, id, &Entity::id);
    return found != entities_.end() ? &*found : nullptr;
}

Result<> ensure_entity(const Database& db, const Entity& wanted) {
    if (!db.in_transaction())
        return fail(Errc::kInternal, "ensure_entity needs an open transaction");
    if (auto ok = check_names(wanted); !ok) return ok;

    auto catalogue = Catalogue::load(db);
    if (!catalogue) return pass(catalogue);
    const bool is_new = catalogue->entity(wanted.name) == nullptr;
    if (is_new) {
        auto done = create_table(db, wanted);
        if (!done) return in_context("entity " + wanted.name, done.error());
        if (auto inserted = insert_entity(db, wanted); !inserted) return inserted;
    }
    auto existing = load_entity(db, wanted.name);
    if (!existing) return pass(existing);
    auto added = extend(db, *existing, wanted, is_new);
    if (!added) return in_context("entity " + wanted.name, added.error());
    if (auto drawn = draw_stamp(db); !drawn) return drawn;
    if (!is_new && !*added) return {};

    auto now = load_entity(db, wanted.name);
    if (!now) return pass(now);
    if (now->fields.size() > kFieldsMax)
        return fail(Errc::kUnsupported, "entity " + wanted.name + " would have too many fields",
                    {{"entity", wanted.name}, {"max", std::to_string(kFieldsMax)}});
    return rebuild_triggers(db, *now);
}

namespace {

Result<> set_column(const Database& db, std::int64_t field_id, const char* column,
                    const Value& value) {
    auto update = db.prepare("UPDATE kontor_field SET " + std::string(column) + "=?2 WHERE id=?1");
    if (!update) return pass(update);
    update->bind(1, field_id);
    update->bind(2, value);
    if (auto done = update->run(); !done) return done;
    if (db.changes() == 0)
        return fail(Errc::kNotFound, "no field " + std::to_string(field_id) + " in the catalogue");
    return draw_stamp(db);
}

}  // namespace

Result<> set_gone(const Database& db, std::int64_t field_id, bool gone) {
    return set_column(db, field_id, "state", Value(gone ? "gone" : "active"));
}

bool may_leave(const Field& field) {
    return field.leaves && field.data_class != "secret";
}

Result<> set_leaves(const Database& db, std::int64_t field_id, bool leaves) {
    return set_column(db, field_id, "leaves", Value(std::int64_t{leaves ? 1 : 0}));
}

}  // namespace kontor::replica
