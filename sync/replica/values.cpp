#include "sync/replica/values.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "sync/base/clock.hpp"
#include "sync/base/decimal.hpp"

namespace kontor::replica {

namespace {

constexpr std::size_t kDecimalDigitsMax = 100;
/// What a double holds exactly.
constexpr int kRealDigitsMax = 15;

tl::unexpected<Error> wrong(const Field& field, const std::string& wants) {
    return fail(Errc::kInvalid, field.name + " must be " + wants,
                {{"field", field.name}, {"wants", wants}});
}

/// Characters of valid UTF-8 (RFC 3629: no overlong forms, no surrogates); nullopt if it is not.
std::optional<std::size_t> characters(std::string_view text) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++count) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t length = lead < 0x80    ? 1
                                   : lead < 0xC2  ? 0
                                   : lead < 0xE0  ? 2
                                   : lead < 0xF0  ? 3
                                   : lead <= 0xF4 ? 4
                                                  : 0;
        if (length == 0 || i + length > text.size()) return std::nullopt;
        for (std::size_t k = 1; k < length; ++k) {
            const auto c = static_cast<unsigned char>(text[i + k]);
            const unsigned char low = k > 1          ? 0x80
                                      : lead == 0xE0 ? 0xA0
                                      : lead == 0xF0 ? 0x90
                                                     : 0x80;
            const unsigned char high = k > 1          ? 0xBF
                                       : lead == 0xED ? 0x9F
                                       : lead == 0xF4 ? 0x8F
                                                      : 0xBF;
            if (c < low || c > high) return std::nullopt;
        }
        i += length;
    }
    return count;
}

bool is_decimal(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    const auto digits = [](std::string_view part) {
        return !part.empty() &&
               std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
    };
    if (text.size() > kDecimalDigitsMax) return false;
    const auto point = text.find('.');
    if (point == std::string_view::npos) return digits(text);
    return digits(text.substr(0, point)) && digits(text.substr(point + 1));
}

bool is_date(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
    return parse_instant(std::string(text) + "T00:00:00Z").has_value();
}

Result<Value> check_text(const Field& field, const Value& value) {
    if (value.kind() != Kind::kText) return wrong(field, "text");
    const auto length = characters(value.text());
    if (!length) return wrong(field, "valid UTF-8 text");
    // SQL functions and many programs end there.
    if (value.text().find('\0') != std::string::npos)
        return wrong(field, "text without NUL characters");
    if (field.max_length > 0 && *length > static_cast<std::size_t>(field.max_length))
        return wrong(field, "at most " + std::to_string(field.max_length) + " characters, not " +
                                std::to_string(*length));
    return value;
}

/// The canonical text of a number; nullopt for what is none.
std::optional<std::string> decimal_text(const Value& value) {
    switch (value.kind()) {
        case Kind::kInteger:
            return std::to_string(value.integer());
        case Kind::kReal:
            return decimal_from_real(value.real(), -1);
        case Kind::kText:
            return is_decimal(value.text()) ? canonical_decimal(value.text()) : std::nullopt;
        default:
            return std::nullopt;
    }
}

Result<Value> check_number(const Field& field, const Value& value) {
    if (value.kind() == Kind::kReal && !std::isfinite(value.real()))
        return wrong(field, "a finite number");
    const auto text = decimal_text(value);
    if (!text) return wrong(field, "a number");
    if (column_type(field) == "TEXT") return Value(*text);
    // A REAL column cannot hold every digit, and would drop them without a word.
    if (field.type == remote::FieldType::kDecimal && value.kind() != Kind::kReal &&
        significant_digits(*text) > kRealDigitsMax)
        return wrong(field, "a number of at most 15 significant digits");
    return value.kind() == Kind::kText ? Value(*text) : value;
}

