#include <algorithm>

#include "sync/engine/hidden_fields.hpp"
#include "sync/engine/let_go.hpp"
#include "sync/engine/matcher.hpp"
#include "sync/engine/pusher.hpp"
#include "sync/engine/references.hpp"
#include "sync/merge/lens.hpp"
#include "sync/merge/validate.hpp"

namespace kontor::engine {
namespace {

using replica::LinkState;

/// Links that are held at a time.
constexpr std::int64_t kLinksBatch = 1'000;

const remote::FieldSpec* described(const Context& context, const StreamPlan& plan,
                                   const std::string& remote_field) {
    const auto stream =
        std::ranges::find(context.described, plan.mapping.stream, &remote::StreamSpec::name);
    return stream == context.described.end() ? nullptr : stream->field(remote_field);
}

/// C6. Refuses what the remote would refuse; `held` is what it is known to hold now (null: nothing)
/// and may stay. False if a value is refused.
bool accepts(const Context& context, const StreamPlan& plan, PlannedPush& push,
             const GroupPlan& group, const merge::GroupValues& values,
             const merge::GroupValues* held) {
    const bool create = push.op == remote::ChangeOp::kCreate;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto& field = group.mapping->fields[i];
        if (!goes_out(field, create) || merge::is_symbolic(values[i])) continue;
        if (held != nullptr && i < held->size() && (*held)[i] == values[i]) continue;
        auto flaw = merge::flaw_of(field, described(context, plan, field.remote), values[i]);
        if (!flaw) continue;
        push.refused = {.column = field.columns.front(),
                        .code = std::move(flaw->code),
                        .message = std::move(flaw->message)};
        return false;
    }
    return true;
}

/// A7. The field of a group that the remote does not describe to us now, if there is one: what
/// colleagues have typed there since is in no image, nor does a version tell of it. (Unless nobody
/// reads it.)
const merge::FieldMapping* hidden_field(const Context& context, const StreamPlan& plan,
                                        const GroupPlan& group) {
    const auto stream =
        std::ranges::find(context.described, plan.mapping.stream, &remote::StreamSpec::name);
    if (stream == context.described.end() || stream->fields.empty()) return nullptr;
    const auto hidden = std::ranges::find_if(group.mapping->fields, [&](const auto& field) {
        return field.direction != merge::Direction::kOut && goes_out(field, false) &&
               stream->field(field.remote) == nullptr;
    });
    return hidden == group.mapping->fields.end() ? nullptr : &*hidden;
}

/// Adds a group's values, unless a reference in it waits for its target.
void add_group(PlannedPush& push, const GroupPlan& group, merge::GroupValues values) {
    const bool create = push.op == remote::ChangeOp::kCreate;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (goes_out(group.mapping->fields[i], create) && merge::is_symbolic(values[i])) {
            push.waits = true;
            return;
        }
    push.groups.push_back({group.id, std::move(values)});
}

// D6. A record whose parent cannot be created, because the remote refused it or nobody knows its
// fate, waits with it and says so; a circle of new records does not.
bool parent_is_stuck(Context& context, const StreamPlan& plan, const Value& value) {
    const auto target = named_by(context.plans, plan.connection, value);
    const auto link =
        target ? link_by_record(context.sql, target->plan->id, target->record) : std::nullopt;
    return link &&
           (context.sql.integer("SELECT 1 FROM kontor_blocked WHERE link = ?", link->id) ||
            unsettled(context.sql, link->id) || open_conflict(context.sql, link->id, std::nullopt));
}

// Nor does one that the remote shows to refer to another record, while ours refers to one that is
// kept here alone: nobody is going to make it there.
bool is_kept_here(Context& context, const StreamPlan& plan, const Value& value,
                  const merge::FieldMapping& field, const Value& theirs) {
    if (theirs.kind() != Kind::kText) return false;
    const LinkReferences references(context.sql, context.plans, plan.connection);
    const bool stands = field.lens == merge::LensKind::kAnyReference
                            ? references.local_any(theirs.text()).has_value()
                            : references.local_id(theirs.text(), field.references).has_value();
    if (!stands) return false;
    const auto target = named_by(context.plans, plan.connection, value);
    const auto link =
        target ? link_by_record(context.sql, target->plan->id, target->record) : std::nullopt;
    return link && link->state != LinkState::kLive;
}

bool refers_to_held_back(Context& context, const StreamPlan& plan, const GroupPlan& group,
                         const merge::GroupValues& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (!merge::is_symbolic(values[i]) || !goes_out(group.mapping->fields[i], true)) continue;
        const auto target = named_by(context.plans, plan.connection, values[i]);
        if (target && is_held_back(context, target->plan->id, target->record)) return true;
    }
    return false;
}

/// `theirs`: what the remote holds now, nullptr if nothing.
void wait_with_parent(Context& context, const StreamPlan& plan, PlannedPush& push,
                      const GroupPlan& group, const merge::GroupValues& values,
                      const merge::GroupValues* theirs) {
    const bool create = push.op == remote::ChangeOp::kCreate;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto& field = group.mapping->fields[i];
        if (!merge::is_symbolic(values[i]) || !goes_out(field, create)) continue;
        const auto* spec = described(context, plan, field.remote);
        const bool required = create && (field.required || (spec != nullptr && spec->required));
        const bool kept_here =
            theirs != nullptr && is_kept_here(context, plan, values[i], field, (*theirs)[i]);
        if (!required && !kept_here && !parent_is_stuck(context, plan, values[i])) continue;
        push.refused = {.column = field.columns.front(),
                        .code = std::string(kParentCode),
                        .message = "refers to " + std::string(merge::named_by_symbol(values[i])) +
                                   ", which does not exist at the remote"};
    }
}

