#include "sync/merge/mapping_json.hpp"

#include <nlohmann/json.hpp>

namespace kontor::merge {
namespace {

using nlohmann::json;

json field_json(const FieldMapping& field) {
    return {{"remote", field.remote},
            {"columns", field.columns},
            {"lens", static_cast<int>(field.lens)},
            {"type", remote::to_string(field.type)},
            {"direction", static_cast<int>(field.direction)},
            {"read_only", field.read_only},
            {"create_only", field.create_only},
            {"required", field.required},
            {"may_be_cut", field.may_be_cut},
            {"max_length", field.max_length},
            {"scale", field.scale},
            {"references", field.references},
            {"choices", field.choices}};
}

FieldMapping field_from(const json& in) {
    FieldMapping field;
    in.at("remote").get_to(field.remote);
    in.at("columns").get_to(field.columns);
    field.lens = static_cast<LensKind>(in.at("lens").get<int>());
    field.type = remote::field_type_from(in.at("type").get<std::string>())
                     .value_or(remote::FieldType::kText);
    field.direction = static_cast<Direction>(in.at("direction").get<int>());
    in.at("read_only").get_to(field.read_only);
    in.at("create_only").get_to(field.create_only);
    in.at("required").get_to(field.required);
    in.at("may_be_cut").get_to(field.may_be_cut);
    in.at("max_length").get_to(field.max_length);
    in.at("scale").get_to(field.scale);
    in.at("references").get_to(field.references);
    in.at("choices").get_to(field.choices);
    return field;
}

}  // namespace

std::string to_json(const StreamMapping& mapping) {
    json groups = json::array();
    for (const auto& group : mapping.groups) {
        json fields = json::array();
        for (const auto& field : group.fields) fields.push_back(field_json(field));
        json out{{"name", group.name},
                 {"policy", to_string(group.policy)},
                 {"fallback", to_string(group.fallback)},
                 {"owner", group.owner},
                 {"fields", std::move(fields)}};
        if (group.standing)
            out["standing"] = {{"instead", to_string(group.standing->instead)},
                               {"by", group.standing->by},
                               {"at", group.standing->at}};
        groups.push_back(std::move(out));
    }
    return json{{"stream", mapping.stream},
                {"entity", mapping.entity},
                {"key_field", mapping.key_field},
                {"push", mapping.push},
                {"create", mapping.create},
                {"delete_there", static_cast<int>(mapping.delete_there)},
                {"delete_relayed", static_cast<int>(mapping.delete_relayed)},
                {"delete_here", static_cast<int>(mapping.delete_here)},
                {"delete_against_edit", to_string(mapping.delete_against_edit)},
                {"groups", std::move(groups)}}
        .dump();
}

Result<StreamMapping> stream_mapping_from_json(std::string_view text) {
    try {
        const json in = json::parse(text);
        StreamMapping out;
        in.at("stream").get_to(out.stream);
        in.at("entity").get_to(out.entity);
        in.at("key_field").get_to(out.key_field);
        in.at("push").get_to(out.push);
        in.at("create").get_to(out.create);
        out.delete_there = static_cast<DeletePolicy>(in.at("delete_there").get<int>());
        out.delete_relayed = static_cast<DeletePolicy>(in.at("delete_relayed").get<int>());
        out.delete_here = static_cast<DeletePolicy>(in.at("delete_here").get<int>());
        out.delete_against_edit =
            policy_from(in.at("delete_against_edit").get<std::string>()).value_or(Policy::kLocal);
        for (const auto& group_in : in.at("groups")) {
            GroupMapping group;
            group_in.at("name").get_to(group.name);
            group.policy =
                policy_from(group_in.at("policy").get<std::string>()).value_or(Policy::kManual);
            group.fallback =
                policy_from(group_in.at("fallback").get<std::string>()).value_or(Policy::kManual);
            group.owner = group_in.value("owner", "");
            if (const auto standing = group_in.find("standing"); standing != group_in.end())
                group.standing = StandingDecision{
                    .instead = policy_from(standing->at("instead").get<std::string>())
                                   .value_or(Policy::kManual),
                    .by = standing->at("by").get<std::string>(),
                    .at = standing->at("at").get<std::string>()};
            for (const auto& field : group_in.at("fields"))
                group.fields.push_back(field_from(field));
            out.groups.push_back(std::move(group));
        }
        return out;
    } catch (const json::exception& error) {
        return fail(Errc::kCorrupt, std::string("stored mapping: ") + error.what());
    }
}

std::string shape(const GroupMapping& group) {
    json out = json::array();
    for (const auto& field : group.fields)
        out.push_back({field.remote, field.columns, static_cast<int>(field.lens),
                       remote::to_string(field.type), field.max_length, field.scale,
                       field.references, field.choices});
    return out.dump();
}

}  // namespace kontor::merge
