#include <algorithm>

#include "sync/engine/pusher.hpp"
#include "sync/engine/references.hpp"
#include "sync/merge/lens.hpp"

namespace kontor::engine {
namespace {

using replica::LinkState;

/// Adds a group's values, or says why not.
void add_group(PlannedPush& push, const GroupPlan& group, merge::GroupValues values, bool create) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto& field = group.mapping->fields[i];
        if (!goes_out(field, create)) continue;
        if (merge::is_symbolic(values[i])) {
            push.waits = true;
            return;
        }
        if (const auto why = merge::sendable(field, values[i]); !why.empty()) {
            push.unsendable_field = field.columns.front();
            push.unsendable_why = why;
            return;
        }
    }
    push.groups.push_back({group.id, std::move(values)});
}

// True if the record's uid belongs into the key field of what is created there.
std::optional<PlannedPush> plan_create(Context& context, const StreamPlan& plan, const Link& link,
                                       bool force) {
    if (!plan.mapping.create) return std::nullopt;
    const auto row = read_row(context.sql, plan, link.record);
    if (!row) return std::nullopt;
    PlannedPush push{.link = link,
                     .op = remote::ChangeOp::kCreate,
                     .groups = {},
                     .unsendable_field = {},
                     .unsendable_why = {}};
    const LinkReferences references(context.sql, context.plans, plan.connection);
    for (const GroupPlan& group : plan.groups) {
        auto values = put_group(group, *row, references);
        if (merge::is_blank(values) || !group.writable(true)) continue;
        add_group(push, group, std::move(values), true);
    }
    if (push.waits && !force) return std::nullopt;
    return push;
}

std::optional<PlannedPush> plan_update(Context& context, const StreamPlan& plan, const Link& link) {
    const auto shadows = shadows_of(context.sql, link.id);
    if (shadows.empty()) return std::nullopt;
    const auto row = read_row(context.sql, plan, link.record);
    if (!row) return std::nullopt;
    PlannedPush push{.link = link,
                     .op = remote::ChangeOp::kUpdate,
                     .groups = {},
                     .unsendable_field = {},
                     .unsendable_why = {}};
    const LinkReferences references(context.sql, context.plans, plan.connection);
    for (const auto& [group_id, shadow] : shadows) {
        const GroupPlan* group = plan.group(group_id);
        if (group == nullptr || shadow.waits || shadow.unknown() || !group->writable()) continue;
        auto values = put_group(*group, *row, references);
        if (values == shadow.ours) continue;
        if (open_conflict(context.sql, link.id, group_id)) continue;
        add_group(push, *group, std::move(values), false);
    }
    if (push.empty() && !push.waits) return std::nullopt;
    return push;
}

}  // namespace

std::optional<PlannedPush> plan_push(Context& context, const StreamPlan& plan, const Link& link,
                                     bool force) {
    if (!plan.mapping.push || unsettled(intents_of(context.sql, link.id))) return std::nullopt;
    if (open_conflict(context.sql, link.id, std::nullopt)) return std::nullopt;
    if (link.state == LinkState::kDeleteHere) {
        if (link.ext_id.empty()) return std::nullopt;
        return PlannedPush{.link = link,
                           .op = remote::ChangeOp::kDelete,
                           .groups = {},
                           .unsendable_field = {},
                           .unsendable_why = {}};
    }
    if (link.state != LinkState::kLive) return std::nullopt;
    return link.ext_id.empty() ? plan_create(context, plan, link, force)
                               : plan_update(context, plan, link);
}

PushForecast forecast_push(Context& context, const StreamPlan& plan, const PlanSink& plan_sink) {
    PushForecast out;
    std::vector<std::int64_t> ids;
    {
        auto& rows = context.sql.bind(
            "SELECT l.id FROM kontor_link l LEFT JOIN kontor_blocked b ON b.link = l.id"
            " WHERE l.stream = ? AND l.dirty AND (b.link IS NULL OR b.retry_at <= ?)",
            plan.id, context.now());
        while (Sql::step(rows)) ids.push_back(rows.integer(0));
    }
    for (const std::int64_t id : ids) {
        const auto link = link_by_id(context.sql, id);
        // Forced: a record that waits for another new one counts too.
        const auto push = link ? plan_push(context, plan, *link, true) : std::nullopt;
        if (!push || push->empty()) continue;
        const char* op = "update";
        switch (push->op) {
            case remote::ChangeOp::kCreate:
                ++out.creates;
                op = "create";
                break;
            case remote::ChangeOp::kUpdate:
                ++out.updates;
                break;
            case remote::ChangeOp::kDelete:
                ++out.deletes;
                op = "delete";
                break;
        }
        if (!plan_sink) continue;
        PlannedChange change{.side = PlannedChange::Side::kThere,
                             .stream = plan.mapping.stream,
                             .entity = plan.entity.name,
                             .record = link->record,
                             .ext_id = link->ext_id,
                             .op = op,
                             .fields = {}};
        for (const auto& sent : push->groups)
            if (const GroupPlan* group = plan.group(sent.group))
                for (const auto& field : group->mapping->fields)
                    change.fields.push_back(field.remote);
        plan_sink(std::move(change));
    }
    return out;
}

}  // namespace kontor::engine
