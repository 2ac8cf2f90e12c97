#include "connectors/kit/sample.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace kontor::kit {
namespace {

using nlohmann::json;
using remote::FieldSpec;
using remote::FieldType;

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// No longer than the field takes, cut between characters.
std::string fitted(const FieldSpec& field, std::string text) {
    if (field.max_length <= 0) return text;
    while (characters(text) > static_cast<std::size_t>(field.max_length)) {
        while ((static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) text.pop_back();
        text.pop_back();
    }
    return text;
}

std::string numbered(const Seed& seed) {
    return seed.token + std::to_string(seed.number);
}

// As far as the places go: 0.05 with two.
std::string smallest(const FieldSpec& field) {
    if (field.scale <= 0) return "7";
    return "0." + std::string(static_cast<std::size_t>(field.scale - 1), '0') + "7";
}

std::string trimmed(std::string text) {
    const auto space = [](unsigned char c) { return c <= ' '; };
    while (!text.empty() && space(static_cast<unsigned char>(text.back()))) text.pop_back();
    const auto first = std::ranges::find_if_not(text, space);
    text.erase(text.begin(), first);
    return text;
}

std::optional<double> number_of(const Value& value) {
    if (value.kind() == Kind::kInteger) return static_cast<double>(value.integer());
    if (value.kind() == Kind::kReal) return value.real();
    if (value.kind() != Kind::kText) return std::nullopt;
    char* end = nullptr;
    const double out = std::strtod(value.text().c_str(), &end);
    if (value.text().empty() || *end != '\0') return std::nullopt;
    return out;
}

Value list_of(std::vector<std::string> items) {
    std::ranges::sort(items);
    return Value(json(items).dump());
}

std::vector<Value> nasty_texts(const FieldSpec& field, const Seed& seed) {
    std::vector<std::string> texts{"王小明（测试）" + seed.token, "😀 é ß ﷽ " + seed.token,
                                   "\"quoted\" 'it' \\ & <b> % {x} ; -- " + seed.token};
    if (field.type == FieldType::kLongText) texts.push_back("one\ntwo\n\nfour " + seed.token);
    // The longest, if it is known and is not a book.
    if (field.max_length > 0 && field.max_length <= 4'000) {
        std::string longest = seed.token;
        for (auto left = field.max_length - static_cast<int>(longest.size()); left > 0; --left)
            longest += left % 2 == 0 ? "长" : "x";
        texts.push_back(std::move(longest));
    }
    std::vector<Value> out;
    for (auto& text : texts) out.emplace_back(fitted(field, std::move(text)));
    return out;
}

}  // namespace

bool can_try(const remote::StreamSpec& stream, const FieldSpec& field, bool create) {
    if (field.read_only || (!create && field.create_only)) return false;
    if (field.name == stream.can.key_field) return false;
    return field.type != FieldType::kFile && field.type != FieldType::kJson;
}

std::optional<Value> sample_of(const FieldSpec& field, const Seed& seed) {
    using enum FieldType;
    switch (field.type) {
        case kText:
        case kLongText: {
            const auto text = "kontor check " + numbered(seed);
            const bool fits =
                field.max_length <= 0 || text.size() <= static_cast<std::size_t>(field.max_length);
            return Value(fitted(field, fits ? text : std::to_string(seed.number)));
        }
        case kEmail:
            return Value("check-" + numbered(seed) + "@example.com");
        case kPhone:
            return Value("138" + std::to_string(10'000'000 + seed.number));
        case kUrl:
            return Value("https://example.com/" + numbered(seed));
        case kInteger:
            return Value(std::int64_t{1} + seed.number % 9);
        case kReal:
            return Value(1.5 + seed.number % 7);
        case kDecimal:
            return Value(std::int64_t{12} + seed.number % 7);
        case kBoolean:
            return Value(std::int64_t{seed.number % 2});
        case kDate:
            return Value("2026-02-2" + std::to_string(seed.number % 9));
        case kInstant:
            return Value("2026-02-2" + std::to_string(seed.number % 9) + "T09:30:00.000Z");
        case kReference:
            for (const auto& stream : field.references)
                if (const auto found = seed.ids.find(stream);
                    found != seed.ids.end() && !found->second.empty()) {
                    const auto& ids = found->second;
                    const auto& id = ids[static_cast<std::size_t>(seed.number) % ids.size()];
                    return Value(field.references.size() > 1 ? stream + ":" + id : id);
                }
            return std::nullopt;
        case kChoice:
            if (field.choices.empty()) return std::nullopt;
            return Value(
                field.choices[static_cast<std::size_t>(seed.number) % field.choices.size()].value);
        case kList:
            if (field.choices.empty()) return std::nullopt;
            return list_of({field.choices.front().value});
        case kJson:
        case kFile:
            return std::nullopt;
    }
    return std::nullopt;
}

std::vector<Value> nasty_values(const FieldSpec& field, const Seed& seed) {
    using enum FieldType;
    std::vector<Value> out;
    switch (field.type) {
        case kText:
        case kLongText:
            out = nasty_texts(field, seed);
            break;
        case kInteger:
            out = {Value(std::int64_t{0}), Value(std::int64_t{-3}), Value(std::int64_t{123'456})};
            break;
        case kReal:
            out = {Value(std::int64_t{0}), Value(-2.5), Value(0.125)};
            break;
        case kDecimal:
            out = {Value(std::int64_t{0}), Value(std::int64_t{-3}),
                   Value("1234" + smallest(field).substr(field.scale > 0 ? 1 : 0)),
                   Value(smallest(field))};
            if (field.scale <= 0) out.resize(2);
            break;
        case kBoolean:
            return {Value(std::int64_t{1}), Value(std::int64_t{0})};  // null is false for many
        case kDate:
            // The ends of days, months and years: where a zone moves a date, it shows.
            out = {Value("2024-02-29"), Value("2025-12-31"), Value("2026-01-01"),
                   Value("1969-12-31")};
            break;
        case kInstant:
            out = {Value("2025-12-31T23:59:59.000Z"), Value("2026-01-01T00:00:00.000Z"),
                   Value("2026-03-29T01:30:00.000Z")};
            break;
        case kChoice:
            for (std::size_t i = 0; i < std::min<std::size_t>(field.choices.size(), 3); ++i)
                out.emplace_back(field.choices[i].value);
            break;
        case kList:
            if (field.choices.size() > 1)
                out.push_back(list_of({field.choices[1].value, field.choices[0].value}));
            break;
        default:
            break;
    }
    if (const auto plain = sample_of(field, seed)) out.push_back(*plain);
    if (!field.required) out.push_back(Value::null());
    return out;
}

bool same_meaning(const FieldSpec& field, const Value& sent, const Value& came) {
    if (came == sent || (sent.is_blank() && came.is_blank())) return true;
    // Blank may mean the default.
    if (sent.is_null() && field.type == FieldType::kChoice) return true;
    if (sent.is_blank() != came.is_blank()) return false;
    using enum FieldType;
    switch (field.type) {
        case kInteger:
        case kReal:
        case kDecimal: {
            const auto a = number_of(sent), b = number_of(came);
            const double slack = field.scale > 0 ? std::pow(10.0, -field.scale) / 2 : 1e-9;
            return a && b && std::abs(*a - *b) <= slack;
        }
        case kInstant:
            // Whole seconds are what every remote keeps.
            return came.kind() == Kind::kText &&
                   came.text().substr(0, 19) == sent.text().substr(0, 19);
        case kText:
        case kLongText:
            return came.kind() == Kind::kText && trimmed(came.text()) == trimmed(sent.text());
        case kPhone:
        case kEmail:
        case kUrl:
            return true;
        default:
            return false;
    }
}

std::string words_of(const Value& value) {
    constexpr std::size_t kMost = 60;
    switch (value.kind()) {
        case Kind::kAbsent:
            return "nothing";
        case Kind::kNull:
            return "null";
        case Kind::kInteger:
            return std::to_string(value.integer());
        case Kind::kReal:
            return json(value.real()).dump();
        case Kind::kText:
            break;
    }
    auto text = value.text();
    if (text.size() > kMost) {
        text.resize(kMost);
        while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U)
            text.pop_back();
        if (!text.empty()) text.pop_back();
        text += "…";
    }
    return "\"" + text + "\"";
}

}  // namespace kontor::kit
