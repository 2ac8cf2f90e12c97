#include "sync/engine/references.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "sync/engine/absorb.hpp"
#include "sync/engine/hidden_fields.hpp"
#include "sync/engine/let_go.hpp"
#include "sync/engine/state.hpp"
#include "sync/merge/validate.hpp"

namespace kontor::engine {
namespace {

using replica::LinkState;

/// Referrers that are held, and pinned in one transaction.
constexpr std::int64_t kReferrersAtOnce = 1'000;

// A remote id is worth something while the remote may still have the record.
bool usable(const Link& link) {
    return !link.ext_id.empty() && link.state != LinkState::kDeletedThere &&
           link.state != LinkState::kDone;
}

/// A reference as its column holds it.
Value in_column(const merge::FieldMapping& field, const replica::Entity& entity,
                std::int64_t record) {
    return merge::names_entity(field.lens) ? Value(entity.name + ":" + std::to_string(record))
                                           : Value(record);
}

bool exists(Sql& sql, const std::string& entity, std::int64_t record) {
    return sql.integer("SELECT 1 FROM \"" + entity + "\" WHERE id = ?", record).has_value();
}

/// What `column` is sent as that leads to `record`, which the remote has not. One that has been
/// deleted is nobody; one that never was here has been mistyped by plain SQL, and null would pass
/// for an answer.
Value without_link(Sql& sql, const replica::Entity& entity, std::int64_t record,
                   std::string_view column) {
    if (exists(sql, entity.name, record)) return merge::symbolic_reference(entity.name, record);
    const bool was_here =
        sql.integer("SELECT 1 FROM kontor_history WHERE entity = ? AND record = ? LIMIT 1",
                    entity.id, record)
            .has_value();
    return was_here ? Value::null() : merge::broken_reference(column);
}

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return out;
}

/// A column that may refer to records of a stream.
struct ReferringColumn {
    const StreamPlan* plan;
    const GroupPlan* group;
    std::string name;
    bool any;  ///< holds ENTITY:ID, not an id
};

bool may_refer_to(const merge::FieldMapping& field, const StreamPlan& target) {
    return field.lens == merge::LensKind::kAnyReference ||
           (merge::shows_id(field.lens) &&
            std::ranges::find(field.references, target.mapping.stream) != field.references.end());
}

std::vector<ReferringColumn> columns_referring_to(const Plans& plans, const StreamPlan& target) {
    std::vector<ReferringColumn> out;
    for (const StreamPlan& plan : plans.all()) {
        if (plan.connection != target.connection) continue;
        for (const GroupPlan& group : plan.groups)
            for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
                const auto& field = group.mapping->fields[i];
                if (may_refer_to(field, target))
                    out.push_back({&plan, &group, plan.columns[group.columns[i].front()],
                                   merge::names_entity(field.lens)});
            }
    }
    return out;
}

/// Calls `visit(plan, group, record)` for every record that refers to `record` of `target`.
template <class Visit>
void for_each_referrer(Sql& sql, const Plans& plans, const StreamPlan& target, std::int64_t record,
                       Visit visit) {
    for (const auto& column : columns_referring_to(plans, target)) {
        const std::string query =
            "SELECT id FROM \"" + column.plan->entity.name + "\" WHERE \"" + column.name + "\" = ?";
        const Value wanted =
            column.any ? Value(target.entity.name + ":" + std::to_string(record)) : Value(record);
        std::vector<std::int64_t> found;
        auto& rows = sql.bind(query, wanted);
        while (Sql::step(rows)) found.push_back(rows.integer(0));
        for (const std::int64_t id : found) visit(*column.plan, *column.group, id);
    }
}

void unblock_for(Sql& sql, std::int64_t link, std::string_view code) {
    sql.run("DELETE FROM kontor_blocked WHERE link = ? AND code = ?", link, code);
}

/// A group of a record that is covered by what the remote was known to hold, without a shadow row.
struct Unpinned {
    Link link;
    Row row;
    merge::GroupValues values;  ///< what the remote holds
};

