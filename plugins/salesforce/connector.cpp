#include "plugins/salesforce/connector.hpp"

#include "plugins/salesforce/pull.hpp"
#include "plugins/salesforce/push.hpp"
#include "plugins/salesforce/query.hpp"
#include "plugins/salesforce/spec.hpp"

namespace kontor::salesforce {

std::string Connector::spec() {
    return spec_json();
}

Connector::Connector(sdk::Host& host, std::string_view config)
    : options_(Options::parse(config)), api_(host, options_), metadata_(api_) {}

// "" if we may not see it: a name is for people only.
std::string Connector::name_of(const std::string& object, const std::string& id) {
    const std::string query = "SELECT Name FROM " + object + " WHERE Id = " + soql_text(id);
    const Reply reply =
        api_.read(api_.url("/query").query("q", query).text(), "name of " + object, "meta");
    const sdk::Json& records = sdk::member(reply.body, "records");
    return records.is_array() && !records.empty() ? sdk::text_of(records[0], "Name")
                                                  : std::string();
}

sdk::Identity Connector::check() {
    const sdk::Json root = api_.get(api_.url("").text(), "who we are", "meta");
    // https://login.salesforce.com/id/ORGANISATION/USER
    const std::string identity = sdk::text_of(root, "identity");
    const auto user = identity.rfind('/');
    const auto org = user == std::string::npos || user == 0 ? user : identity.rfind('/', user - 1);
    sdk::Identity out;
    if (org != std::string::npos) {
        out.org_id = identity.substr(org + 1, user - org - 1);
        out.user_id = identity.substr(user + 1);
    }
    if (!is_id(out.org_id) || !is_id(out.user_id))
        throw sdk::Error(KONTOR_E_PROTOCOL, "who we are: no identity in the answer");
    out.org_name = name_of("Organization", out.org_id);
    if (out.org_name.empty()) out.org_name = out.org_id;
    out.user_name = name_of("User", out.user_id);
    out.server_time_ms = api_.server_ms().value_or(0);
    const sdk::Credits credits = api_.credits();
    out.credits_limit = credits.limit;
    out.credits_left = credits.left;
    return out;
}

std::vector<sdk::StreamSpec> Connector::describe() {
    std::vector<sdk::StreamSpec> out;
    for (const Object* object : metadata_.refresh()) out.push_back(object->stream(options_));
    return out;
}

std::string Connector::pull(const sdk::Request& request, std::string_view cursor) {
    return salesforce::pull(api_, metadata_, request, cursor);
}

bool Connector::list_ids(const sdk::Request& request) {
    return list_all_ids(api_, metadata_.object(request.stream));
}

void Connector::fetch(const sdk::Request& request) {
    salesforce::fetch(api_, metadata_, request);
}

void Connector::find(const sdk::Request& request) {
    salesforce::find(api_, metadata_, request);
}

std::vector<sdk::PushResult> Connector::push(const sdk::Request& request,
                                             abi::BatchReader changes) {
    return push_changes(api_, metadata_, metadata_.object(request.stream), request, changes);
}

}  // namespace kontor::salesforce
