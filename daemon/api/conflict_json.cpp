#include "daemon/api/conflict_json.hpp"

#include <map>

#include "daemon/api/json_io.hpp"
#include "daemon/api/record_names.hpp"

namespace kontor::api {

namespace {

Result<json> conflict_json(const engine::Conflict& c, const replica::Catalogue& catalogue,
                           RecordNames& names) {
    auto name = names.name_of(c.entity, c.record);
    if (!name) return pass(name);
    auto theirs_by_name = names.user_name(c.connection, c.theirs_by);
    if (!theirs_by_name) return pass(theirs_by_name);
    const auto* entity = catalogue.entity(c.entity);
    json fields = json::array();
    for (const auto& field : c.fields) {
        json shown = {{"remote_field", field.remote_field},
                      {"column", field.column},
                      {"base", to_json(field.base.view())},
                      {"ours", to_json(field.ours.view())},
                      {"theirs", to_json(field.theirs.view())}};
        if (const auto* column = entity == nullptr ? nullptr : entity->field(field.column)) {
            auto records = names.targets(*column, {{"base", field.base_here.view()},
                                                   {"ours", field.ours_here.view()},
                                                   {"theirs", field.theirs_here.view()}});
            if (!records) return pass(records);
            if (!records->empty()) shown["records"] = std::move(*records);
        }
        fields.push_back(std::move(shown));
    }
    return json{{"id", c.id},
                {"connection", c.connection},
                {"stream", c.stream},
                {"entity", c.entity},
                {"record", c.record},
                {"name", std::move(*name)},
                {"group", c.group},
                {"kind", c.kind},
                {"rule", c.rule},
                {"state", c.state},
                {"chosen", or_null(c.chosen)},
                {"deleted", or_null(c.deleted)},
                {"ours_by", or_null(c.ours_by)},
                {"ours_at", or_null(c.ours_at)},
                {"theirs_by", or_null(c.theirs_by)},
                {"theirs_by_name", std::move(*theirs_by_name)},
                {"theirs_version", or_null(c.theirs_version)},
                {"opened_at", c.opened_at},
                {"decided_at", or_null(c.decided_at)},
                {"decided_by", or_null(c.decided_by)},
                {"fields", std::move(fields)}};
}

}  // namespace

Result<json> conflicts_json(std::span<const engine::Conflict> conflicts, Services& services,
                            const replica::Database& db) {
    auto catalogue = services.databases.catalogues().get(db);
    if (!catalogue) return pass(catalogue);
    RecordNames names(db, **catalogue);
    json out = json::array();
    for (const auto& conflict : conflicts) {
        auto shown = conflict_json(conflict, **catalogue, names);
        if (!shown) return pass(shown);
        out.push_back(std::move(*shown));
    }
    return out;
}

Result<engine::Side> side_in(const json& body) {
    auto choose = text_in(body, "choose");
    if (!choose) return pass(choose);
    static const std::map<std::string, engine::Side> sides = {{"ours", engine::Side::kOurs},
                                                              {"theirs", engine::Side::kTheirs},
                                                              {"same", engine::Side::kSame},
                                                              {"apart", engine::Side::kApart}};
    const auto side = sides.find(*choose);
    if (side == sides.end())
        return fail(Errc::kInvalid, "choose must be ours, theirs, same or apart",
                    {{"key", "choose"}});
    return side->second;
}

Result<json> many_json(const engine::ManyDecided& many, engine::Side side, bool dry_run,
                       Services& services, const replica::Database& db) {
    const bool match = side == engine::Side::kSame || side == engine::Side::kApart;
    json groups = json::array();
    for (const auto& [of, count] : many.groups)
        groups.push_back({{"connection", std::get<0>(of)},
                          {"entity", std::get<1>(of)},
                          {"group", match ? "" : std::get<2>(of)},
                          {"rule", match ? std::get<2>(of) : ""},
                          {"count", count}});
    auto conflicts = conflicts_json(many.conflicts, services, db);
    if (!conflicts) return pass(conflicts);
    json failed = json::array();
    for (const auto& [id, error] : many.failed)
        failed.push_back({{"id", id}, {"code", to_string(error.code)}, {"detail", error.message}});
    return json{{"dry_run", dry_run},
                {"run", many.run != 0 ? json(many.run) : json()},
                {"decided", many.decided},
                {"left", many.left},
                {"failed", many.failed_total},
                {"groups", std::move(groups)},
                {"conflicts", std::move(*conflicts)},
                {"failures", std::move(failed)}};
}

}  // namespace kontor::api