std::optional<Unpinned> unpinned(Sql& sql, const Plans& plans, const StreamPlan& plan,
                                 const GroupPlan& group, std::int64_t referrer) {
    const auto link = link_by_record(sql, plan.id, referrer);
    if (!link || link->ext_id.empty() || link->covers < group.since) return std::nullopt;
    if (shadows_of(sql, link->id).contains(group.id)) return std::nullopt;
    const auto row = read_row(sql, plan, referrer);
    if (!row) return std::nullopt;
    const LinkReferences references(sql, plans, plan.connection);
    auto values = put_group(group, *row, references);
    // No remote holds a symbol: the record was gone there and is back here. Nor what was mistyped.
    for (Value& value : values)
        if (merge::is_symbolic(value) || merge::is_broken(value)) value = Value::null();
    return Unpinned{*link, *row, std::move(values)};
}

void pin(Sql& sql, const Plans& plans, const StreamPlan& plan, const GroupPlan& group,
         std::int64_t referrer) {
    const auto found = unpinned(sql, plans, plan, group, referrer);
    if (!found) return;
    save_shadow(sql, found->link.id, group.id, {found->values, found->values, false});
    mark_dirty(sql, found->link.id);
}

}  // namespace

Value LinkReferences::remote_id(std::int64_t local_id, std::span<const std::string> streams,
                                std::string* stream_out) const {
    const StreamPlan* last = nullptr;
    for (const auto& name : streams) {
        const StreamPlan* plan = plans_.stream(connection_, name);
        if (plan == nullptr) continue;
        last = plan;
        const auto link = link_by_record(sql_, plan->id, local_id);
        if (link && usable(*link)) {
            if (stream_out != nullptr) *stream_out = name;
            return Value(link->ext_id);
        }
    }
    if (last == nullptr) return Value::null();
    return without_link(sql_, last->entity, local_id, std::to_string(local_id));
}

Value LinkReferences::remote_any(std::string_view entity_and_id) const {
    const auto colon = entity_and_id.find(':');
    const auto id =
        colon == std::string_view::npos ? std::nullopt : number(entity_and_id.substr(colon + 1));
    if (!id) return merge::broken_reference(entity_and_id);
    const auto entity = entity_and_id.substr(0, colon);
    const StreamPlan* last = nullptr;
    for (const StreamPlan& plan : plans_.all()) {
        if (plan.connection != connection_ || plan.entity.name != entity) continue;
        last = &plan;
        const auto link = link_by_record(sql_, plan.id, *id);
        if (link && usable(*link)) return Value(plan.mapping.stream + ":" + link->ext_id);
    }
    if (last != nullptr) return without_link(sql_, last->entity, *id, entity_and_id);
    return plans_.catalogue().entity(entity) != nullptr ? Value::null()
                                                        : merge::broken_reference(entity_and_id);
}

std::optional<std::int64_t> LinkReferences::local_id(std::string_view remote_id,
                                                     std::span<const std::string> streams) const {
    for (const auto& name : streams) {
        const StreamPlan* plan = plans_.stream(connection_, name);
        if (plan == nullptr) continue;
        const auto link = link_by_ext(sql_, plan->id, remote_id);
        if (link && usable(*link)) return link->record;
    }
    return std::nullopt;
}

std::optional<std::string> LinkReferences::local_any(std::string_view stream_and_id) const {
    const auto colon = stream_and_id.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const StreamPlan* plan = plans_.stream(connection_, stream_and_id.substr(0, colon));
    if (plan == nullptr) return std::nullopt;
    const auto link = link_by_ext(sql_, plan->id, stream_and_id.substr(colon + 1));
    if (!link || !usable(*link)) return std::nullopt;
    return plan->entity.name + ":" + std::to_string(link->record);
}

std::optional<std::int64_t> LinkReferences::record_once(std::string_view stream,
                                                        std::string_view ext_id) const {
    const StreamPlan* plan = plans_.stream(connection_, stream);
    if (plan == nullptr) return std::nullopt;
    if (const auto link = link_by_ext(sql_, plan->id, ext_id)) return link->record;
    return record_let_go(sql_, plan->id, ext_id);
}

