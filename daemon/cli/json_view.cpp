#include "daemon/cli/json_view.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace kontor::cli {
namespace {

using nlohmann::json;

const json& member(const json& object, std::string_view name) {
    static const json none;
    if (!object.is_object()) return none;
    const auto found = object.find(name);
    return found == object.end() ? none : *found;
}

}  // namespace

std::string cell(const json& value) {
    if (value.is_null()) return {};
    if (value.is_string()) return value.get<std::string>();
    const bool plain_list =
        value.is_array() && std::none_of(value.begin(), value.end(),
                                         [](const json& item) { return item.is_structured(); });
    if (!plain_list) return value.dump(-1, ' ', false, json::error_handler_t::replace);
    std::string out;
    for (const auto& item : value) out += (out.empty() ? "" : ", ") + cell(item);
    return out;
}

std::string text_at(const json& object, std::string_view name) {
    const auto& value = member(object, name);
    return value.is_object() ? std::string() : cell(value);
}

std::int64_t integer_at(const json& object, std::string_view name, std::int64_t fallback) {
    const auto& value = member(object, name);
    if (value.is_number_integer()) return value.get<std::int64_t>();
    return fallback;
}

bool flag_at(const json& object, std::string_view name) {
    const auto& value = member(object, name);
    return value.is_boolean() ? value.get<bool>()
                              : value.is_number_integer() && value.get<std::int64_t>() != 0;
}

const json& list_at(const json& object, std::string_view name) {
    static const json none = json::array();
    const auto& value = member(object, name);
    return value.is_array() ? value : none;
}

const json& object_at(const json& object, std::string_view name) {
    static const json none = json::object();
    const auto& value = member(object, name);
    return value.is_object() ? value : none;
}

bool has(const json& object, std::string_view name) {
    return object.is_object() && object.contains(std::string(name));
}

}  // namespace kontor::cli
