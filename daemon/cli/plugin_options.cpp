#include "daemon/cli/plugin_options.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/cli/json_view.hpp"

namespace kontor::cli {

using nlohmann::json;

json typed(const json& option, const std::string& text) {
    const auto type = text_at(option, "type");
    if (type == "boolean" && (text == "true" || text == "false")) return text == "true";
    if (type == "integer") {
        auto number = json::parse(text, nullptr, false);
        if (number.is_number_integer()) return number;
    }
    if (type == "list") {
        json list = json::array();
        for (std::size_t at = 0; at <= text.size();) {
            const auto comma = std::min(text.find(',', at), text.size());
            if (comma > at) list.push_back(text.substr(at, comma - at));
            at = comma + 1;
        }
        return list;
    }
    return text;
}

const json& option_named(const json& spec, const std::string& name) {
    static const json none = json::object();
    for (const auto& option : list_at(spec, "options"))
        if (text_at(option, "name") == name) return option;
    return none;
}

const json& sign_in_for(const json& spec, const json& options) {
    static const json none = json::object();
    const auto said = [&](const std::string& name) {
        const auto& given = options.contains(name) ? options : option_named(spec, name);
        return text_at(given, options.contains(name) ? name : "default");
    };
    for (const auto& auth : list_at(spec, "auth")) {
        const auto& wanted = object_at(auth, "when");
        if (std::all_of(wanted.items().begin(), wanted.items().end(),
                        [&](const auto& each) { return said(each.key()) == cell(each.value()); }))
            return auth;
    }
    return none;
}

}  // namespace kontor::cli
