#include "plugins/zoho/rows.hpp"

#include <algorithm>

#include "connectors/sdk/canonical.hpp"

namespace kontor::zoho {
namespace {

using sdk::Json;

constexpr int kSubformPagesMax = 100;
constexpr std::size_t kNamesMax = 50;

// All rows by the related list that has the field's name; nullopt if there is no such list.
std::optional<Json> listed_rows(Api& api, const Module& module, const std::string& id,
                                const Field& field, const std::string& names) {
    Json out = Json::array();
    for (int page = 1; page <= kSubformPagesMax; ++page) {
        sdk::Url url = api.module_url(module.name);
        url.segment(id).segment(field.spec.name).query("fields", names);
        url.query("page", std::to_string(page)).query("per_page", "200");
        const sdk::HttpResponse response = api.send(get(url));
        const std::string doing = "rows of " + module.name + "." + field.spec.name;
        if (response.status == 400 || response.status == 404) return std::nullopt;
        if (response.status >= 400) throw failure(response, doing);
        if (nothing(response)) return out;
        const Json json = json_body(response, doing);
        const Json& list = sdk::member(json, "data");
        if (!list.is_array()) throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": no list");
        for (const Json& each : list) out.push_back(each);
        if (list.empty() || !sdk::flag_of(sdk::member(json, "info"), "more_records")) return out;
    }
    throw sdk::Error(KONTOR_E_PROTOCOL, "rows of " + module.name + ": they never end");
}

std::vector<std::string> ids_of(const Json& rows) {
    std::vector<std::string> out;
    for (const Json& each : rows)
        if (std::string id = sdk::text_of(each, "id"); !id.empty()) out.push_back(std::move(id));
    return out;
}

bool has_more(const Json& record, const Field& field) {
    return sdk::flag_of(sdk::member(record, "$has_more"), field.spec.name);
}

// What may be written of a row. A reference is its id alone.
Json writable(const Json& row, const std::vector<RowField>& fields) {
    Json out = Json::object();
    for (const auto& [key, value] : row.items()) {
        if (key == "id" || key.empty() || key.front() == '$') continue;
        const auto known =
            std::find_if(fields.begin(), fields.end(),
                         [&name = key](const RowField& each) { return each.name == name; });
        if (!fields.empty() && (known == fields.end() || !known->writable)) continue;
        const std::string target = sdk::text_of(value, "id");
        out[key] = value.is_object() && !target.empty() ? Json{{"id", target}} : value;
    }
    return out;
}

}  // namespace

const std::vector<RowField>& row_fields(Api& api, const std::string& rows_module) {
    auto& known = api.row_fields();
    if (const auto found = known.find(rows_module); found != known.end()) return found->second;
    std::vector<RowField> out;
    if (!rows_module.empty()) {
        sdk::Url url = api.url("settings/fields");
        url.query("module", rows_module);
        const sdk::HttpResponse response = api.send(get(url, "meta"));
        const std::string doing = "fields of " + rows_module;
        const bool unseen =
            response.status == 400 || response.status == 403 || response.status == 404;
        if (response.status >= 400 && !unseen) throw failure(response, doing);
        if (!unseen && !nothing(response)) {
            const Json json = json_body(response, doing);
            for (const Json& each : sdk::member(json, "fields")) {
                const Field field = parse_field(rows_module, each);
                if (field.spec.name != "id")
                    out.push_back({field.spec.name, !field.spec.read_only});
            }
        }
    }
    return known.emplace(rows_module, std::move(out)).first->second;
}

std::optional<std::vector<std::string>> rows_at(Api& api, const Module& module,
                                                const std::string& id, const Field& field) {
    sdk::Url url = api.module_url(module.name);
    url.segment(id).query("fields", "id," + field.spec.name);
    const sdk::HttpResponse response = api.send(get(url));
    if (nothing(response) || response.status == 404 ||
        (response.status == 400 && remote_error(response.body).code == "INVALID_DATA"))
        return std::nullopt;
    const std::string doing = "rows of " + module.name;
    if (response.status >= 400) throw failure(response, doing);
    const Json json = json_body(response, doing);
    const Json& list = sdk::member(json, "data");
    if (!list.is_array() || list.empty() || sdk::text_of(list[0], "id") != id)
        throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": another record came");
    if (has_more(list[0], field)) {
        const auto rest = listed_rows(api, module, id, field, "id");
        // Rows that we cannot see we must not judge.
        if (!rest)
            throw sdk::Error(KONTOR_E_UNSUPPORTED, doing + ": Zoho does not show all of them")
                .stream(module.name)
                .field(field.spec.name);
        return ids_of(*rest);
    }
    return ids_of(sdk::member(list[0], field.spec.name));
}

std::optional<std::string> rows_to_write(std::string_view wanted,
                                         const std::vector<std::string>& present,
                                         const std::vector<RowField>& fields) {
    Json rows;
    try {
        rows = sdk::parse_json(wanted, "rows");
    } catch (const sdk::Error&) {
        return std::nullopt;
    }
    if (!rows.is_array()) return std::nullopt;
    Json out = Json::array();
    std::vector<std::string> kept;
    for (const Json& row : rows) {
        if (!row.is_object()) return std::nullopt;
        Json element = writable(row, fields);
        const std::string id = sdk::text_of(row, "id");
        // A row that is gone there but wanted here is a new one.
        if (std::find(present.begin(), present.end(), id) != present.end()) {
            element["id"] = id;
            kept.push_back(id);
        }
        out.push_back(std::move(element));
    }
    for (const std::string& id : present)
        if (std::find(kept.begin(), kept.end(), id) == kept.end())
            out.push_back({{"id", id}, {"_delete", nullptr}});
    return out.dump();
}

std::optional<std::string> all_rows(Api& api, const Module& module, const std::string& id,
                                    const Field& field) {
    std::string names = "id";
    std::size_t count = 1;
    for (const RowField& each : row_fields(api, field.rows_module))
        if (count++ < kNamesMax) names += "," + each.name;
    const auto rows = listed_rows(api, module, id, field, names);
    if (!rows) return std::nullopt;
    return sdk::canonical_json(rows->dump());
}

}  // namespace kontor::zoho
