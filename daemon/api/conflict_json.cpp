#include "daemon/api/conflict_json.hpp"

#include <map>

#include "daemon/api/json_io.hpp"

namespace kontor::api {

json conflict_json(const engine::Conflict& c) {
    json fields = json::array();
    for (const auto& field : c.fields)
        fields.push_back({{"remote_field", field.remote_field},
                          {"column", field.column},
                          {"base", to_json(field.base.view())},
                          {"ours", to_json(field.ours.view())},
                          {"theirs", to_json(field.theirs.view())}});
    return {{"id", c.id},
            {"connection", c.connection},
            {"stream", c.stream},
            {"entity", c.entity},
            {"record", c.record},
            {"group", c.group},
            {"kind", c.kind},
            {"rule", c.rule},
            {"state", c.state},
            {"chosen", or_null(c.chosen)},
            {"ours_by", or_null(c.ours_by)},
            {"ours_at", or_null(c.ours_at)},
            {"theirs_by", or_null(c.theirs_by)},
            {"theirs_version", or_null(c.theirs_version)},
            {"opened_at", c.opened_at},
            {"decided_at", or_null(c.decided_at)},
            {"decided_by", or_null(c.decided_by)},
            {"fields", std::move(fields)}};
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

json many_json(const engine::ManyDecided& many, engine::Side side, bool dry_run) {
    const bool match = side == engine::Side::kSame || side == engine::Side::kApart;
    json groups = json::array();
    for (const auto& [of, count] : many.groups)
        groups.push_back({{"connection", std::get<0>(of)},
                          {"entity", std::get<1>(of)},
                          {"group", match ? "" : std::get<2>(of)},
                          {"rule", match ? std::get<2>(of) : ""},
                          {"count", count}});
    json conflicts = json::array();
    for (const auto& c : many.conflicts) conflicts.push_back(conflict_json(c));
    json failed = json::array();
    for (const auto& [id, error] : many.failed)
        failed.push_back({{"id", id}, {"code", to_string(error.code)}, {"detail", error.message}});
    return {{"dry_run", dry_run},
            {"run", many.run != 0 ? json(many.run) : json()},
            {"decided", many.decided},
            {"left", many.left},
            {"failed", many.failed_total},
            {"groups", std::move(groups)},
            {"conflicts", std::move(conflicts)},
            {"failures", std::move(failed)}};
}

}  // namespace kontor::api
