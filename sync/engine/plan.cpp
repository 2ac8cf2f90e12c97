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

// Ties the groups of `plan` to columns. False if a column or the entity is not there (any more).
bool tie(StreamPlan& plan, const replica::Catalogue& catalogue) {
    const replica::Entity* entity = catalogue.entity(plan.mapping.entity);
    if (entity == nullptr) return false;
    plan.entity = *entity;
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

void reconcile_stream(Sql& sql, std::int64_t connection, std::int64_t entity,
                      const merge::StreamMapping& mapping) {
    sql.run(
        "INSERT INTO kontor_stream(connection, name, entity) VALUES(?, ?, ?)"
        " ON CONFLICT(connection, name) DO NOTHING",
        connection, mapping.stream, entity);
    const bool fresh = sql.changes() > 0;
    const std::int64_t stream =
        *sql.integer("SELECT id FROM kontor_stream WHERE connection = ? AND name = ?", connection,
                     mapping.stream);
    std::int64_t generation =
        *sql.integer("SELECT generation FROM kontor_stream WHERE id = ?", stream);

    auto before = stored_groups(sql, stream);
    bool changed = false;
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
    }
    for (const auto& [name, group] : before) {
        // Its shadow goes: the new form of the group is compared with a real image first.
        sql.run("UPDATE kontor_group SET active = 0 WHERE id = ?", group.id);
        sql.run("DELETE FROM kontor_shadow WHERE grp = ?", group.id);
        sql.run("DELETE FROM kontor_waiting WHERE grp = ?", group.id);
    }
    if (changed && !fresh) {
        ++generation;
        // Read again from the start: only an image of each record can cover the new groups.
        sql.run("UPDATE kontor_stream SET generation = ?, cursor = '' WHERE id = ?", generation,
                stream);
    }
    sql.run("UPDATE kontor_stream SET mapping = ?, entity = ? WHERE id = ?",
            merge::to_json(mapping), entity, stream);
}

}  // namespace

bool GroupPlan::writable() const {
    return std::ranges::any_of(mapping->fields, [](const merge::FieldMapping& field) {
        return !field.read_only && field.direction != merge::Direction::kIn;
    });
}

const GroupPlan* StreamPlan::group(std::int64_t group_id) const {
    const auto found = std::ranges::find(groups, group_id, &GroupPlan::id);
    return found == groups.end() ? nullptr : &*found;
}

Plans Plans::load(Sql& sql) {
    Plans out;
    out.catalogue_ = need(replica::Catalogue::load(sql.db()));
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
    for (StreamPlan& source : found) {
        out.plans_.push_back(std::move(source));
    }
    // Only now do the mappings stay where they are.
    for (StreamPlan& plan : out.plans_) {
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
        if (!tie(plan, out.catalogue_))
            stop({Errc::kCorrupt,
                  "mapping of " + plan.mapping.stream + " names a column that is not there",
                  {{"stream", plan.mapping.stream}}});
    }
    return out;
}

const StreamPlan* Plans::stream(std::int64_t id) const {
    const auto found = std::ranges::find(plans_, id, &StreamPlan::id);
    return found == plans_.end() ? nullptr : &*found;
}

const StreamPlan* Plans::stream(std::int64_t connection, std::string_view name) const {
    const auto found = std::ranges::find_if(plans_, [&](const StreamPlan& plan) {
        return plan.connection == connection && plan.mapping.stream == name;
    });
    return found == plans_.end() ? nullptr : &*found;
}

void reconcile(Sql& sql, const ConnectionSettings& settings) {
    const auto catalogue = need(replica::Catalogue::load(sql.db()));
    sql.run(
        "INSERT INTO kontor_connection(name, plugin) VALUES(?, ?)"
        " ON CONFLICT(name) DO UPDATE SET plugin = excluded.plugin",
        settings.name, settings.plugin);
    const std::int64_t connection =
        *sql.integer("SELECT id FROM kontor_connection WHERE name = ?", settings.name);
    for (const auto& mapping : settings.mapping.streams) {
        check_columns(catalogue, mapping);
        reconcile_stream(sql, connection, catalogue.entity(mapping.entity)->id, mapping);
    }
}

}  // namespace kontor::engine