Result<Value> check_json(const Field& field, const Value& value) {
    const bool list = field.type == remote::FieldType::kList;
    const char* wants = list ? "a JSON array of texts such as [\"a\",\"b\"]" : "JSON text";
    if (value.kind() != Kind::kText) return wrong(field, wants);
    const auto json = nlohmann::json::parse(value.text(), nullptr, false);
    const bool texts = json.is_array() &&
                       std::ranges::all_of(json, [](const auto& item) { return item.is_string(); });
    if (json.is_discarded() || (list && !texts)) return wrong(field, wants);
    return value;
}

/// Digits as a number, also where a text was given: what is typed is text.
std::optional<std::int64_t> whole_number(const Value& value) {
    if (value.kind() == Kind::kInteger) return value.integer();
    if (value.kind() != Kind::kText) return std::nullopt;
    const std::string_view text = value.text();
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

Result<Value> check_boolean(const Field& field, const Value& value) {
    if (value.kind() == Kind::kText && value.text() == "true") return Value(std::int64_t{1});
    if (value.kind() == Kind::kText && value.text() == "false") return Value(std::int64_t{0});
    const auto number = whole_number(value);
    if (number && (*number == 0 || *number == 1)) return Value(*number);
    return wrong(field, "true or false");
}

/// 42, "42" and "contact:42" for a field that refers to contacts.
Result<Value> check_reference(const Field& field, const Value& value) {
    const auto named =
        value.kind() == Kind::kText ? parse_any_reference(value.text()) : std::nullopt;
    if (field.target == kAnyTarget) {
        if (named) return Value(std::string(named->entity) + ':' + std::to_string(named->id));
        return wrong(field, "a reference such as contact:42");
    }
    if (named && named->entity == field.target) return Value(named->id);
    if (const auto id = whole_number(value)) return Value(*id);
    return wrong(field, "the id of a record of " + field.target);
}

std::size_t edits_between(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row.back();
}

}  // namespace

Result<Value> check_value(const Field& field, const Value& value) {
    using enum remote::FieldType;
    if (value.is_null()) return value;
    if (value.is_absent()) return wrong(field, "a value or null");
    switch (field.type) {
        case kInteger:
            if (const auto number = whole_number(value)) return Value(*number);
            return wrong(field, "a whole number");
        case kBoolean:
            return check_boolean(field, value);
        case kReal:
        case kDecimal:
            return check_number(field, value);
        case kDate:
            if (value.kind() == Kind::kText && is_date(value.text())) return value;
            return wrong(field, "a date, YYYY-MM-DD");
        case kInstant: {
            const auto at =
                value.kind() == Kind::kText ? parse_instant(value.text()) : std::nullopt;
            if (!at) return wrong(field, "a time such as 2026-01-31T09:00:00Z");
            return Value(format_instant(*at));
        }
        case kReference:
            return check_reference(field, value);
        case kList:
        case kJson:
            return check_json(field, value);
        default:
            return check_text(field, value);
    }
}

bool keeps_json(const Field& field) {
    return field.type == remote::FieldType::kList || field.type == remote::FieldType::kJson;
}

bool known_choice(const Field& field, const Value& value) {
    if (field.type != remote::FieldType::kChoice || field.choices.empty() || value.is_blank())
        return true;
    return std::ranges::find(field.choices, value.text(), &remote::Choice::value) !=
           field.choices.end();
}

std::optional<AnyReference> parse_any_reference(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    AnyReference reference{.entity = text.substr(0, colon)};
    const std::string_view digits = text.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), reference.id);
    if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return reference;
}

std::string nearest(std::string_view typed, const std::vector<std::string>& candidates) {
    typed = typed.substr(0, 100);
    std::string best;
    std::size_t best_edits = typed.size() / 3 + 2;
    for (const std::string& candidate : candidates) {
        const std::size_t edits = edits_between(typed, candidate);
        if (edits < best_edits) {
            best_edits = edits;
            best = candidate;
        }
    }
    return best;
}

}  // namespace kontor::replica
