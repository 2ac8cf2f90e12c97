#include "connectors/sdk/description.hpp"

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::sdk {
namespace {

std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json label(const Label& text) {
    Json out{{"en", text.en}};
    if (!text.zh.empty()) out["zh"] = text.zh;
    return out;
}

void put_flag(Json& object, const char* name, bool flag) {
    if (flag) object[name] = true;
}

void put_text(Json& object, const char* name, const std::string& text) {
    if (!text.empty()) object[name] = text;
}

void put_number(Json& object, const char* name, std::int64_t number) {
    if (number != 0) object[name] = number;
}

Json field(const FieldSpec& spec) {
    Json out{{"name", spec.name}, {"label", label(spec.label)}, {"type", spec.type}};
    put_flag(out, "custom", spec.custom);
    put_flag(out, "required", spec.required);
    put_flag(out, "read_only", spec.read_only);
    put_flag(out, "create_only", spec.create_only);
    put_flag(out, "unique", spec.unique);
    put_flag(out, "may_be_cut", spec.may_be_cut);
    put_number(out, "max_length", spec.max_length);
    put_number(out, "precision", spec.precision);
    put_number(out, "scale", spec.scale);
    if (!spec.references.empty()) out["references"] = spec.references;
    for (const auto& choice : spec.choices)
        out["choices"].push_back({{"value", choice.value}, {"label", choice.label}});
    put_text(out, "column_hint", spec.column_hint);
    put_text(out, "group", spec.group);
    return out;
}

Json capabilities(const Capabilities& can) {
    Json out{{"pull", can.pull},
             {"create", can.create},
             {"update", can.update},
             {"delete", can.remove},
             {"deleted_feed", can.deleted_feed},
             {"list_ids", can.list_ids},
             {"fetch", can.fetch},
             {"fetch_with_push", can.fetch_with_push},
             {"find_fields", can.find_fields},
             {"cas", can.cas},
             {"push_batch_max", can.push_batch_max},
             {"fetch_batch_max", can.fetch_batch_max}};
    put_number(out, "deleted_retention_days", can.deleted_retention_days);
    put_number(out, "modified_resolution_ms", can.modified_resolution_ms);
    put_text(out, "key_field", can.key_field);
    return out;
}

}  // namespace

std::string to_json(const Identity& identity) {
    Json out{{"org_id", identity.org_id},
             {"org_name", identity.org_name},
             {"user_id", identity.user_id},
             {"user_name", identity.user_name},
             {"server_time_ms", identity.server_time_ms},
             {"credits_limit", identity.credits_limit},
             {"credits_left", identity.credits_left}};
    return dump(out);
}

std::string to_json(const Credits& credits) {
    return dump(Json{{"limit", credits.limit},
                     {"left", credits.left},
                     {"reset_ms", credits.reset_ms},
                     {"spent", credits.spent}});
}

std::string to_json(const std::vector<StreamSpec>& streams) {
    Json list = Json::array();
    for (const auto& stream : streams) {
        Json out{{"name", stream.name},
                 {"label", label(stream.label)},
                 {"custom", stream.custom},
                 {"capabilities", capabilities(stream.capabilities)},
                 {"fields", Json::array()}};
        put_text(out, "entity_hint", stream.entity_hint);
        for (const auto& spec : stream.fields) out["fields"].push_back(field(spec));
        list.push_back(std::move(out));
    }
    return dump(Json{{"streams", std::move(list)}});
}

// Written out: there are as many as records pushed.
std::string to_json(const std::vector<PushResult>& results) {
    std::string out = R"({"results":[)";
    for (const auto& result : results) {
        if (out.back() == '}') out += ',';
        out += R"({"status":)";
        append_json_string(result.status, out);
        const auto put = [&](std::string_view name, const std::string& text) {
            if (text.empty()) return;
            out.append(",\"").append(name).append("\":");
            append_json_string(text, out);
        };
        put("id", result.id);
        put("version", result.version);
        put("action", result.action);
        put("code", result.code);
        put("field", result.field);
        put("message", result.message);
        out += '}';
    }
    return out += "]}";
}

}  // namespace kontor::sdk
