#include "sync/engine/plan.hpp"

#include <algorithm>
#include <map>

#include "sync/engine/cycle.hpp"
#include "sync/merge/lens.hpp"
#include "sync/merge/mapping_json.hpp"

namespace kontor::engine {
namespace {

std::size_t index_of(std::vector<std::string>& names, const std::string& name) {
    const auto found = std::ranges::find(names, name);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    names.push_back(name);
    return names.size() - 1;
}

std::string row_sql(const StreamPlan& plan) {
    std::string sql = "SELECT ";
    for (const auto& column : plan.columns) sql += replica::sql_name(column) + ",";
    sql.back() = ' ';
    return sql + "FROM " + replica::sql_name(plan.entity.name) + " WHERE id = ?";
}

// Ties the groups of `plan` to columns. False if a column or the entity is not there (any more).
bool tie(StreamPlan& plan, const replica::Catalogue& catalogue) {
    const replica::Entity* entity = catalogue.entity(plan.mapping.entity);
    if (entity == nullptr) return false;
    plan.entity = *entity;
    for (auto& group : plan.mapping.groups)
        for (auto& field : group.fields)
            field.stays_here = std::ranges::any_of(field.columns, [&](const auto& column) {
                const replica::Field* found = entity->field(column);
                return found != nullptr && !replica::may_leave(*found);
            });
    plan.remote_fields = plan.mapping.remote_fields();
    std::size_t field_index = 0;
    for (GroupPlan& group : plan.groups) {
        group.first_field = field_index;
        field_index += group.mapping->fields.size();
        group.identity = std::ranges::all_of(group.mapping->fields, merge::is_identity);
        for (const auto& field : group.mapping->fields) {
            std::vector<std::size_t> indexes;
            for (const auto& column : field.columns) {
                if (entity->field(column) == nullptr) return false;
                indexes.push_back(index_of(plan.columns, column));
            }
            group.columns.push_back(std::move(indexes));
        }
    }
    for (const auto& column : plan.columns) plan.column_fields.push_back(entity->field(column)->id);
    plan.row_sql = row_sql(plan);
    if (const auto& key = plan.mapping.key_field; !key.empty()) {
        const auto found = std::ranges::find(plan.remote_fields, key);
        plan.key_index = static_cast<std::size_t>(found - plan.remote_fields.begin());
        if (found == plan.remote_fields.end()) plan.remote_fields.push_back(key);
    }
    return true;
}

struct StoredGroup {
    std::int64_t id = 0;
    std::string shape;
    std::int64_t since = 0;
};

std::map<std::string, StoredGroup> stored_groups(Sql& sql, std::int64_t stream) {
    std::map<std::string, StoredGroup> out;
    auto& rows = sql.bind(
        "SELECT id, name, shape, since FROM kontor_group WHERE stream = ? AND active", stream);
    while (Sql::step(rows))
        out[std::string(rows.text(1))] = {rows.integer(0), std::string(rows.text(2)),
                                          rows.integer(3)};
    return out;
}

void check_columns(const replica::Catalogue& catalogue, const merge::StreamMapping& mapping) {
    const replica::Entity* entity = catalogue.entity(mapping.entity);
    if (entity == nullptr)
        stop({Errc::kConfig,
              "mapping of " + mapping.stream + ": there is no entity '" + mapping.entity + "'",
              {{"stream", mapping.stream}, {"entity", mapping.entity}}});
    for (const auto& group : mapping.groups)
        for (const auto& field : group.fields)
            for (const auto& column : field.columns)
                if (entity->field(column) == nullptr)
                    stop({Errc::kConfig,
                          "mapping of " + mapping.stream + ": " + mapping.entity +
                              " has no column '" + column + "'",
                          {{"stream", mapping.stream}, {"field", column}}});
}

/// Whether `was` and `now` are the same fields of the remote, in its own form: then what is known
/// of the one holds for the other, however they are mapped here.
bool same_at_remote(const merge::GroupMapping& was, const merge::GroupMapping& now) {
    return std::ranges::equal(was.fields, now.fields, [](const auto& a, const auto& b) {
        return a.remote == b.remote && a.type == b.type && a.references == b.references;
    });
}

/// Clause b. What is remembered of a group goes on with its new form: `theirs` is in the remote's
/// own representation, and what had not been sent stays to be sent, against the base that it had.
/// The links do not cover the new form, so nothing is sent before an image of it was compared.
void keep_bases(Sql& sql, std::int64_t was, std::int64_t now) {
    sql.run("UPDATE kontor_shadow SET grp = ? WHERE grp = ?", now, was);
    sql.run("UPDATE kontor_waiting SET grp = ? WHERE grp = ?", now, was);
    sql.run("UPDATE kontor_conflict SET grp = ? WHERE grp = ? AND state = 'open'", now, was);
}

/// A group that is no longer mapped as it was: its shadow goes, for the new form is compared with a
/// real image first; so do its questions, which nobody could answer any more.
void retire_group(Sql& sql, std::int64_t group, const Clock& clock) {
    sql.run("UPDATE kontor_group SET active = 0 WHERE id = ?", group);
    sql.run("DELETE FROM kontor_shadow WHERE grp = ?", group);
    sql.run("DELETE FROM kontor_waiting WHERE grp = ?", group);
    sql.run(
        "UPDATE kontor_conflict SET state = 'decided', rule = 'mapping_changed', decided_at = ?,"
        " decided_by = 'kontor' WHERE state = 'open' AND grp = ?",
        format_instant(clock.now()), group);
}

// Links hold ids of one table: they must not be read as ids of another.
void check_entity(Sql& sql, std::int64_t stream, std::int64_t entity,
                  const merge::StreamMapping& mapping) {
    if (sql.integer("SELECT entity FROM kontor_stream WHERE id = ?", stream) == entity ||
        !sql.integer("SELECT 1 FROM kontor_link WHERE stream = ? LIMIT 1", stream))
        return;
    stop({Errc::kConfig,
          mapping.stream + " has been synced as another kind of record than '" + mapping.entity +
              "'; connect it anew under another name",
          {{"stream", mapping.stream}, {"entity", mapping.entity}},
          {}});
}

void reconcile_stream(Sql& sql, std::int64_t connection, std::int64_t entity,
                      const merge::StreamMapping& mapping, const Clock& clock) {
    sql.run(
        "INSERT INTO kontor_stream(connection, name, entity) VALUES(?, ?, ?)"
        " ON CONFLICT(connection, name) DO NOTHING",
        connection, mapping.stream, entity);
    const bool fresh = sql.changes() > 0;
    const std::int64_t stream =
        *sql.integer("SELECT id FROM kontor_stream WHERE connection = ? AND name = ?", connection,
                     mapping.stream);
    check_entity(sql, stream, entity, mapping);
    std::int64_t generation =
        *sql.integer("SELECT generation FROM kontor_stream WHERE id = ?", stream);

    auto before = stored_groups(sql, stream);
    bool changed = false;
    const auto old_text =
        sql.text("SELECT mapping FROM kontor_stream WHERE id = ?", stream).value_or("");
    const auto old_mapping =
        old_text.empty() ? merge::StreamMapping{} : need(merge::stream_mapping_from_json(old_text));
    for (const auto& group : mapping.groups) {
        const std::string shape = merge::shape(group);
        const auto found = before.find(group.name);
        if (found != before.end() && found->second.shape == shape) {
            before.erase(found);
            continue;
        }
        changed = true;
        sql.run("INSERT INTO kontor_group(stream, name, shape, since) VALUES(?, ?, ?, ?)", stream,
                group.name, shape, fresh ? generation : generation + 1);
        const auto was =
            std::ranges::find(old_mapping.groups, group.name, &merge::GroupMapping::name);
        if (found != before.end() && was != old_mapping.groups.end() && same_at_remote(*was, group))
            keep_bases(sql, found->second.id, sql.last_insert_id());
    }
    for (const auto& [name, group] : before) retire_group(sql, group.id, clock);
    if (changed && !fresh) {
        ++generation;
        // Read again from the start: only an image of each record can cover the new groups. Such a
        // pull shows no deletions: a sweep finds those.
        sql.run(
            "UPDATE kontor_stream SET generation = ?, cursor = '', swept_at = NULL WHERE id = ?",
            generation, stream);
    }
    sql.run(
        "UPDATE kontor_stream SET mapping = ?1, entity = ?2 WHERE id = ?3"
        " AND (mapping IS NOT ?1 OR entity IS NOT ?2)",
        merge::to_json(mapping), entity, stream);
    if (sql.changes() > 0)
        sql.run(
            "INSERT INTO kontor_meta(key, value) VALUES('mappings', 1)"
            " ON CONFLICT(key) DO UPDATE SET value = value + 1");
}

}  // namespace

bool goes_out(const merge::FieldMapping& field, bool create) {
    return !field.read_only && !field.stays_here && field.direction != merge::Direction::kIn &&
           (create || !field.create_only);
}

bool GroupPlan::writable(bool create) const {
    return std::ranges::any_of(mapping->fields,
                               [&](const auto& field) { return goes_out(field, create); });
}

merge::Direction GroupPlan::direction() const {
    const merge::Direction first = mapping->fields.front().direction;
    const bool agree = std::ranges::all_of(
        mapping->fields, [&](const auto& field) { return field.direction == first; });
    return agree ? first : merge::Direction::kBoth;
}

const GroupPlan* StreamPlan::group(std::int64_t group_id) const {
    const auto found = std::ranges::find(groups, group_id, &GroupPlan::id);
    return found == groups.end() ? nullptr : &*found;
}

Plans::Stamp Plans::stamp(Sql& sql) {
    return {sql.integer("SELECT value FROM kontor_meta WHERE key = 'mappings'").value_or(0),
            sql.integer("PRAGMA schema_version").value_or(0)};
}

Plans Plans::load(Sql& sql, replica::CatalogueCache& catalogues) {
    Plans out(catalogues);
    out.refresh(sql);
    return out;
}

void Plans::refresh(Sql& sql) {
    const Stamp now = stamp(sql);
    if (!editions_.empty() && now == stamp_) return;
    editions_.push_back(read(sql));
    stamp_ = now;
}

std::unique_ptr<const Plans::Edition> Plans::read(Sql& sql) const {
    auto edition = std::make_unique<Edition>();
    Edition& out = *edition;
    out.catalogue = need(catalogues_->get(sql.db()));
    std::vector<StreamPlan> found;
    auto& rows = sql.bind(
        "SELECT s.id, s.connection, c.name, coalesce(c.user_id, ''), s.generation, s.loaded,"
        " s.mapping FROM kontor_stream s JOIN kontor_connection c ON c.id = s.connection"
        " WHERE s.mapping <> '' ORDER BY s.id");
    while (Sql::step(rows)) {
        StreamPlan plan;
        plan.id = rows.integer(0);
        plan.connection = rows.integer(1);
        plan.connection_name = rows.text(2);
        plan.connection_user = rows.text(3);
        plan.generation = rows.integer(4);
        plan.loaded = rows.integer(5) != 0;
        plan.mapping = need(merge::stream_mapping_from_json(rows.text(6)));
        found.push_back(std::move(plan));
    }
    out.plans = std::move(found);
    // Only now do the mappings stay where they are.
    for (StreamPlan& plan : out.plans) {
        auto groups = stored_groups(sql, plan.id);
        for (const auto& mapping : plan.mapping.groups) {
            const StoredGroup& stored = groups[mapping.name];
            plan.groups.push_back({.id = stored.id,
                                   .since = stored.since,
                                   .mapping = &mapping,
                                   .first_field = 0,
                                   .columns = {},
                                   .identity = false});
        }
        if (!tie(plan, *out.catalogue))
            stop({Errc::kCorrupt,
                  "mapping of " + plan.mapping.stream + " names a column that is not there",
                  {{"stream", plan.mapping.stream}}});
    }
    return edition;
}

const StreamPlan* Plans::stream(std::int64_t id) const {
    const auto found = std::ranges::find(all(), id, &StreamPlan::id);
    return found == all().end() ? nullptr : &*found;
}

const StreamPlan* Plans::stream(std::int64_t connection, std::string_view name) const {
    const auto found = std::ranges::find_if(all(), [&](const StreamPlan& plan) {
        return plan.connection == connection && plan.mapping.stream == name;
    });
    return found == all().end() ? nullptr : &*found;
}

bool mapping_changes(Sql& sql, const ConnectionSettings& settings) {
    return std::ranges::any_of(settings.mapping.streams, [&](const auto& stream) {
        const auto stored = sql.text(
            "SELECT s.mapping FROM kontor_stream s JOIN kontor_connection c ON c.id = s.connection"
            " WHERE c.name = ? AND s.name = ? AND s.mapping <> ''",
            settings.name, stream.stream);
        return stored && *stored != merge::to_json(stream);
    });
}

void reconcile(Sql& sql, replica::CatalogueCache& catalogues, const ConnectionSettings& settings,
               const Clock& clock) {
    const auto kept = need(catalogues.get(sql.db()));
    const replica::Catalogue& catalogue = *kept;
    sql.run(
        "INSERT INTO kontor_connection(name, plugin) VALUES(?, ?)"
        " ON CONFLICT(name) DO UPDATE SET plugin = excluded.plugin",
        settings.name, settings.plugin);
    const std::int64_t connection =
        *sql.integer("SELECT id FROM kontor_connection WHERE name = ?", settings.name);
    for (const auto& mapping : settings.mapping.streams) {
        check_columns(catalogue, mapping);
        reconcile_stream(sql, connection, catalogue.entity(mapping.entity)->id, mapping, clock);
    }
}

}  // namespace kontor::engine
