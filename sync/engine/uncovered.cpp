#include "sync/engine/uncovered.hpp"

#include "sync/engine/references.hpp"
#include "sync/merge/lens.hpp"
#include "sync/merge/matching.hpp"

namespace kontor::engine {
namespace {

// Records of such a stream come from the remote only.
bool has_no_word_for(const Plans& plans, const StreamPlan& plan, const Value& ours) {
    if (!merge::is_symbolic(ours)) return false;
    const auto target = named_by(plans, plan.connection, ours);
    return target && !(target->plan->mapping.push && target->plan->mapping.create);
}

}  // namespace

std::string said_otherwise(const Plans& plans, const StreamPlan& plan, const GroupPlan& group,
                           const merge::GroupValues& local, const merge::GroupValues& theirs) {
    std::string why;
    for (std::size_t i = 0; i < local.size(); ++i) {
        if (local[i] == theirs[i]) continue;
        const auto& field = group.mapping->fields[i];
        if (merge::same_but_spelling(field, local[i], theirs[i]))
            why = "spelling";
        else if (merge::is_reference(field.lens) && has_no_word_for(plans, plan, local[i]))
            why = "no_word";
        else
            return {};
    }
    return why;
}

bool waits_for_answer(Sql& sql, const Plans& plans, const StreamPlan& plan, const GroupPlan& group,
                      std::int64_t link, const merge::GroupValues& theirs) {
    bool waits = false;
    for (std::size_t i = 0; i < theirs.size(); ++i) {
        const auto& field = group.mapping->fields[i];
        if (!merge::shows_id(field.lens) || theirs[i].kind() != Kind::kText) continue;
        for (const auto& name : field.references) {
            const StreamPlan* target = plans.stream(plan.connection, name);
            if (target == nullptr ||
                !sql.integer("SELECT 1 FROM kontor_match WHERE stream = ? AND ext_id = ? LIMIT 1",
                             target->id, theirs[i].text()))
                continue;
            wait_for(sql, plans, plan.connection, link, group.id, field, theirs[i]);
            waits = true;
        }
    }
    return waits;
}

std::vector<std::string> answered_referrers(Sql& sql, std::int64_t stream) {
    // What was compared and only waits for its target (waits = 1) is completed without a look.
    std::vector<std::string> out;
    auto& rows = sql.bind(
        "SELECT DISTINCT l.ext_id FROM kontor_waiting w CROSS JOIN kontor_link l ON l.id = w.link"
        " JOIN kontor_shadow s ON s.link = w.link AND s.grp = w.grp JOIN kontor_link t ON"
        " t.stream = w.stream AND t.ext_id = w.ext_id"
        " WHERE l.stream = ? AND l.ext_id IS NOT NULL AND l.state = 0 AND NOT s.waits",
        stream);
    while (Sql::step(rows)) out.emplace_back(rows.text(0));
    return out;
}

}  // namespace kontor::engine
