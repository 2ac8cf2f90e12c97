#include "sync/engine/stream_order.hpp"

#include <algorithm>
#include <set>

namespace kontor::engine {
namespace {

void visit(const Plans& plans, const StreamPlan& plan, std::set<std::int64_t>& seen,
           std::vector<const StreamPlan*>& out) {
    if (!seen.insert(plan.id).second) return;
    for (const auto& group : plan.mapping.groups)
        for (const auto& field : group.fields)
            for (const auto& target : field.references)
                if (const StreamPlan* parent = plans.stream(plan.connection, target))
                    visit(plans, *parent, seen, out);
    out.push_back(&plan);
}

}  // namespace

std::vector<const StreamPlan*> parents_first(const Plans& plans, std::int64_t connection) {
    std::vector<const StreamPlan*> out;
    std::set<std::int64_t> seen;
    for (const StreamPlan& plan : plans.all())
        if (plan.connection == connection) visit(plans, plan, seen, out);
    return out;
}

}  // namespace kontor::engine