std::optional<Value> LinkReferences::led_to(const merge::FieldMapping& field,
                                            const Value& remote) const {
    if (remote.kind() != Kind::kText) return std::nullopt;
    const std::string_view text = remote.text();
    if (merge::shows_id(field.lens))
        for (const auto& stream : field.references)
            if (const auto record = record_once(stream, text))
                return in_column(field, plans_.stream(connection_, stream)->entity, *record);
    const auto colon = text.find(':');
    if (field.lens != merge::LensKind::kAnyReference || colon == std::string_view::npos)
        return std::nullopt;
    const auto stream = text.substr(0, colon);
    const auto record = record_once(stream, text.substr(colon + 1));
    if (!record) return std::nullopt;
    return in_column(field, plans_.stream(connection_, stream)->entity, *record);
}

std::optional<NamedRecord> named_by(const Plans& plans, std::int64_t connection,
                                    const Value& symbol) {
    const std::string_view text = merge::named_by_symbol(symbol);
    const auto colon = text.find(':');
    const auto record =
        colon == std::string_view::npos ? std::nullopt : number(text.substr(colon + 1));
    if (!record) return std::nullopt;
    for (const StreamPlan& plan : plans.all())
        if (plan.connection == connection && plan.entity.name == text.substr(0, colon))
            return NamedRecord{&plan, *record};
    return std::nullopt;
}

std::optional<Value> LinkReferences::leads_to(const merge::FieldMapping& field,
                                              const Value& remote) const {
    if (!merge::is_symbolic(remote)) return led_to(field, remote);
    const auto named = named_by(plans_, connection_, remote);
    if (!named) return std::nullopt;
    return in_column(field, named->plan->entity, named->record);
}

bool waits_for_target(const merge::FieldMapping& field, const Value& theirs,
                      const merge::References& references) {
    if (theirs.kind() != Kind::kText || theirs.text().empty()) return false;
    if (merge::shows_id(field.lens)) return !references.local_id(theirs.text(), field.references);
    return field.lens == merge::LensKind::kAnyReference && !references.local_any(theirs.text());
}

merge::GroupValues answer(const GroupPlan& group, const merge::GroupValues& theirs,
                          merge::GroupValues local, const merge::References& references) {
    for (std::size_t i = 0; i < theirs.size(); ++i)
        if (waits_for_target(group.mapping->fields[i], theirs[i], references)) local[i] = theirs[i];
    return local;
}

void wait_for(Sql& sql, const Plans& plans, std::int64_t connection, std::int64_t link,
              std::int64_t group, const merge::FieldMapping& field, const Value& theirs) {
    const auto add = [&](std::string_view stream, std::string_view ext_id) {
        const StreamPlan* plan = plans.stream(connection, stream);
        if (plan == nullptr) return;
        sql.run(
            "INSERT INTO kontor_waiting(stream, ext_id, link, grp) VALUES(?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            plan->id, ext_id, link, group);
    };
    if (field.lens == merge::LensKind::kAnyReference) {
        const auto colon = theirs.text().find(':');
        if (colon != std::string::npos)
            add(std::string_view(theirs.text()).substr(0, colon),
                std::string_view(theirs.text()).substr(colon + 1));
        return;
    }
    for (const auto& stream : field.references) add(stream, theirs.text());
}

void wait_no_longer(Sql& sql, std::int64_t link, std::int64_t group) {
    sql.run("DELETE FROM kontor_waiting WHERE link = ? AND grp = ?", link, group);
}

void pin_referrers(Sql& sql, const Plans& plans, const StreamPlan& target, std::int64_t record) {
    for_each_referrer(sql, plans, target, record,
                      [&](const StreamPlan& plan, const GroupPlan& group, std::int64_t referrer) {
                          pin(sql, plans, plan, group, referrer);
                      });
}

void await_again(Sql& sql, const Plans& plans, const StreamPlan& target, std::int64_t record) {
    for_each_referrer(
        sql, plans, target, record,
        [&](const StreamPlan& plan, const GroupPlan& group, std::int64_t referrer) {
            const auto found = unpinned(sql, plans, plan, group, referrer);
            if (!found) return;
            save_shadow(sql, found->link.id, group.id, {found->values, found->values, true});
            for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
                const auto& field = group.mapping->fields[i];
                if (may_refer_to(field, target) &&
                    found->row[group.columns[i].front()] == in_column(field, target.entity, record))
                    wait_for(sql, plans, plan.connection, found->link.id, group.id, field,
                             found->values[i]);
            }
        });
}

