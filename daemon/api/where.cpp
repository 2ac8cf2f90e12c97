#include "daemon/api/where.hpp"

#include <utility>

namespace kontor::api {
namespace {

constexpr std::string_view kCompareSigns = "=!<>~^";

std::string trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return std::string(text);
}

/// What a sign in front of `rest` means; takes it away. "" if it is none.
std::string take_compare(std::string_view& rest) {
    constexpr std::pair<std::string_view, std::string_view> kSigns[] = {
        {"!=", "!="}, {"<>", "!="}, {"<=", "<="}, {">=", ">="}, {"^=", "startswith"},
        {"==", "="},  {"=", "="},   {"<", "<"},   {">", ">"},   {"~", "contains"}};
    for (const auto& [sign, name] : kSigns) {
        if (!rest.starts_with(sign)) continue;
        rest.remove_prefix(sign.size());
        return std::string(name);
    }
    return {};
}

}  // namespace

std::optional<Where> split_where(std::string_view word) {
    const auto at = word.find_first_of(kCompareSigns);
    if (at == std::string_view::npos) return std::nullopt;
    auto rest = word.substr(at);
    Where where{.field = trimmed(word.substr(0, at)), .compare = take_compare(rest), .value = {}};
    where.value = trimmed(rest);
    if (where.field.empty() || where.compare.empty()) return std::nullopt;
    if (where.value.empty()) {
        if (where.compare != "=" && where.compare != "!=") return std::nullopt;
        where.compare = where.compare == "=" ? "isnull" : "notnull";
    }
    return where;
}

}  // namespace kontor::api
