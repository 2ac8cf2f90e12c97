#include "sync/engine/hidden_fields.hpp"

#include <optional>
#include <set>
#include <string>

#include "sync/engine/absorb.hpp"
#include "sync/engine/cut_fields.hpp"
#include "sync/engine/state.hpp"

namespace kontor::engine {
namespace {

/// Sorts after every version that is a time.
constexpr std::string_view kStillHidden = "~";

std::string key_of(std::string_view what, std::int64_t stream) {
    return std::string(what) + ':' + std::to_string(stream) + ':';
}

void set_meta(Sql& sql, const std::string& key, std::string_view value) {
    sql.run("INSERT OR REPLACE INTO kontor_meta(key, value) VALUES(?, ?)", key, value);
}

}  // namespace

void watch_hidden_fields(Context& context, const StreamPlan& plan,
                         const remote::StreamSpec& described) {
    if (described.fields.empty()) return;  // not described yet
    const std::string hidden = key_of("hidden", plan.id), unshown = key_of("unshown", plan.id);
    std::set<std::string> before, now;
    for (const auto& [field, one] : meta_under(context.sql, hidden)) before.insert(field);
    for (const auto& field : plan.remote_fields)
        if (described.field(field) == nullptr) now.insert(field);
    if (now == before) return;

    EngineTransaction transaction(context);
    std::optional<std::string> newest;
    bool shown = false;
    for (const auto& field : before) {
        if (now.contains(field)) continue;
        shown = true;
        context.sql.run("DELETE FROM kontor_meta WHERE key = ?", hidden + field);
        if (!newest)
            newest =
                context.sql.text("SELECT max(version) FROM kontor_link WHERE stream = ?", plan.id)
                    .value_or("");
        set_meta(context.sql, unshown + field, *newest);
    }
    for (const auto& field : now)
        if (!before.contains(field)) {
            set_meta(context.sql, hidden + field, "1");
            set_meta(context.sql, unshown + field, kStillHidden);
        }
    // Such a pull shows no deletions, and pages by offset may leave out a record that is known: a
    // sweep finds those.
    if (shown) {
        doubt_all(context.sql, plan.id);
        context.sql.run("UPDATE kontor_stream SET cursor = '', swept_at = NULL WHERE id = ?",
                        plan.id);
        context.sql.run(
            "DELETE FROM kontor_blocked WHERE code = ? AND link IN"
            " (SELECT id FROM kontor_link WHERE stream = ?)",
            kHiddenCode, plan.id);
    }
    transaction.commit();
}

std::map<std::string, std::string> unshown_until(Sql& sql, std::int64_t stream) {
    return meta_under(sql, key_of("unshown", stream));
}

}  // namespace kontor::engine
