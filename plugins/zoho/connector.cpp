#include "plugins/zoho/connector.hpp"

#include <algorithm>

#include "plugins/zoho/find.hpp"
#include "plugins/zoho/pull.hpp"
#include "plugins/zoho/push.hpp"
#include "plugins/zoho/spec.hpp"
#include "plugins/zoho/sweep.hpp"

namespace kontor::zoho {
namespace {

const sdk::Json& first_of(const sdk::Json& json, const char* list, const char* doing) {
    const sdk::Json& found = sdk::member(json, list);
    if (!found.is_array() || found.empty())
        throw sdk::Error(KONTOR_E_PROTOCOL, std::string(doing) + ": nothing in it");
    return found[0];
}

}  // namespace

std::string Connector::spec() {
    return spec_json();
}

Connector::Connector(sdk::Host& host, std::string_view config)
    : options_(Options::parse(config)), api_(host, options_), metadata_(api_) {}

sdk::Identity Connector::check() {
    sdk::Identity out;
    {
        const auto response = api_.call(get(api_.url("org"), "meta"), "org");
        const sdk::Json json = json_body(response, "org");
        const sdk::Json& org = first_of(json, "org", "org");
        out.org_id = sdk::text_of(org, "id");
        out.org_name = sdk::text_of(org, "company_name");
        // Compared with this computer's clock: a guess would accuse it.
        out.server_time_ms = Api::server_date_ms(response).value_or(0);
        if (out.org_id.empty()) throw sdk::Error(KONTOR_E_PROTOCOL, "org: no id");
    }
    sdk::Url url = api_.url("users");
    url.query("type", "CurrentUser");
    const auto response = api_.call(get(url, "meta"), "current user");
    const sdk::Json json = json_body(response, "current user");
    const sdk::Json& user = first_of(json, "users", "current user");
    out.user_id = sdk::text_of(user, "id");
    out.user_name = sdk::text_of(user, "full_name");
    out.credits_left = api_.credits().left;
    return out;
}

std::vector<sdk::StreamSpec> Connector::describe() {
    std::vector<sdk::StreamSpec> out;
    for (const Module* module : metadata_.refresh()) out.push_back(module->stream(options_));
    return out;
}

std::string Connector::pull(const sdk::Request& request, std::string_view cursor) {
    Pull job(api_, metadata_.module(request.stream), request);
    return zoho::pull(job, cursor);
}

bool Connector::list_ids(const sdk::Request& request) {
    return list_all_ids(api_, metadata_.module(request.stream));
}

void Connector::fetch(const sdk::Request& request) {
    const Columns columns(metadata_.module(request.stream), request.fields);
    Records records(api_, columns);
    abi::BatchWriter out;
    records.by_ids(request.ids, Records::Absent::kReport, out, [&] { api_.host().emit(out); });
}

void Connector::find(const sdk::Request& request) {
    find_records(api_, metadata_.module(request.stream), request);
}

std::vector<sdk::PushResult> Connector::push(const sdk::Request& request,
                                             abi::BatchReader changes) {
    const Module& module = metadata_.module(request.stream);
    if (module.is_users()) throw sdk::Error(KONTOR_E_UNSUPPORTED, "users cannot be written");
    Meanwhile meanwhile(api_, module, request);
    return push_changes(api_, module, request, changes, meanwhile);
}

}  // namespace kontor::zoho
