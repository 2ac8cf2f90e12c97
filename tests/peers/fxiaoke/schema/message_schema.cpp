#include "tests/peers/fxiaoke/schema/message_schema.hpp"

#include <nlohmann/json.hpp>

#include "tests/peers/base/schema.hpp"

namespace kontor::fxiaoke_schema {

namespace {

struct Known {
    std::string_view path, name;
};
constexpr Known kCalls[] = {
    {"/oauth2.0/token", "token_new"},
    {"/cgi/corpAccessToken/get/V2", "token_old"},
    {"/cgi/user/list", "users"},
    {"/cgi/crm/v2/object/list", "object_list"},
    {"/cgi/crm/v2/object/describe", "describe"},
    {"/cgi/crm/v2/object/lock", "lock"},
    {"/cgi/crm/v2/object/unlock", "lock"},
    {"/cgi/crm/team/add", "team"},
};

std::string name_of(std::string_view path) {
    for (const Known& each : kCalls)
        if (each.path == path) return std::string(each.name);
    for (const std::string_view family : {"/cgi/crm/v2/data/", "/cgi/crm/custom/v2/data/"})
        if (path.starts_with(family)) return std::string(path.substr(family.size()));
    return "unknown";
}

}  // namespace

std::string request_kind(std::string_view path) {
    return name_of(path) + "_request";
}

std::string response_kind(std::string_view path) {
    return name_of(path) + "_response";
}

std::vector<std::string> problems(const std::string& kind, const nlohmann::json& message) {
    static peer::SchemaRegistry registry(
        peer::read_json(KONTOR_FXIAOKE_SCHEMA_DIR "/messages.json"), "definitions");
    return registry.problems(kind, message);
}

}  // namespace kontor::fxiaoke_schema
