#include "tests/peers/base/order.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace kontor::peer {

void take_only(const nlohmann::json& object, std::string_view name,
               const std::vector<std::string_view>& known) {
    if (!object.is_object()) throw ControlError{std::string(name) + " is not a JSON object"};
    for (const auto& [member, value] : object.items())
        if (std::find(known.begin(), known.end(), member) == known.end())
            throw ControlError{std::string(name) + " takes no '" + member + "'"};
}

void take_known(const nlohmann::json& object, const std::string& name, const Takes& takes) {
    if (const auto known = takes.find(name); known != takes.end())
        take_only(object, name, known->second);
}

nlohmann::json fault_parameters(const nlohmann::json& body, const Takes& takes,
                                const std::vector<std::string_view>& counted) {
    const auto kind = body.at("kind").get<std::string>();
    std::vector<std::string_view> members{"kind", "params"};
    if (kind == "reject_record") members.insert(members.end(), counted.begin(), counted.end());
    take_only(body, kind, members);
    nlohmann::json params = body.value("params", nlohmann::json::object());
    take_known(params, kind, takes);
    return params;
}

std::string one_of(const nlohmann::json& object, const char* name,
                   const std::vector<std::string_view>& values) {
    std::string value = object.at(name).get<std::string>();
    if (std::find(values.begin(), values.end(), value) == values.end())
        throw ControlError{std::string("unknown ") + name + " '" + value + "'"};
    return value;
}

}  // namespace kontor::peer
