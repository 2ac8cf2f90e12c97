#include "daemon/api/edit_warnings.hpp"

#include <algorithm>

#include "daemon/api/json_io.hpp"
#include "daemon/messages/messages.hpp"
#include "sync/replica/values.hpp"

namespace kontor::api {
namespace {

json of_flaw(const replica::Edit& edit, std::int64_t record, const engine::EditFlaw& flaw,
             messages::Language language) {
    return {{"entity", edit.entity},
            {"record", record},
            {"field", flaw.column},
            {"connection", flaw.connection},
            {"code", flaw.code},
            {"reason", messages::localized(language, flaw.message)},
            {"hint", messages::render(language, "warning." + flaw.code,
                                      {{"connection", flaw.connection},
                                       {"entity", edit.entity},
                                       {"record", std::to_string(record)}})}};
}

/// A value that is not on the field's list here, where no remote has more to say of it.
json of_choice(const replica::EditWarning& warning, std::int64_t record,
               messages::Language language) {
    return {{"entity", warning.entity},
            {"record", record},
            {"field", warning.field},
            {"connection", nullptr},
            {"code", "choice"},
            {"reason", messages::render(language, "warning.choice")},
            {"hint", messages::render(language, "warning.choice.hint")}};
}

/// What is typed is text, and kept as what its field holds.
std::map<std::string, Value> as_kept(const replica::Entity& entity,
                                     std::map<std::string, Value> fields) {
    for (auto& [name, value] : fields)
        if (const auto* field = entity.field(name); field != nullptr && !value.is_absent())
            if (auto kept = replica::check_value(*field, value)) value = std::move(*kept);
    return fields;
}

bool tells_of(const json& warnings, std::int64_t record, const std::string& field) {
    return std::ranges::any_of(warnings, [&](const json& warning) {
        return warning["record"] == record && warning["field"] == field;
    });
}

}  // namespace

Result<std::shared_ptr<const engine::EditRules>> edit_rules_of(Services& services,
                                                               const replica::Database& db,
                                                               const replica::Entity& entity) {
    const engine::Descriptions described{
        .edition = services.descriptions.edition(), .of = [&](const std::string& connection) {
            auto known = services.descriptions.load(connection);
            return known ? std::move(known->streams) : std::vector<remote::StreamSpec>();
        }};
    return services.databases.edit_rules().get(db, entity, described);
}

json warnings_of(const engine::EditRules& rules, const replica::Entity& entity,
                 std::span<const replica::Edit> edits, const replica::EditResult& done,
                 messages::Language language) {
    json out = json::array();
    for (std::size_t i = 0; i < edits.size() && out.size() < kEditWarningsMax; ++i) {
        if (edits[i].kind == replica::Edit::Kind::kRemove) continue;
        const bool create = edits[i].kind == replica::Edit::Kind::kCreate;
        for (const auto& flaw : rules.acceptance.flaws(as_kept(entity, edits[i].fields), create))
            out.push_back(of_flaw(edits[i], done.ids[i], flaw, language));
    }
    for (const auto& warning : done.warnings) {
        if (out.size() >= kEditWarningsMax) break;
        const auto record = done.ids[warning.edit];
        if (!tells_of(out, record, warning.field))
            out.push_back(of_choice(warning, record, language));
    }
    return out;
}

}  // namespace kontor::api
