#include "sync/merge/validate.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sync/merge/lens.hpp"

namespace kontor::merge {
namespace {

using remote::FieldType;

/// Characters quoted of a value that is not on a list.
constexpr std::size_t kQuotedMax = 40;

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::size_t whole_digits(std::string_view number) {
    const auto digits = number.substr(0, number.find('.'));
    const auto first = digits.find_first_not_of("-0");
    return first == std::string_view::npos ? 0 : digits.size() - first;
}

std::optional<Flaw> off_list(const remote::FieldSpec& described, const std::string& text) {
    if (std::ranges::find(described.choices, text, &remote::Choice::value) !=
        described.choices.end())
        return std::nullopt;
    const bool quotable = text.size() <= kQuotedMax;
    return Flaw{"KONTOR_CHOICE", quotable
                                     ? "'" + text + "' is not on the field's list at the remote"
                                     : "is not on the field's list at the remote"};
}

std::optional<Flaw> choice_flaw(const FieldMapping& field, const remote::FieldSpec& described,
                                const Value& value) {
    if (described.choices.empty()) return std::nullopt;
    if (field.type == FieldType::kChoice) return off_list(described, value.text());
    if (field.type != FieldType::kList) return std::nullopt;
    const auto list = nlohmann::json::parse(value.text(), nullptr, false);
    if (!list.is_array()) return Flaw{"KONTOR_VALUE", "is not a list of texts"};
    for (const auto& item : list) {
        if (!item.is_string()) return Flaw{"KONTOR_VALUE", "is not a list of texts"};
        if (auto flaw = off_list(described, item.get<std::string>())) return flaw;
    }
    return std::nullopt;
}

std::optional<Flaw> length_flaw(const FieldMapping& field, const remote::FieldSpec* described,
                                const Value& value) {
    if (value.kind() != Kind::kText) return std::nullopt;
    if (field.type == FieldType::kDecimal) {
        const int digits = described != nullptr ? described->precision - described->scale : 0;
        if (digits > 0 && whole_digits(value.text()) > static_cast<std::size_t>(digits))
            return Flaw{"KONTOR_LENGTH",
                        "has more than " + std::to_string(digits) + " digits before the point"};
        return std::nullopt;
    }
    const int limit = described != nullptr && described->max_length > 0 ? described->max_length
                                                                        : field.max_length;
    const bool text = field.type == FieldType::kText || field.type == FieldType::kLongText ||
                      field.type == FieldType::kEmail || field.type == FieldType::kPhone ||
                      field.type == FieldType::kUrl;
    if (!text || limit <= 0 || characters(value.text()) <= static_cast<std::size_t>(limit))
        return std::nullopt;
    return Flaw{"KONTOR_LENGTH", "is longer than " + std::to_string(limit) + " characters"};
}

}  // namespace

std::optional<Flaw> flaw_of(const FieldMapping& field, const remote::FieldSpec* described,
                            const Value& value) {
    if (value.is_blank()) {
        if (field.required || (described != nullptr && described->required))
            return Flaw{"KONTOR_REQUIRED", "is required by the remote and has no value"};
        return std::nullopt;
    }
    if (auto why = sendable(field, value); !why.empty())
        return Flaw{std::string(is_broken(value) ? kReferenceCode : "KONTOR_VALUE"), why};
    if (described != nullptr)
        if (auto flaw = choice_flaw(field, *described, value)) return flaw;
    return length_flaw(field, described, value);
}

}  // namespace kontor::merge
