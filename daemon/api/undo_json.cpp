#include "daemon/api/undo_json.hpp"

#include <initializer_list>
#include <utility>

#include "daemon/api/json_io.hpp"
#include "daemon/api/record_names.hpp"

namespace kontor::api {
namespace {

using replica::kUndoListMax;

const char* step_name(replica::UndoStep::Kind kind) {
    switch (kind) {
        case replica::UndoStep::Kind::kInsert:
            return "insert";
        case replica::UndoStep::Kind::kDelete:
            return "delete";
        default:
            return "set";
    }
}

const replica::Field* field_of(const replica::Entity* entity, const std::string& field) {
    return entity == nullptr ? nullptr : entity->field(field);
}

/// What values lead to, if they are references. They are told all the same where that cannot be
/// read: what was undone has been done.
void add_records(json& change, RecordNames& names, const replica::Field* field,
                 std::initializer_list<std::pair<const char*, ValueView>> sides) {
    if (field == nullptr) return;
    auto records = names.targets(*field, sides);
    if (records && !records->empty()) change["records"] = std::move(*records);
}

}  // namespace

std::optional<remote::FieldType> type_of(const replica::Entity* entity, const std::string& field) {
    const auto* found = field_of(entity, field);
    if (found == nullptr) return std::nullopt;
    return found->type;
}

json undo_json(const replica::UndoPlan& plan, const replica::Database& db,
               const replica::Catalogue& catalogue, bool preview) {
    RecordNames names(db, catalogue);
    json changes = json::array();
    for (const auto& step : plan.steps) {
        if (changes.size() >= kUndoListMax) break;
        const auto type = type_of(catalogue.entity(step.entity), step.field);
        changes.push_back({{"step", step_name(step.kind)},
                           {"entity", step.entity},
                           {"record", step.record},
                           {"field", or_null(step.field)},
                           {"now", to_json(step.now.view(), type)},
                           {"then", to_json(step.then.view(), type)},
                           {"change", step.source}});
        add_records(changes.back(), names, field_of(catalogue.entity(step.entity), step.field),
                    {{"now", step.now.view()}, {"then", step.then.view()}});
    }
    for (const auto& skip : plan.skipped) {
        if (changes.size() >= 2 * kUndoListMax) break;
        changes.push_back({{"step", "skipped"},
                           {"entity", skip.entity},
                           {"record", skip.record},
                           {"field", or_null(skip.field)},
                           {"change", skip.seq},
                           {"reason", replica::to_string(skip.reason)},
                           {"connection", or_null(skip.connection)}});
        if (!skip.now.is_absent()) {
            const auto* entity = catalogue.entity(skip.entity);
            changes.back()["now"] = to_json(skip.now.view(), type_of(entity, skip.field));
            add_records(changes.back(), names, field_of(entity, skip.field),
                        {{"now", skip.now.view()}});
        }
        if (skip.last != 0) changes.back()["last_record"] = skip.last;
    }
    return {{"preview", preview},   {"undone", plan.undone}, {"deleted", plan.deleted},
            {"skipped", plan.left}, {"loaded", plan.loaded}, {"changes", std::move(changes)},
            {"first_seq", 0},       {"last_seq", 0}};
}

}  // namespace kontor::api