void pin_referrers_of_missing(Context& context, const StreamPlan& target) {
    // Through the records: no index leads from one to those that refer to it.
    for (const auto& column : columns_referring_to(context.plans, target)) {
        const std::string prefix = column.any ? target.entity.name + ":" : "";
        const std::string value = "r.\"" + column.name + "\"";
        const std::string query = "SELECT r.id FROM \"" + column.plan->entity.name +
                                  "\" r CROSS JOIN kontor_link t ON t.stream = ?1 AND"
                                  " t.record = CAST(substr(" +
                                  value + ", length(?2) + 1) AS INTEGER) AND substr(" + value +
                                  ", 1, length(?2)) = ?2 WHERE t.state = ?3 AND t.covers = 0"
                                  " AND r.id > ?4 ORDER BY r.id LIMIT ?5";
        std::int64_t after = 0;
        for (std::vector<std::int64_t> found;; found.clear()) {
            auto& rows =
                context.sql.bind(query, target.id, prefix, static_cast<int>(LinkState::kMissing),
                                 after, kReferrersAtOnce);
            while (Sql::step(rows)) found.push_back(after = rows.integer(0));
            if (found.empty()) break;
            EngineTransaction transaction(context);
            for (const std::int64_t referrer : found)
                pin(context.sql, context.plans, *column.plan, *column.group, referrer);
            transaction.commit();
        }
    }
}

bool refers_to(const StreamPlan& plan, const StreamPlan& target) {
    return std::ranges::any_of(plan.groups, [&](const GroupPlan& group) {
        return std::ranges::any_of(group.mapping->fields, [&](const merge::FieldMapping& field) {
            return may_refer_to(field, target);
        });
    });
}

void wait_no_longer(Sql& sql, std::int64_t link) {
    unblock_for(sql, link, kParentCode);
}

void wake_referrers(Sql& sql, const Plans& plans, const StreamPlan& target, std::int64_t record) {
    for_each_referrer(sql, plans, target, record,
                      [&](const StreamPlan& plan, const GroupPlan& group, std::int64_t referrer) {
                          const auto link = link_by_record(sql, plan.id, referrer);
                          if (!link) return;
                          mark_dirty(sql, link->id);
                          // Both sides had kept their own for want of a word for ours: the two can
                          // be compared now, and are before anything is sent.
                          const auto shadows = shadows_of(sql, link->id);
                          if (const auto known = shadows.find(group.id);
                              known != shadows.end() && !merge::is_blank(known->second.theirs) &&
                              std::ranges::any_of(known->second.ours, merge::is_symbolic))
                              save_shadow(sql, link->id, group.id, Shadow::nothing_known(group));
                          wait_no_longer(sql, link->id);
                          // The reference may go now, whatever else of it may not.
                          unblock_for(sql, link->id, kHiddenCode);
                      });
}

namespace {

/// Who refers to `record` is no longer blocked for `code`: the next push says so again if it is.
void unblock_referrers(Sql& sql, const Plans& plans, const StreamPlan& target, std::int64_t record,
                       std::string_view code) {
    if (!sql.integer("SELECT 1 FROM kontor_blocked WHERE code = ? LIMIT 1", code)) return;
    for_each_referrer(sql, plans, target, record,
                      [&](const StreamPlan& plan, const GroupPlan&, std::int64_t referrer) {
                          if (const auto link = link_by_record(sql, plan.id, referrer))
                              unblock_for(sql, link->id, code);
                      });
}

}  // namespace

void refer_to_somebody(Sql& sql, const Plans& plans, const StreamPlan& target,
                       std::int64_t record) {
    unblock_referrers(sql, plans, target, record, merge::kReferenceCode);
}

void wait_for_parent_no_longer(Sql& sql, const Plans& plans, const StreamPlan& target,
                               std::int64_t record) {
    unblock_referrers(sql, plans, target, record, kParentCode);
}

}  // namespace kontor::engine
