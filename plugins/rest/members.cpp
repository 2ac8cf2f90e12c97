#include "plugins/rest/members.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "connectors/declarative/template.hpp"

namespace kontor::rest {
namespace {

using declarative::Pointer;

const Json* first_of(const std::vector<Pointer>& places, const Json& item) {
    for (const auto& place : places)
        if (const Json* found = place.find(item); found != nullptr && !found->is_null())
            return found;
    return nullptr;
}

bool is_blank(const Json& value) {
    return value.is_null() || (value.is_structured() && value.empty()) ||
           (value.is_string() && value.get_ref<const std::string&>().empty());
}

std::vector<std::string_view> split(std::string_view text, const std::string& mark) {
    std::vector<std::string_view> out;
    while (!mark.empty()) {
        const auto at = text.find(mark);
        if (at == std::string_view::npos) break;
        out.push_back(text.substr(0, at));
        text.remove_prefix(at + mark.size());
    }
    out.push_back(text);
    return out;
}

Json of_text(const declarative::Members& members, std::string_view text) {
    Json out = Json::object();
    for (const auto member : split(text, members.ends)) {
        const auto at = member.find(members.between);
        if (at == std::string_view::npos || at == 0) continue;
        const auto value = member.substr(at + members.between.size());
        const auto items = split(value, members.items);
        if (value.empty()) continue;
        Json& place = out[std::string(member.substr(0, at))];
        if (items.size() == 1) {
            place = std::string(value);
            continue;
        }
        place = Json::array();
        for (const auto item : items) place.push_back(std::string(item));
    }
    return out;
}

}  // namespace

std::optional<Json> members_of(const declarative::Members& members, const Json& value) {
    if (value.is_string() && !members.ends.empty())
        return of_text(members, value.get_ref<const std::string&>());
    if (!value.is_array() || members.name.empty()) return std::nullopt;
    Json out = Json::object();
    for (const Json& item : value) {
        const Json* name = first_of(members.name, item);
        const Json* given = first_of(members.value, item);
        if (name == nullptr || name->is_structured() || given == nullptr || is_blank(*given))
            continue;
        out[declarative::as_text(*name)] = *given;
    }
    return out;
}

}  // namespace kontor::rest
