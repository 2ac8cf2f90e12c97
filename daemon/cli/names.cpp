#include "daemon/cli/names.hpp"

#include <nlohmann/json.hpp>

#include "daemon/cli/json_view.hpp"
#include "daemon/cli/width.hpp"

namespace kontor::cli {

std::string with_name(const nlohmann::json& names, const std::string& column,
                      const std::string& text) {
    const auto& target = object_at(object_at(names, column), text);
    if (target.empty()) return text;
    return text_at(target, "entity") + ":" + text_at(target, "id") + " (" +
           text_at(target, "name") + ")";
}

std::string side_text(const nlohmann::json& object, const std::string& side) {
    const auto& target = object_at(object_at(object, "records"), side);
    if (target.empty()) return text_at(object, side);
    const auto name = text_at(target, "name");
    return text_at(target, "entity") + ":" + text_at(target, "id") +
           (name.empty() ? "" : " (" + one_line(name) + ")");
}

std::string label_of(Context& context, const nlohmann::json& object) {
    const auto& label = object_at(object, "label");
    const auto own = text_at(label, messages::to_string(context.language()));
    return own.empty() ? text_at(label, "en") : own;
}

}  // namespace kontor::cli
