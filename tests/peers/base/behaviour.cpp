#include "tests/peers/base/behaviour.hpp"

#include <nlohmann/json.hpp>

#include "tests/peers/base/order.hpp"

namespace kontor::peer {

namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
char upper_letter(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}
char lower_letter(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string phone(const std::string& text) {
    std::string digits;
    for (const char c : text) {
        if (c >= '0' && c <= '9') digits += c;
    }
    if (digits.empty()) return text;
    if (digits.starts_with("86") && text.starts_with('+')) digits.erase(0, 2);
    return "+86 " + digits;
}

std::string title(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i)
        out += i == 0 || !is_letter(text[i - 1]) ? upper_letter(text[i]) : lower_letter(text[i]);
    return out;
}

std::string truncate(const std::string& text, std::int64_t length) {
    std::int64_t seen = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
        if (seen++ == length) return text.substr(0, i);
    }
    return text;
}

std::string trim(const std::string& text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

NormaliseRule read_normalise_rule(std::string module, const nlohmann::json& params) {
    NormaliseRule rule{
        std::move(module), params.at("field").get<std::string>(),
        one_of(params, "rule", {"phone", "trim", "truncate", "title", "upper", "lower"}),
        params.value("length", std::int64_t{0})};
    if (rule.rule == "truncate" && !params.contains("length"))
        throw ControlError{"truncate needs a 'length'"};
    return rule;
}

std::string normalised(const NormaliseRule& rule, const std::string& text) {
    if (rule.rule == "phone") return phone(text);
    if (rule.rule == "title") return title(text);
    if (rule.rule == "truncate") return truncate(text, rule.length);
    if (rule.rule == "trim") return trim(text);
    std::string out = text;
    for (char& c : out) {
        if (rule.rule == "upper") c = upper_letter(c);
        if (rule.rule == "lower") c = lower_letter(c);
    }
    return out;
}

}  // namespace kontor::peer
