#include "plugins/zoho/find.hpp"

#include <algorithm>
#include <set>

#include "plugins/zoho/coql.hpp"
#include "plugins/zoho/json_page.hpp"

namespace kontor::zoho {
namespace {

constexpr std::size_t kInMax = 50;  // documented as 100, as 50 in older pages
constexpr int kFindPagesMax = 1000;

std::vector<std::string> by_coql(Api& api, const Module& module, const sdk::Request& request) {
    std::set<std::string> ids;
    for (std::size_t at = 0; at < request.values.size(); at += kInMax) {
        const std::size_t end = std::min(at + kInMax, request.values.size());
        std::string list;
        for (std::size_t i = at; i < end; ++i)
            list += (i == at ? "" : ", ") + coql_text(request.values[i]);
        const std::string match = request.field + " in (" + list + ")";
        std::string where = match;
        for (int page = 0; page < kFindPagesMax; ++page) {
            const CoqlIds found = coql_ids(api, module.name, where);
            ids.insert(found.ids.begin(), found.ids.end());
            if (!found.more || found.ids.empty()) break;
            where = "(" + match + " and id > " + coql_text(found.ids.back()) + ")";
        }
    }
    return {ids.begin(), ids.end()};
}

std::vector<std::string> by_external_id(Api& api, const Module& module,
                                        const sdk::Request& request) {
    std::vector<std::string> ids;
    for (const std::string& value : request.values) {
        sdk::Url url = api.module_url(module.name);
        url.segment(value).query("fields", "id");
        sdk::HttpRequest ask = get(url);
        ask.header("X-EXTERNAL", module.name + "." + request.field);
        const sdk::HttpResponse response = api.send(ask);
        if (nothing(response) || response.status == 404) continue;
        if (response.status == 400 && remote_error(response.body).code == "INVALID_DATA") continue;
        if (response.status >= 400) throw failure(response, "find " + module.name);
        const sdk::Json json = json_body(response, "find " + module.name);
        for (const sdk::Json& each : sdk::member(json, "data")) {
            ids.push_back(sdk::text_of(each, "id"));
            if (!is_id(ids.back()))
                throw sdk::Error(KONTOR_E_PROTOCOL,
                                 "find " + module.name + ": a record without an id of Zoho's");
        }
    }
    return ids;
}

}  // namespace

void find_records(Api& api, const Module& module, const sdk::Request& request) {
    const Columns columns(module, request.fields);
    Records records(api, columns);
    std::vector<std::string> ids;
    if (request.field == "id") {
        ids = request.values;
    } else {
        const Field* field = module.field(request.field);
        if (field == nullptr)
            throw sdk::Error(KONTOR_E_INVALID, module.name + " has no field " + request.field)
                .stream(module.name);
        try {
            ids = by_coql(api, module, request);
        } catch (const sdk::Error& error) {
            const bool refused =
                error.status() == KONTOR_E_PERMISSION || error.status() == KONTOR_E_INVALID;
            if (!refused || !field->external) throw;
            ids = by_external_id(api, module, request);
        }
    }
    abi::BatchWriter out;
    records.by_ids(ids, Records::Absent::kSkip, out);
    api.host().emit(out);
}

}  // namespace kontor::zoho
