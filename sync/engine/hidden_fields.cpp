#include "sync/engine/hidden_fields.hpp"

#include <set>
#include <string>

#include "sync/engine/absorb.hpp"
#include "sync/engine/cut_fields.hpp"

namespace kontor::engine {

void watch_hidden_fields(Context& context, const StreamPlan& plan,
                         const remote::StreamSpec& described) {
    if (described.fields.empty()) return;  // not described yet
    const std::string stream = "hidden:" + std::to_string(plan.id);
    const std::string key = stream + ":";
    std::set<std::string> before, now;
    auto& rows = context.sql.bind(
        "SELECT substr(key, length(?1) + 1) FROM kontor_meta WHERE key > ?1 AND key < ?2", key,
        stream + ";");  // what comes after ':'
    while (Sql::step(rows)) before.emplace(rows.text(0));
    for (const auto& field : plan.remote_fields)
        if (described.field(field) == nullptr) now.insert(field);
    if (now == before) return;

    EngineTransaction transaction(context);
    bool shown = false;
    for (const auto& field : before) {
        if (now.contains(field)) continue;
        shown = true;
        doubt_if_cut(context, plan, field);
        context.sql.run("DELETE FROM kontor_meta WHERE key = ?", key + field);
    }
    for (const auto& field : now)
        if (!before.contains(field))
            context.sql.run("INSERT INTO kontor_meta(key, value) VALUES(?, 1)", key + field);
    // Such a pull shows no deletions: a sweep finds those.
    if (shown) {
        context.sql.run("UPDATE kontor_stream SET cursor = '', swept_at = NULL WHERE id = ?",
                        plan.id);
        context.sql.run(
            "DELETE FROM kontor_blocked WHERE code = ? AND link IN"
            " (SELECT id FROM kontor_link WHERE stream = ?)",
            kHiddenCode, plan.id);
    }
    transaction.commit();
}

}  // namespace kontor::engine
