#include "plugins/zoho/coql.hpp"

#include "connectors/sdk/canonical.hpp"
#include "plugins/zoho/json_page.hpp"

namespace kontor::zoho {
namespace {

sdk::HttpResponse ask(Api& api, const std::string& module, const std::string& where,
                      bool with_versions, std::int64_t limit) {
    sdk::HttpRequest request;
    request.method = "POST";
    request.url = api.url("coql").text();
    request.credits = limit <= 200 ? 1 : limit <= 1000 ? 2 : 3;
    request.idempotent = true;
    request.header("Content-Type", "application/json");
    request.body =
        sdk::Json{{"select_query",
                   (with_versions ? "select id, Modified_Time from " : "select id from ") + module +
                       " where " + where + " order by id asc limit 0, " + std::to_string(limit)}}
            .dump(-1, ' ', false, sdk::Json::error_handler_t::replace);
    return api.send(request);
}

}  // namespace

CoqlIds coql_ids(Api& api, const std::string& module, const std::string& where,
                 bool with_versions) {
    const std::string doing = "COQL on " + module;
    sdk::HttpResponse response = ask(api, module, where, with_versions, 2000);
    // Zoho's documents disagree on whether 2,000 or 200 is the most.
    if (response.status == 400 && remote_error(response.body).code == "LIMIT_EXCEEDED")
        response = ask(api, module, where, with_versions, 200);
    if (response.status >= 400) throw failure(response, doing);
    CoqlIds out;
    if (nothing(response)) return out;
    const sdk::Json json = json_body(response, doing);
    const sdk::Json& list = sdk::member(json, "data");
    if (!list.is_array() || list.size() > 2000)
        throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": no list of records");
    for (const sdk::Json& each : list) {
        std::string id = sdk::text_of(each, "id");
        if (!is_id(id))
            throw sdk::Error(KONTOR_E_PROTOCOL, doing + ": a record without an id of Zoho's");
        const auto ms = sdk::parse_instant(sdk::text_of(each, "Modified_Time"));
        out.ids.push_back(std::move(id));
        out.versions.push_back(ms ? sdk::format_instant(*ms) : std::string());
    }
    out.more = sdk::flag_of(sdk::member(json, "info"), "more_records");
    return out;
}

std::string coql_text(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out.push_back('\\');
        out.push_back(c);
    }
    return out += '\'';
}

}  // namespace kontor::zoho
