#include "daemon/cli/values.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace kontor::cli {

using nlohmann::json;

Outcome<Where> parse_where(messages::Language language, std::string_view word) {
    if (auto where = api::split_where(word)) return std::move(*where);
    return usage(language, "cli.usage.where", {{"word", std::string(word)}});
}

Outcome<json> parse_values(messages::Language language, const std::vector<std::string>& words) {
    auto values = json::object();
    for (const auto& word : words) {
        const auto at = word.find('=');
        if (at == std::string::npos || at == 0)
            return usage(language, "cli.usage.pair", {{"word", word}});
        const bool is_json = word[at - 1] == ':';
        const auto name = word.substr(0, is_json ? at - 1 : at);
        const auto text = word.substr(at + 1);
        if (name.empty()) return usage(language, "cli.usage.pair", {{"word", word}});
        if (values.contains(name)) return usage(language, "cli.usage.twice", {{"name", name}});
        if (!is_json) {
            values[name] = text.empty() ? json(nullptr) : json(text);
            continue;
        }
        auto value = json::parse(text, nullptr, false);
        if (value.is_discarded()) return usage(language, "cli.usage.json_value", {{"word", word}});
        values[name] = std::move(value);
    }
    return values;
}

Outcome<std::vector<std::pair<std::string, std::string>>> parse_pairs(
    messages::Language language, const std::vector<std::string>& words) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const auto& word : words) {
        const auto at = word.find('=');
        if (at == std::string::npos || at == 0)
            // The word may be a secret: not repeated in full.
            return usage(language, "cli.usage.pair", {{"word", word.substr(0, 8) + "…"}});
        const auto name = word.substr(0, at);
        const bool twice = std::any_of(pairs.begin(), pairs.end(),
                                       [&](const auto& pair) { return pair.first == name; });
        if (twice) return usage(language, "cli.usage.twice", {{"name", name}});
        pairs.emplace_back(name, word.substr(at + 1));
    }
    return pairs;
}

}  // namespace kontor::cli
