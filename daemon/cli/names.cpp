#include "daemon/cli/names.hpp"

#include <nlohmann/json.hpp>

#include "daemon/cli/json_view.hpp"

namespace kontor::cli {

std::string with_name(const nlohmann::json& names, const std::string& column,
                      const std::string& text) {
    const auto& target = object_at(object_at(names, column), text);
    if (target.empty()) return text;
    return text_at(target, "entity") + ":" + text_at(target, "id") + " (" +
           text_at(target, "name") + ")";
}

}  // namespace kontor::cli