std::optional<PlannedPush> plan_create(Context& context, const StreamPlan& plan, const Link& link,
                                       bool force) {
    if (!plan.mapping.create || is_held_back(context, plan.id, link.record)) return std::nullopt;
    const auto row = read_row(context.sql, plan, link.record);
    if (!row) return std::nullopt;
    PlannedPush push{.link = link, .op = remote::ChangeOp::kCreate, .groups = {}, .refused = {}};
    const LinkReferences references(context.sql, context.plans, plan.connection);
    for (const GroupPlan& group : plan.groups) {
        if (!group.writable(true)) continue;
        auto values = put_group(group, *row, references);
        if (!accepts(context, plan, push, group, values, nullptr)) return push;
        if (force && refers_to_held_back(context, plan, group, values)) return std::nullopt;
        if (force) wait_with_parent(context, plan, push, group, values, nullptr);
        if (!merge::is_blank(values)) add_group(push, group, std::move(values));
    }
    if (push.waits && !force) return std::nullopt;
    return push;
}

std::optional<PlannedPush> plan_update(Context& context, const StreamPlan& plan, const Link& link) {
    const auto shadows = shadows_of(context.sql, link.id);
    if (shadows.empty()) return std::nullopt;
    std::vector<const GroupPlan*> groups;
    for (const auto& [group_id, shadow] : shadows) {
        const GroupPlan* group = plan.group(group_id);
        if (group == nullptr || shadow.waits || !group->writable()) continue;
        // A base from before the mapping changed: not sent until an image was compared. (0: it was
        // created from here, and what was sent is known.)
        if (link.covers != 0 && link.covers < group->since) continue;
        groups.push_back(group);
    }
    if (groups.empty()) return std::nullopt;
    const auto row = read_groups(context.sql, plan, link.record, groups);
    if (!row) return std::nullopt;
    PlannedPush push{.link = link, .op = remote::ChangeOp::kUpdate, .groups = {}, .refused = {}};
    const LinkReferences references(context.sql, context.plans, plan.connection);
    for (const GroupPlan* group : groups) {
        const Shadow& shadow = shadows.at(group->id);
        auto values = put_group(*group, *row, references);
        if (values == shadow.ours) continue;
        if (shadow.unknown()) {  // nothing goes over what was never shown
            push.waits = push.waits || shadow.edited(values);
            continue;
        }
        if (open_conflict(context.sql, link.id, group->id)) continue;
        if (const auto* hidden = hidden_field(context, plan, *group)) {
            push.refused = {.column = hidden->columns.front(),
                            .code = std::string(kHiddenCode),
                            .message = "is not shown to us by the remote"};
            push.waits = true;
            continue;
        }
        if (!accepts(context, plan, push, *group, values, &shadow.theirs)) return push;
        wait_with_parent(context, plan, push, *group, values, &shadow.theirs);
        add_group(push, *group, std::move(values));
    }
    // What else there is to tell goes first.
    if (!push.groups.empty()) push.refused = {};
    if (push.empty() && !push.waits) return std::nullopt;
    return push;
}

}  // namespace

std::optional<PlannedPush> plan_push(Context& context, const StreamPlan& plan, const Link& link,
                                     bool force) {
    if (!plan.mapping.push || unsettled(context.sql, link.id)) return std::nullopt;
    if (open_conflict(context.sql, link.id, std::nullopt)) return std::nullopt;
    if (link.ext_id.empty() && may_be_there(context.sql, plan.id, link.record)) return std::nullopt;
    if (link.state == LinkState::kDeleteHere) {
        if (link.ext_id.empty()) return std::nullopt;
        return PlannedPush{
            .link = link, .op = remote::ChangeOp::kDelete, .groups = {}, .refused = {}};
    }
    if (link.state != LinkState::kLive) return std::nullopt;
    return link.ext_id.empty() ? plan_create(context, plan, link, force)
                               : plan_update(context, plan, link);
}

void for_each_push(Context& context, const StreamPlan& plan,
                   const std::function<void(const PlannedPush&)>& each) {
    std::vector<std::int64_t> ids;
    std::int64_t after = 0;
    do {
        ids.clear();
        auto& rows = context.sql.bind(
            "SELECT l.id FROM kontor_link l LEFT JOIN kontor_blocked b ON b.link = l.id"
            " WHERE l.stream = ? AND l.dirty AND l.id > ? AND (b.link IS NULL OR b.retry_at <= ?)"
            " ORDER BY l.id LIMIT ?",
            plan.id, after, context.now(), kLinksBatch);
        while (Sql::step(rows)) ids.push_back(after = rows.integer(0));
        for (const std::int64_t id : ids) {
            const auto link = link_by_id(context.sql, id);
            // Forced: a record that waits for another new one counts too.
            const auto push = link ? plan_push(context, plan, *link, true) : std::nullopt;
            if (push && !push->empty()) each(*push);
        }
    } while (!ids.empty());
}

PushForecast forecast_push(Context& context, const StreamPlan& plan) {
    PushForecast out;
    for_each_push(context, plan, [&](const PlannedPush& push) {
        if (push.refused) return;
        switch (push.op) {
            case remote::ChangeOp::kCreate:
                ++out.creates;
                break;
            case remote::ChangeOp::kUpdate:
                ++out.updates;
                break;
            case remote::ChangeOp::kDelete:
                ++out.deletes;
                break;
        }
    });
    return out;
}

}  // namespace kontor::engine
