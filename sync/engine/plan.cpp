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

std::string row_sql(const replica::Entity& entity, const std::vector<std::string>& columns) {
    std::string sql = "SELECT ";
    for (const auto& column : columns) sql += replica::sql_name(column) + ",";
    sql.back() = ' ';
    return sql + "FROM " + replica::sql_name(entity.name) + " WHERE id = ?";
}

// Ties the groups of `plan` to columns. False if a column or the entity is not there (any more).
bool tie(StreamPlan& plan, const replica::Catalogue& catalogue) {
    const replica::Entity* entity = catalogue.entity(plan.mapping.entity);
    if (entity == nullptr) return false;
    plan.entity = *entity;
    for (auto& group : plan.mapping.groups)
        for (auto& field : group.fields) field.stays_here = stays_here(field, *entity);
    plan.remote_fields = plan.mapping.remote_fields();
    std::size_t field_index = 0;
    for (GroupPlan& group : plan.groups) {
        group.first_field = field_index;
        field_index += group.mapping->fields.size();
        group.identity = std::ranges::all_of(group.mapping->fields, merge::is_identity);
        std::vector<std::string> all;
        for (const auto& field : group.mapping->fields) {
            std::vector<std::size_t> indexes;
            for (const auto& column : field.columns) {
                if (entity->field(column) == nullptr) return false;
                indexes.push_back(index_of(plan.columns, column));
                all.push_back(column);
            }
            group.columns.push_back(std::move(indexes));
        }
        group.row_sql = row_sql(*entity, all);
    }
    for (const auto& column : plan.columns) plan.column_fields.push_back(entity->field(column)->id);
    plan.row_sql = row_sql(*entity, plan.columns);
    if (const auto& key = plan.mapping.key_field; !key.empty()) {
        const auto found = std::ranges::find(plan.remote_fields, key);
        plan.key_index = static_cast<std::size_t>(found - plan.remote_fields.begin());
        if (found == plan.remote_fields.end()) plan.remote_fields.push_back(key);
    }
    return true;
}

}  // namespace

void name_standing(const GroupPlan& group, std::string& rule) {
    if (!group.mapping->standing || rule != to_string(group.mapping->policy)) return;
    rule = group.mapping->policy == merge::Policy::kRemote ? "always:theirs" : "always:ours";
}

bool stays_here(const merge::FieldMapping& field, const replica::Entity& entity) {
    return std::ranges::any_of(field.columns, [&](const auto& column) {
        const replica::Field* found = entity.field(column);
        return found != nullptr && !replica::may_leave(*found);
    });
}

bool may_go(const merge::FieldMapping& field, const replica::Entity& entity) {
    return field.direction != merge::Direction::kIn && !stays_here(field, entity);
}

bool goes_out(const merge::FieldMapping& field, bool create) {
    return !field.read_only && !field.stays_here && field.direction != merge::Direction::kIn &&
           (create || !field.create_only);
}

bool tells(const merge::FieldMapping& field, const Value& value, bool create) {
    return goes_out(field, create) && !(create && value.is_blank());
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

bool GroupPlan::counts_twice() const {
    const auto adds = [](merge::Policy policy) {
        return policy == merge::Policy::kSum || policy == merge::Policy::kAppend;
    };
    return adds(mapping->policy) || adds(mapping->fallback);
}

const GroupPlan* StreamPlan::group(std::int64_t group_id) const {
    const auto found = std::ranges::find(groups, group_id, &GroupPlan::id);
    return found == groups.end() ? nullptr : &*found;
}

std::map<std::string, StoredGroup> stored_groups(Sql& sql, std::int64_t stream) {
    std::map<std::string, StoredGroup> out;
    auto& rows = sql.bind(
        "SELECT id, name, shape, since FROM kontor_group WHERE stream = ? AND active", stream);
    while (Sql::step(rows))
        out[std::string(rows.text(1))] = {rows.integer(0), std::string(rows.text(2)),
                                          rows.integer(3)};
    return out;
}

std::unique_ptr<const StreamPlan> as_mapped(const StreamPlan& plan,
                                            const merge::StreamMapping& mapping,
                                            const replica::Catalogue& catalogue) {
    auto out = std::make_unique<StreamPlan>();
    out->id = plan.id;
    out->connection = plan.connection;
    out->connection_name = plan.connection_name;
    out->mapping = mapping;
    for (const auto& group : out->mapping.groups)
        out->groups.push_back({.id = 0,
                               .since = 0,
                               .mapping = &group,
                               .first_field = 0,
                               .columns = {},
                               .identity = false,
                               .row_sql = {}});
    if (!tie(*out, catalogue)) return nullptr;
    return out;
}

std::int64_t mappings_edition(Sql& sql) {
    return sql.integer("SELECT value FROM kontor_meta WHERE key = 'mappings'").value_or(0);
}

Plans::Stamp Plans::stamp(Sql& sql) {
    return {mappings_edition(sql), sql.integer("PRAGMA schema_version").value_or(0)};
}

const merge::StreamMapping& StoredMappings::parsed(std::int64_t stream, std::string_view text) {
    auto& kept = kept_[stream];
    if (kept.text != text) {
        kept.mapping = need(merge::stream_mapping_from_json(text));
        kept.text = text;
    }
    return kept.mapping;
}

Plans Plans::load(Sql& sql, PlanCaches& caches) {
    Plans out(caches);
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
    out.catalogue = need(caches_->catalogues.get(sql.db()));
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
        plan.mapping = caches_->mappings.parsed(plan.id, rows.text(6));
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
                                   .identity = false,
                                   .row_sql = {}});
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

}  // namespace kontor::engine
