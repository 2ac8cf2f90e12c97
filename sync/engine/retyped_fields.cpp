#include "sync/engine/retyped_fields.hpp"

#include <map>
#include <string>

#include "sync/engine/absorb.hpp"
#include "sync/engine/cut_fields.hpp"
#include "sync/engine/state.hpp"

namespace kontor::engine {
namespace {

using remote::FieldType;

// Between these nothing of a value is lost.
bool is_text(FieldType type) {
    switch (type) {
        case FieldType::kText:
        case FieldType::kLongText:
        case FieldType::kEmail:
        case FieldType::kPhone:
        case FieldType::kUrl:
        case FieldType::kChoice:
            return true;
        default:
            return false;
    }
}

/// What of a description bears on values that are there. "" if it is as mapped.
std::string form_of(const remote::FieldSpec& field, const merge::FieldMapping& mapped) {
    const bool text = is_text(field.type) && is_text(mapped.type);
    if (!text && field.type != mapped.type) return std::string(remote::to_string(field.type));
    const bool shorter =
        field.max_length > 0 && (mapped.max_length == 0 || field.max_length < mapped.max_length);
    return text && shorter ? std::to_string(field.max_length) : "";
}

std::string change_key(std::int64_t stream) {
    return "form_changed:" + std::to_string(stream) + ":";
}

}  // namespace

bool same_form(FieldType was, FieldType now) {
    const auto text = [](FieldType type) { return is_text(type) || type == FieldType::kDecimal; };
    return was == now || (text(was) && text(now));
}

void watch_retyped_fields(Context& context, const StreamPlan& plan,
                          const remote::StreamSpec& described) {
    if (described.fields.empty()) return;  // not described yet
    const std::string stream = "retyped:" + std::to_string(plan.id);
    const std::string key = stream + ":";
    const auto before = meta_under(context.sql, key);
    std::map<std::string, std::string> now;
    for (const GroupPlan& group : plan.groups)
        for (const auto& mapped : group.mapping->fields) {
            const auto* field = described.field(mapped.remote);
            if (field != nullptr) {
                if (auto form = form_of(*field, mapped); !form.empty())
                    now.emplace(mapped.remote, std::move(form));
            } else if (const auto was = before.find(mapped.remote); was != before.end()) {
                now.insert(*was);  // hidden: nobody says
            }
        }
    if (now == before) return;

    EngineTransaction transaction(context);
    context.sql.run("DELETE FROM kontor_meta WHERE key > ? AND key < ?", key, stream + ";");
    for (const auto& [field, form] : now)
        context.sql.run("INSERT INTO kontor_meta(key, value) VALUES(?, ?)", key + field, form);
    const auto note_change = [&](const std::string& field) {
        context.sql.run("INSERT OR REPLACE INTO kontor_meta(key, value) VALUES(?, ?)",
                        change_key(plan.id) + field, context.now());
    };
    for (const auto& [field, form] : now) {
        const auto was = before.find(field);
        if (was != before.end() && was->second == form) continue;
        note_change(field);
        if (was != before.end()) doubt_if_cut(context, plan, field);
    }
    for (const auto& [field, form] : before)
        if (!now.contains(field)) note_change(field);
    // Such a pull shows no deletions: a sweep finds those.
    context.sql.run("UPDATE kontor_stream SET cursor = '', swept_at = NULL WHERE id = ?", plan.id);
    transaction.commit();
}

std::map<std::string, Instant, std::less<>> form_changes(Sql& sql, std::int64_t stream) {
    std::map<std::string, Instant, std::less<>> out;
    for (const auto& [field, at] : meta_under(sql, change_key(stream)))
        if (const auto when = parse_instant(at)) out.emplace(field, *when);
    return out;
}

}  // namespace kontor::engine
