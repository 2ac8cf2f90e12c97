#include "plugins/fxiaoke/connector.hpp"

#include "plugins/fxiaoke/pull.hpp"
#include "plugins/fxiaoke/push.hpp"
#include "plugins/fxiaoke/query.hpp"
#include "plugins/fxiaoke/spec.hpp"
#include "plugins/fxiaoke/users.hpp"

namespace kontor::fxiaoke {

std::string Connector::spec() {
    return spec_json();
}

Connector::Connector(sdk::Host& host, std::string_view config)
    : options_(Options::parse(config)), api_(host, options_), metadata_(api_) {}

// No call tells whose data this is; every record does.
void Connector::learn_tenant() {
    std::string& tenant = api_.state().tenant;
    for (const char* object : {"AccountObj", "ContactObj", "LeadsObj", "ProductObj"}) {
        Query query;
        query.fields = {"_id", "tenant_id"};
        query.limit = 1;
        try {
            const Rows rows = Lister(api_, object).list(query);
            if (rows.list.empty()) continue;
            const std::string id = sdk::text_of(rows.list[0], "tenant_id");
            if (id.empty()) continue;
            tenant = id;
            api_.state().save();
            return;
        } catch (const sdk::Error& error) {
            // Perhaps the tenant does not use this object, or we may not see it.
            if (error.status() != KONTOR_E_INVALID && error.status() != KONTOR_E_PERMISSION) throw;
        }
    }
}

sdk::Identity Connector::check() {
    sdk::Identity out;
    out.user_id = options_.user_id;
    out.user_name = user_name(api_, options_.user_id);
    if (out.user_name.empty())
        throw sdk::Error(KONTOR_E_INVALID,
                         "option user_id: there is no such employee, " + options_.user_id);
    learn_tenant();
    out.org_id = out.org_name = api_.state().tenant;
    out.server_time_ms = api_.server_ms().value_or(0);
    return out;
}

std::vector<sdk::StreamSpec> Connector::describe() {
    std::vector<sdk::StreamSpec> out;
    for (const Object* object : metadata_.refresh()) out.push_back(object->stream(options_));
    return out;
}

std::string Connector::pull(const sdk::Request& request, std::string_view cursor) {
    if (request.stream == "users") return pull_users(api_, request);
    return fxiaoke::pull(api_, metadata_, request, cursor);
}

bool Connector::list_ids(const sdk::Request& request) {
    if (request.stream == "users") return list_users(api_);
    return list_all_ids(api_, metadata_, metadata_.object(request.stream));
}

void Connector::fetch(const sdk::Request& request) {
    if (request.stream == "users") return fetch_users(api_, request);
    fxiaoke::fetch(api_, metadata_, request);
}

void Connector::find(const sdk::Request& request) {
    if (request.stream == "users") throw sdk::Error(KONTOR_E_UNSUPPORTED, "users have no keys");
    fxiaoke::find(api_, metadata_, request);
}

std::vector<sdk::PushResult> Connector::push(const sdk::Request& request,
                                             abi::BatchReader changes) {
    if (request.stream == "users")
        throw sdk::Error(KONTOR_E_UNSUPPORTED, "employees cannot be written");
    return push_changes(api_, metadata_.object(request.stream), request, changes);
}

}  // namespace kontor::fxiaoke
