#include "tests/peers/base/switches.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/peers/base/number.hpp"

namespace kontor::peer {

namespace {

bool is_number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
}

bool acceptable(const SwitchDefinition& definition, std::string_view value) {
    if (definition.values == "text") return true;
    if (definition.values == "number") return is_number(value);
    std::string_view rest = definition.values;
    while (true) {
        const std::size_t bar = rest.find('|');
        if (rest.substr(0, bar) == value) return true;
        if (bar == std::string_view::npos) return false;
        rest.remove_prefix(bar + 1);
    }
}

}  // namespace

Switches::Switches(std::span<const SwitchDefinition> definitions) : definitions_(definitions) {
    for (const auto& definition : definitions_)
        values_.emplace(definition.name, definition.initial);
}

const SwitchDefinition* Switches::find(std::string_view name) const {
    for (const auto& definition : definitions_)
        if (definition.name == name) return &definition;
    return nullptr;
}

bool Switches::set(std::string_view name, std::string_view value) {
    const SwitchDefinition* definition = find(name);
    if (definition == nullptr || !acceptable(*definition, value)) return false;
    values_.find(name)->second = value;
    return true;
}

const std::string& Switches::text(std::string_view name) const {
    const auto it = values_.find(name);
    if (it == values_.end()) throw std::logic_error("no switch " + std::string(name));
    return it->second;
}

std::int64_t Switches::number(std::string_view name) const {
    return leading_number(text(name));
}

std::string Switches::list_json() const {
    nlohmann::ordered_json out = nlohmann::ordered_json::array();
    for (const auto& definition : definitions_)
        out.push_back({{"name", definition.name},
                       {"value", text(definition.name)},
                       {"default", definition.initial},
                       {"values", definition.values},
                       {"about", definition.about}});
    return out.dump(1);
}

}  // namespace kontor::peer
