#include "plugins/postgres/ids.hpp"

#include "connectors/sdk/json.hpp"

namespace kontor::postgres {

std::string join_id(const std::vector<std::string>& parts) {
    if (parts.size() == 1) return parts[0];
    return sdk::Json(parts).dump(-1, ' ', false, sdk::Json::error_handler_t::replace);
}

std::vector<std::string> split_id(std::string_view id, std::size_t count) {
    if (count == 1) return {std::string(id)};
    std::vector<std::string> out;
    const auto json = sdk::Json::parse(id, nullptr, false);
    if (!json.is_array()) return {};
    for (const auto& part : json)
        if (part.is_string()) out.push_back(part.get<std::string>());
    return out.size() == count && json.size() == count ? out : std::vector<std::string>();
}

}  // namespace kontor::postgres
