#include "plugins/rest/connector.hpp"

#include "connectors/declarative/read.hpp"
#include "plugins/rest/pager.hpp"
#include "plugins/rest/pull.hpp"
#include "plugins/rest/push.hpp"
#include "plugins/rest/read.hpp"
#include "plugins/rest/rows.hpp"

namespace kontor::rest {
namespace {

using declarative::Stream;

declarative::Description description_of(const Json& config) {
    const std::string text = sdk::text_of(config, "description");
    if (text.empty())
        throw sdk::Error(KONTOR_E_INVALID,
                         "this connector runs description files: connect one by its name");
    config::Problems problems;
    auto out = declarative::read_description(text, "description", problems);
    if (!out) throw sdk::Error(KONTOR_E_INVALID, problems.front().text());
    return std::move(*out);
}

sdk::Label label_of(const declarative::Label& label, const std::string& fallback) {
    return {label.en.empty() ? fallback : label.en, label.zh};
}

sdk::FieldSpec spec_of(const declarative::Field& field) {
    sdk::FieldSpec out;
    out.name = field.name;
    out.label = label_of(field.label, field.name);
    out.type = field.type;
    out.custom = field.custom;
    out.required = field.required;
    out.read_only = field.read_only;
    out.create_only = field.create_only;
    out.unique = field.unique;
    out.may_be_cut = field.may_be_cut;
    out.max_length = field.max_length;
    out.precision = field.precision;
    out.scale = field.scale;
    out.references = field.to;
    for (const auto& [value, label] : field.choices) out.choices.push_back({value, label});
    out.column_hint = field.column;
    out.group = field.group;
    return out;
}

sdk::StreamSpec spec_of(const Stream& stream) {
    constexpr std::int64_t kChangesAtOnce = 20;
    sdk::StreamSpec out;
    out.name = stream.name;
    out.label = label_of(stream.label, stream.name);
    out.custom = stream.custom;
    out.entity_hint = stream.entity;
    auto& can = out.capabilities;
    can.create = stream.request("create") != nullptr;
    can.update = stream.request("update") != nullptr;
    can.remove = stream.request("delete") != nullptr;
    can.deleted_feed = stream.request("deleted") != nullptr ||
                       (stream.gone_at && stream.request("changes") != nullptr);
    can.deleted_retention_days = stream.deleted_kept.count() / 24;
    can.list_ids = stream.sweep;
    can.fetch = stream.request("get") != nullptr;
    if (!stream.key_field.empty()) {
        can.find_fields = {stream.key_field};
        can.key_field = stream.key_field;
    }
    can.cas = stream.token || !stream.token_header.empty() ? "single" : "none";
    can.push_batch_max = kChangesAtOnce;
    for (const auto* kind : {"create_batch", "update_batch", "delete_batch"})
        if (const auto* batch = stream.request(kind))
            can.push_batch_max = std::max(can.push_batch_max, batch->batch);
    can.fetch_batch_max = can.fetch ? std::max<std::int64_t>(1, stream.request("get")->batch) : 1;
    can.modified_resolution_ms = stream.resolution.count();
    for (const auto& field : stream.fields) out.fields.push_back(spec_of(field));
    return out;
}

std::string text_at(const std::optional<declarative::Pointer>& place, const Json& body) {
    const Json* found = place ? place->find(body) : nullptr;
    return found == nullptr || found->is_null() ? std::string() : declarative::as_text(*found);
}

}  // namespace

std::string Connector::spec() {
    return R"({"title": {"en": "REST, by a description file", "zh" : "REST（由描述文件定义）"
},
    "options" : [], "auth" : [], "hosts" : []
})";
}

Connector::Connector(sdk::Host& host, std::string_view config)
    : description_(description_of(sdk::parse_json(config, "config"))),
      api_(host, description_, sdk::member(sdk::parse_json(config, "config"), "options")) {}

const Stream& Connector::stream(const std::string& name) const {
    const auto* found = description_.stream(name);
    if (found == nullptr)
        throw sdk::Error(KONTOR_E_INVALID, "the description has no stream " + name).stream(name);
    return *found;
}

sdk::Identity Connector::check() {
    sdk::Identity out;
    const auto& check = description_.check;
    if (check.request) {
        const Reply reply = api_.send(*check.request, nullptr, {});
        if (!reply.ok()) throw failure(reply, *check.request, nullptr);
        const Json* who = check.request->records.find(reply.body);
        const Json& body = who == nullptr ? reply.body : *who;
        out.org_id = text_at(check.org, body);
        out.org_name = text_at(check.org_name, body);
        out.user_id = text_at(check.user, body);
        out.user_name = text_at(check.user_name, body);
    } else {
        const Stream& first = description_.streams.front();
        for (const Json& each : api_.each_of(first))
            Pager(api_, first, *first.request("list"),
                  {{"fields", Rows(api_, first, {}).wanted()}, {"each", each}})
                .next();
    }
    // Where nothing else tells whose records these are, their address does.
    if (out.org_id.empty()) out.org_id = api_.base();
    if (out.org_name.empty()) out.org_name = description_.title.en;
    out.server_time_ms = api_.answered_ms().value_or(0);
    return out;
}

std::vector<sdk::StreamSpec> Connector::describe() {
    std::vector<sdk::StreamSpec> out;
    for (const auto& each : description_.streams) out.push_back(spec_of(each));
    return out;
}

std::string Connector::pull(const sdk::Request& request, std::string_view cursor) {
    return rest::pull(api_, stream(request.stream), request, cursor);
}

bool Connector::list_ids(const sdk::Request& request) {
    return rest::list_ids(api_, stream(request.stream));
}

void Connector::fetch(const sdk::Request& request) {
    rest::fetch(api_, stream(request.stream), request);
}

void Connector::find(const sdk::Request& request) {
    rest::find(api_, stream(request.stream), request);
}

std::vector<sdk::PushResult> Connector::push(const sdk::Request& request,
                                             abi::BatchReader changes) {
    return rest::push(api_, stream(request.stream), request, changes);
}

}  // namespace kontor::rest
