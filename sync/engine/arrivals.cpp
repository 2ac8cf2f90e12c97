#include "sync/engine/arrivals.hpp"

#include <utility>
#include <vector>

#include "sync/engine/absorb.hpp"
#include "sync/engine/references.hpp"
#include "sync/engine/rows.hpp"
#include "sync/merge/lens.hpp"

namespace kontor::engine {
namespace {

bool nothing_compared(Sql& sql, std::int64_t link, std::int64_t group) {
    const auto shadows = shadows_of(sql, link);
    const auto found = shadows.find(group);
    return found != shadows.end() && found->second.unknown();
}

}  // namespace

void complete_referrers(Context& context, const StreamPlan& plan, const Link& link) {
    struct Waiting {
        std::int64_t link, group;
    };
    std::vector<Waiting> waiting;
    {
        auto& rows =
            context.sql.bind("SELECT link, grp FROM kontor_waiting WHERE stream = ? AND ext_id = ?",
                             plan.id, link.ext_id);
        while (Sql::step(rows)) waiting.push_back({rows.integer(0), rows.integer(1)});
    }
    for (const Waiting& one : waiting) {
        const auto referrer = link_by_id(context.sql, one.link);
        const StreamPlan* its = referrer ? context.plans.stream(referrer->stream) : nullptr;
        const GroupPlan* group = its != nullptr ? its->group(one.group) : nullptr;
        // Not compared yet: the referrer is read again for that (answered_referrers()).
        if (group != nullptr && nothing_compared(context.sql, one.link, one.group)) continue;
        wait_no_longer(context.sql, one.link, one.group);
        if (group != nullptr) complete_reference(context, *its, *group, *referrer);
    }
}

void complete_reference(Context& context, const StreamPlan& plan, const GroupPlan& group,
                        const Link& referrer) {
    auto shadows = shadows_of(context.sql, referrer.id);
    const auto found = shadows.find(group.id);
    const auto row = read_row(context.sql, plan, referrer.record);
    if (found == shadows.end() || !found->second.waits || !row) return;
    Shadow& shadow = found->second;

    const LinkReferences references(context.sql, context.plans, plan.connection);
    std::vector<ColumnChange> changes;
    Row after = *row;
    shadow.waits = false;
    for (std::size_t i = 0; i < group.mapping->fields.size(); ++i) {
        const auto& field = group.mapping->fields[i];
        if (!merge::is_reference(field.lens)) continue;
        const std::size_t column = group.columns[i].front();
        const auto got = merge::get(field, shadow.theirs[i], {&(*row)[column], 1}, references);
        if (got.waits) {
            shadow.waits = true;
            wait_for(context.sql, context.plans, plan.connection, referrer.id, group.id, field,
                     shadow.theirs[i]);
        } else if (got.columns.front() != (*row)[column]) {
            changes.push_back({column, got.columns.front()});
            after[column] = got.columns.front();
        }
    }
    OldValues old;
    for (const auto& change : changes)
        old.emplace(plan.column_fields[change.column], (*row)[change.column]);
    update_row(context, plan, referrer.record, *row, changes,
               {.actor = "remote:" + plan.connection_name, .rule = "reference_arrived"});
    note_change(context, plan.entity.id, referrer.record, old, plan.id);
    const auto local = put_group(group, after, references);
    if (shadow.ours != local) mark_dirty(context.sql, referrer.id);
    if (!shadow.waits && shadow.theirs == local && shadow.ours == local)
        drop_shadow(context.sql, referrer.id, group.id);
    else
        save_shadow(context.sql, referrer.id, group.id, shadow);
}

void pin_referrers_to_deleted(Context& context, const StreamPlan& plan, Link link) {
    const auto state = std::exchange(link.state, replica::LinkState::kLive);
    save_link(context.sql, link);
    complete_referrers(context, plan, link);
    pin_referrers(context.sql, context.plans, plan, link.record);
    link.state = state;
    save_link(context.sql, link);
}

}  // namespace kontor::engine
