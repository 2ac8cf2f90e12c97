#include "plugins/zoho/missing_fields.hpp"

#include <algorithm>
#include <vector>

namespace kontor::zoho {
namespace {

bool has_key(std::string_view body, const std::string& name) {
    return body.find("\"" + name + "\":") != std::string_view::npos ||
           body.find("\"" + name + "\" :") != std::string_view::npos;
}

std::vector<std::string> not_shown(std::string_view names, std::string_view body) {
    std::vector<std::string> out;
    while (!names.empty()) {
        const auto comma = names.find(',');
        const std::string name(names.substr(0, comma));
        const bool computed = name.empty() || name.front() == '$';
        if (!computed && !has_key(body, name)) out.push_back(name);
        if (comma == std::string_view::npos) break;
        names.remove_prefix(comma + 1);
    }
    return out;
}

std::vector<std::string> fields_now(Api& api, const std::string& module) {
    sdk::Url url = api.url("settings/fields");
    url.query("module", module);
    const std::string doing = "fields of " + module;
    const auto response = api.call(get(url, "meta"), doing);
    std::vector<std::string> out;
    if (nothing(response)) return out;
    const sdk::Json json = json_body(response, doing);
    for (const sdk::Json& each : sdk::member(json, "fields"))
        out.push_back(sdk::text_of(each, "api_name"));
    return out;
}

}  // namespace

bool look_for_missing_fields(Api& api, const Columns& columns, std::string_view names,
                             std::string_view body) {
    if (!has_key(body, "id")) return false;
    const std::string& module = columns.module().name;
    std::vector<std::string> missing = not_shown(names, body);
    std::erase_if(
        missing, [&](const auto& name) { return api.never_shown().contains(module + "." + name); });
    if (missing.empty()) return true;
    const std::vector<std::string> now = fields_now(api, module);
    for (const std::string& name : missing) {
        if (std::find(now.begin(), now.end(), name) == now.end())
            throw sdk::Error(KONTOR_E_INVALID, module + " has no field " + name + " any more")
                .stream(module)
                .unknown_field(name);
        api.never_shown().insert(module + "." + name);
    }
    return true;
}

}  // namespace kontor::zoho
