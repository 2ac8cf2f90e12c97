#include "sync/engine/cut_fields.hpp"

#include <algorithm>
#include <string>

namespace kontor::engine {
namespace {

std::string key_of(std::int64_t stream) {
    return "cut:" + std::to_string(stream);
}

// Groups come whole or not at all.
bool is_cut_with_its_group(const StreamPlan& plan, std::string_view field) {
    return std::ranges::any_of(plan.groups, [&](const GroupPlan& group) {
        const auto& fields = group.mapping->fields;
        return std::ranges::find(fields, field, &merge::FieldMapping::remote) != fields.end() &&
               std::ranges::any_of(fields, &merge::FieldMapping::may_be_cut);
    });
}

}  // namespace

void doubt_all(Sql& sql, std::int64_t stream) {
    sql.run("INSERT OR REPLACE INTO kontor_meta(key, value) VALUES(?, 1)", key_of(stream));
}

void doubt_if_cut(Context& context, const StreamPlan& plan, std::string_view field) {
    if (is_cut_with_its_group(plan, field)) doubt_all(context.sql, plan.id);
}

bool must_be_read_by_id(Sql& sql, std::int64_t stream) {
    return sql.integer("SELECT 1 FROM kontor_meta WHERE key = ?", key_of(stream)).has_value();
}

void was_read_by_id(Sql& sql, std::int64_t stream) {
    sql.run("DELETE FROM kontor_meta WHERE key = ?", key_of(stream));
}

}  // namespace kontor::engine
