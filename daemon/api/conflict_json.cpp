#include "daemon/api/conflict_json.hpp"

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

}  // namespace kontor::api
