#include "daemon/cli/values.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace kontor::cli {
namespace {

using nlohmann::json;

constexpr std::string_view kCompareSigns = "=!<>~^";

std::string trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return std::string(text);
}

/// What a sign in front of `rest` means; takes it away. "" if it is none.
std::string take_compare(std::string_view& rest) {
    constexpr std::pair<std::string_view, std::string_view> kSigns[] = {
        {"!=", "!="}, {"<=", "<="}, {">=", ">="}, {"^=", "startswith"},
        {"=", "="},   {"<", "<"},   {">", ">"},   {"~", "contains"}};
    for (const auto& [sign, name] : kSigns) {
        if (!rest.starts_with(sign)) continue;
        rest.remove_prefix(sign.size());
        return std::string(name);
    }
    return {};
}

}  // namespace

Outcome<Where> parse_where(messages::Language language, std::string_view word) {
    const auto bad = [&] {
        return usage(language, "cli.usage.where", {{"word", std::string(word)}});
    };
    const auto at = word.find_first_of(kCompareSigns);
    if (at == std::string_view::npos) return bad();
    auto rest = word.substr(at);
    Where where{.field = trimmed(word.substr(0, at)), .compare = take_compare(rest), .value = {}};
    where.value = trimmed(rest);
    if (where.field.empty() || where.compare.empty()) return bad();
    if (where.value.empty()) {
        if (where.compare != "=" && where.compare != "!=") return bad();
        where.compare = where.compare == "=" ? "isnull" : "notnull";
    }
    return where;
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
