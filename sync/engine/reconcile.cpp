#include "sync/engine/reconcile.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "sync/engine/absorb.hpp"
#include "sync/engine/references.hpp"
#include "sync/engine/retyped_fields.hpp"
#include "sync/engine/standalone.hpp"
#include "sync/engine/state.hpp"
#include "sync/merge/mapping_json.hpp"

namespace kontor::engine {
namespace {

/// Records whose old form is remembered in one transaction.
constexpr std::int64_t kRecordsCommit = 1'000;

/// Whether `was` and `now` are the same fields of the remote, in its own form, and the same columns
/// here: then what is known of the one holds for the other, however the values are translated. Of
/// other columns nothing is known: compared with a base they would look like edits.
bool same_fields(const merge::GroupMapping& was, const merge::GroupMapping& now) {
    return std::ranges::equal(was.fields, now.fields, [](const auto& a, const auto& b) {
        return a.remote == b.remote && a.columns == b.columns && same_form(a.type, b.type) &&
               a.references == b.references;
    });
}

/// The same fields, some of which are of another type by now.
bool retyped_fields(const merge::GroupMapping& was, const merge::GroupMapping& now) {
    return std::ranges::equal(was.fields, now.fields, [](const auto& a, const auto& b) {
        return a.remote == b.remote && a.columns == b.columns && a.lens == b.lens &&
               !merge::is_reference(a.lens);
    });
}

/// What the remote holds in its new type is not known; that somebody has typed here what it was
/// not told still is, and a deletion there meets it (clause i).
void keep_edits(Sql& sql, std::int64_t was, std::int64_t now, std::size_t fields) {
    const std::string nothing = merge::encode(merge::GroupValues(fields));
    sql.run("UPDATE kontor_shadow SET grp = ?, theirs = ? WHERE grp = ? AND NOT waits", now,
            Blob{nothing}, was);
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

constexpr std::string_view kNotSent = " (not sent)";  ///< at the end of a group's name

/// Whoever has plans loads them anew.
void mappings_changed(Sql& sql) {
    sql.run(
        "INSERT INTO kontor_meta(key, value) VALUES('mappings', 1)"
        " ON CONFLICT(key) DO UPDATE SET value = value + 1");
}

/// How sent_by() begins where new records are made at the remote, and where they are not.
constexpr std::string_view kMakes = "deletions", kMakesNone = "no new ones";

/// What of a stream's records is sent, in a text that is another whenever that is.
std::string sent_by(const merge::StreamMapping& mapping, const replica::Entity& entity) {
    if (!mapping.push) return "";
    std::string out(mapping.create ? kMakes : kMakesNone);
    for (const auto& group : mapping.groups)
        for (auto field : group.fields) {
            field.stays_here = stays_here(field, entity);
            if (goes_out(field, false)) out += '\n' + group.name + '\t' + field.remote;
        }
    return out;
}

/// A push that meets an edit or a deletion which is not to be sent lets go of it, or each push
/// would look at it again. Once something else is sent than was, what has not been told is looked
/// at again.
void look_again_if_more_is_sent(Sql& sql, std::int64_t stream, const merge::StreamMapping& mapping,
                                const replica::Entity& entity) {
    const std::string key = "sent:" + std::to_string(stream);
    const std::string now = sent_by(mapping, entity);
    const auto was = sql.text("SELECT value FROM kontor_meta WHERE key = ?", key);
    if (was == now) return;
    sql.run("INSERT OR REPLACE INTO kontor_meta(key, value) VALUES(?, ?)", key, now);
    sql.run(
        "UPDATE kontor_link SET dirty = 1 WHERE stream = ?1 AND NOT dirty AND ((state = ?2"
        " AND EXISTS (SELECT 1 FROM kontor_shadow s WHERE s.link = kontor_link.id))"
        // One that is asked about is not sent before it is decided.
        " OR (state = ?3 AND NOT EXISTS (SELECT 1 FROM kontor_conflict c"
        " WHERE c.link = kontor_link.id AND c.state = 'open')))",
        stream, static_cast<int>(replica::LinkState::kLive),
        static_cast<int>(replica::LinkState::kDeleteHere));
    // What was born meanwhile has no link: it is introduced, as what was here before the remote.
    if (was && !was->starts_with(kMakes) && now.starts_with(kMakes))
        sql.run("UPDATE kontor_stream SET loaded = 1 WHERE id = ? AND loaded = 2", stream);
}

void reconcile_stream(Sql& sql, std::int64_t connection, const replica::Entity& entity,
                      const merge::StreamMapping& mapping, const Clock& clock) {
    sql.run(
        "INSERT INTO kontor_stream(connection, name, entity) VALUES(?, ?, ?)"
        " ON CONFLICT(connection, name) DO NOTHING",
        connection, mapping.stream, entity.id);
    const bool fresh = sql.changes() > 0;
    const std::int64_t stream =
        *sql.integer("SELECT id FROM kontor_stream WHERE connection = ? AND name = ?", connection,
                     mapping.stream);
    check_entity(sql, stream, entity.id, mapping);
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
        if (found == before.end() || was == old_mapping.groups.end()) continue;
        if (same_fields(*was, group))
            keep_bases(sql, found->second.id, sql.last_insert_id());
        else if (retyped_fields(*was, group))
            keep_edits(sql, found->second.id, sql.last_insert_id(), group.fields.size());
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
        merge::to_json(mapping), entity.id, stream);
    if (sql.changes() > 0) mappings_changed(sql);
    look_again_if_more_is_sent(sql, stream, mapping, entity);
}

/// A group as it was and as it is going to be.
using Change = std::pair<const GroupPlan*, const GroupPlan*>;

std::vector<Change> changes_of(const StreamPlan& was, const StreamPlan& now) {
    std::vector<Change> out;
    for (const GroupPlan& group : now.groups) {
        const auto before = std::ranges::find_if(was.groups, [&](const GroupPlan& old) {
            return old.mapping->name == group.mapping->name;
        });
        if (before != was.groups.end() && same_fields(*before->mapping, *group.mapping) &&
            merge::shape(*before->mapping) != merge::shape(*group.mapping))
            out.emplace_back(&*before, &group);
    }
    return out;
}

/// True if something was remembered.
bool remember_record(Context& context, const StreamPlan& was, const StreamPlan& now,
                     const std::vector<Change>& changes, const Link& link) {
    const auto row_was = read_row(context.sql, was, link.record);
    const auto row_now = read_row(context.sql, now, link.record);
    if (!row_was || !row_now) return false;
    const LinkReferences references(context.sql, context.plans, was.connection);
    const Shadows shadows = shadows_of(context.sql, link.id);
    bool any = false;
    for (const auto& [old_group, new_group] : changes) {
        if (link.covers < old_group->since || shadows.contains(old_group->id)) continue;
        auto held = put_group(*old_group, *row_was, references);
        if (held == put_group(*new_group, *row_now, references)) continue;
        save_shadow(context.sql, link.id, old_group->id, {held, held, false});
        any = true;
    }
    // An image that leaves the group out (a list has cut it) would not bring it to the push.
    if (any) mark_dirty(context.sql, link.id);
    return any;
}

std::int64_t remember_stream(Context& context, const StreamPlan& was, const StreamPlan& now,
                             const std::vector<Change>& changes) {
    std::int64_t remembered = 0;
    std::int64_t after = 0;
    while (true) {
        EngineTransaction transaction(context);
        std::vector<std::int64_t> links;
        auto& rows = context.sql.bind(
            "SELECT id FROM kontor_link WHERE stream = ? AND id > ? AND ext_id IS NOT NULL"
            " ORDER BY id LIMIT ?",
            was.id, after, kRecordsCommit);
        while (Sql::step(rows)) links.push_back(rows.integer(0));
        for (const std::int64_t id : links)
            if (const auto link = link_by_id(context.sql, id);
                link->state == replica::LinkState::kLive)
                remembered += remember_record(context, was, now, changes, *link) ? 1 : 0;
        transaction.commit();
        if (links.empty()) return remembered;
        after = links.back();
    }
}

/// `stored` with all of `wanted` that decides, and nothing of what is compared.
merge::StreamMapping with_policies(const merge::StreamMapping& stored,
                                   const merge::StreamMapping& wanted) {
    auto out = wanted;
    out.entity = stored.entity;
    out.key_field = stored.key_field;
    out.groups = stored.groups;
    for (auto& group : out.groups) {
        const auto now = std::ranges::find(wanted.groups, group.name, &merge::GroupMapping::name);
        if (now == wanted.groups.end()) continue;
        group.policy = now->policy;
        group.fallback = now->fallback;
        group.owner = now->owner;
        group.standing = now->standing;
    }
    return out;
}

/// Streams of which something is decided otherwise than it was, as they are to be stored.
std::vector<std::pair<std::int64_t, std::string>> changed_policies(Sql& sql,
                                                                   const std::string& connection,
                                                                   const merge::Mapping& mapping) {
    std::vector<std::pair<std::int64_t, std::string>> out;
    auto& rows = sql.bind(
        "SELECT s.id, s.name, s.mapping FROM kontor_stream s JOIN kontor_connection c"
        " ON c.id = s.connection WHERE c.name = ? AND s.mapping <> ''",
        connection);
    while (Sql::step(rows)) {
        const auto* wanted = mapping.stream(rows.text(1));
        if (wanted == nullptr) continue;
        const auto stored = need(merge::stream_mapping_from_json(rows.text(2)));
        const auto now = with_policies(stored, *wanted);
        if (!(now == stored)) out.emplace_back(rows.integer(0), merge::to_json(now));
    }
    return out;
}

}  // namespace

ConnectionSettings sent_apart(ConnectionSettings settings, const replica::Catalogue& catalogue) {
    for (merge::StreamMapping& stream : settings.mapping.streams) {
        const replica::Entity* entity = catalogue.entity(stream.entity);
        if (entity == nullptr) continue;
        std::vector<merge::GroupMapping> groups;
        for (merge::GroupMapping& group : stream.groups) {
            merge::GroupMapping kept = group;
            std::erase_if(kept.fields, [&](const auto& field) { return may_go(field, *entity); });
            std::erase_if(group.fields, [&](const auto& field) { return !may_go(field, *entity); });
            kept.name += kNotSent;
            if (group.fields.empty()) kept.name = group.name;
            if (!group.fields.empty()) groups.push_back(std::move(group));
            if (!kept.fields.empty()) groups.push_back(std::move(kept));
        }
        stream.groups = std::move(groups);
    }
    return settings;
}

Result<merge::Mapping> mapping_taken_last(const replica::Database& db,
                                          const std::string& connection) {
    return guarded([&] {
        Sql sql(db);
        auto& rows = sql.bind(
            "SELECT s.mapping FROM kontor_stream s JOIN kontor_connection c ON c.id = s.connection"
            " WHERE c.name = ? AND s.mapping <> ''",
            connection);
        merge::Mapping out;
        while (Sql::step(rows))
            out.streams.push_back(need(merge::stream_mapping_from_json(rows.text(0))));
        return out;
    });
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

std::int64_t remember_old_forms(Context& context, const ConnectionSettings& settings) {
    const auto connection =
        context.sql.integer("SELECT id FROM kontor_connection WHERE name = ?", settings.name);
    if (!connection) return 0;
    std::int64_t out = 0;
    for (const auto& mapping : settings.mapping.streams) {
        const StreamPlan* was = context.plans.stream(*connection, mapping.stream);
        if (was == nullptr) continue;
        const auto now = as_mapped(*was, mapping, context.plans.catalogue());
        if (!now) continue;  // reconcile() says why
        const auto changes = changes_of(*was, *now);
        if (changes.empty()) continue;
        const auto records = remember_stream(context, *was, *now, changes);
        context.log.info("mapping.changed", {{"connection", settings.name},
                                             {"stream", mapping.stream},
                                             {"groups", static_cast<std::int64_t>(changes.size())},
                                             {"records_with_another_value", records}});
        out += records;
    }
    return out;
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
    for (const auto& mapping : settings.mapping.streams)
        reconcile_stream(sql, connection, *catalogue.entity(mapping.entity), mapping, clock);
}

Result<bool> policies_change(const replica::Database& db, const std::string& connection,
                             const merge::Mapping& mapping) {
    return guarded([&] {
        Sql sql(db);
        return !changed_policies(sql, connection, mapping).empty();
    });
}

Result<> take_policies(const replica::Database& db, const Clock& clock, Random& random,
                       const std::string& connection, const merge::Mapping& mapping) {
    return guarded([&] {
        Standalone own(db, clock, random);
        Sql& sql = own.context.sql;
        EngineTransaction transaction(own.context);
        for (const auto& [stream, text] : changed_policies(sql, connection, mapping)) {
            sql.run("UPDATE kontor_stream SET mapping = ? WHERE id = ?", text, stream);
            mappings_changed(sql);
        }
        transaction.commit();
    });
}

}  // namespace kontor::engine
