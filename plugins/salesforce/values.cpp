#include "plugins/salesforce/values.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <vector>

#include "connectors/sdk/canonical.hpp"

namespace kontor::salesforce {
namespace {

using sdk::Json;

struct TypeRow {
    std::string_view name;
    DataType type;
};

constexpr TypeRow kTypes[]{
    {"string", {Kind::kText, "text"}},
    {"textarea", {Kind::kText, "longtext"}},
    {"encryptedstring", {Kind::kText, "text"}},
    {"email", {Kind::kText, "email"}},
    {"phone", {Kind::kText, "phone"}},
    {"url", {Kind::kText, "url"}},
    {"combobox", {Kind::kText, "text"}},
    {"picklist", {Kind::kChoice, "choice"}},
    {"multipicklist", {Kind::kList, "list"}},
    {"boolean", {Kind::kBoolean, "boolean"}},
    {"int", {Kind::kInteger, "integer"}},
    {"long", {Kind::kInteger, "integer"}},
    {"double", {Kind::kDecimal, "decimal"}},
    {"currency", {Kind::kDecimal, "decimal"}},
    {"percent", {Kind::kDecimal, "decimal"}},
    {"date", {Kind::kDate, "date"}},
    {"datetime", {Kind::kInstant, "instant"}},
    {"time", {Kind::kTime, "text"}},
    {"reference", {Kind::kReference, "reference"}},
};

std::vector<std::string> split_list(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto end = text.find(';');
        if (end != 0) out.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return out;
}

// "09:30:00.000Z", in JSON and in CSV.
std::optional<std::int64_t> time_ms(std::string_view text) {
    return sdk::parse_instant("1970-01-01T" + std::string(text));
}

std::string decimal_text(const abi::BatchReader::Field& value) {
    if (value.tag == abi::Tag::kInteger) return std::to_string(value.integer);
    std::string text;
    if (value.tag == abi::Tag::kText)
        return sdk::append_decimal(value.text, text) ? text : std::string();
    if (value.tag != abi::Tag::kReal || !std::isfinite(value.real)) return {};
    char buffer[32];
    for (const int digits : {15, 17}) {  // the shorter one if it reads back the same
        std::snprintf(buffer, sizeof buffer, "%.*g", digits, value.real);
        if (std::strtod(buffer, nullptr) == value.real) break;
    }
    return sdk::append_decimal(buffer, text) ? text : std::string();
}

Json discarded() {
    return Json(Json::value_t::discarded);
}

Json written_list(std::string_view text) {
    const Json list = Json::parse(text, nullptr, false);
    if (!list.is_array()) return discarded();
    std::string out;
    for (const Json& each : list) {
        if (!each.is_string()) return discarded();
        const auto& item = each.get_ref<const std::string&>();
        if (item.empty() || item.find(';') != std::string::npos) return discarded();
        out += (out.empty() ? "" : ";") + item;
    }
    return out.empty() ? Json() : Json(out);
}

Json written_boolean(const abi::BatchReader::Field& value) {
    if (value.tag == abi::Tag::kInteger && (value.integer == 0 || value.integer == 1))
        return value.integer == 1;
    if (value.text == "true" || value.text == "false") return value.text == "true";
    return discarded();
}

}  // namespace

DataType data_type(std::string_view name) {
    for (const TypeRow& row : kTypes)
        if (row.name == name) return row.type;
    return {};
}

bool add_text(Kind kind, std::string_view value, const Prefixes& prefixes, std::uint16_t field,
              abi::BatchWriter& out) {
    if (value.empty()) {
        out.add_null(field);
        return true;
    }
    std::string text;
    switch (kind) {
        case Kind::kInteger:
        case Kind::kDecimal: {
            if (!sdk::append_decimal(value, text)) return false;
            const auto whole = kind == Kind::kInteger ? sdk::as_integer(text) : std::nullopt;
            if (whole)
                out.add(field, *whole);
            else
                out.add(field, std::string_view(text));
            return true;
        }
        case Kind::kBoolean:
            if (value != "true" && value != "false") return false;
            out.add(field, std::int64_t{value == "true"});
            return true;
        case Kind::kDate:
            if (!sdk::is_date(value)) return false;
            break;
        case Kind::kInstant: {
            const auto ms = sdk::parse_instant(value);
            if (!ms) return false;
            text = sdk::format_instant(*ms);
            value = text;
            break;
        }
        case Kind::kTime: {
            const auto ms = time_ms(value);
            if (!ms) return false;
            text = sdk::format_instant(*ms).substr(11, 8);
            value = text;
            break;
        }
        case Kind::kAnyReference: {
            const auto stream = prefixes.find(value.substr(0, 3));
            if (stream == prefixes.end()) return false;  // of an object that is not replicated
            text = stream->second + ":" + std::string(value);
            value = text;
            break;
        }
        case Kind::kList:
            text = sdk::canonical_list(split_list(value));
            value = text;
            break;
        case Kind::kNone:
            return false;
        case Kind::kText:
        case Kind::kChoice:
        case Kind::kReference:
            break;
    }
    out.add(field, value);
    return true;
}

bool add_value(Kind kind, const Json& value, const Prefixes& prefixes, std::uint16_t field,
               abi::BatchWriter& out) {
    if (value.is_structured()) return false;
    if (value.is_string())
        return add_text(kind, value.get_ref<const std::string&>(), prefixes, field, out);
    return add_text(kind, value.is_null() ? std::string() : value.dump(), prefixes, field, out);
}

Json written(Kind kind, const abi::BatchReader::Field& value) {
    const bool empty =
        value.tag == abi::Tag::kNull || (value.tag == abi::Tag::kText && value.text.empty());
    if (empty) return kind == Kind::kBoolean ? Json(false) : Json();  // it knows no third state
    const std::string text =
        value.tag == abi::Tag::kText ? std::string(value.text) : decimal_text(value);
    switch (kind) {
        case Kind::kInteger:
        case Kind::kDecimal: {
            const std::string number = decimal_text(value);
            if (number.empty() || (kind == Kind::kInteger && !sdk::as_integer(number)))
                return discarded();
            return Json::parse(number, nullptr, false);
        }
        case Kind::kBoolean:
            return written_boolean(value);
        case Kind::kDate:
            return sdk::is_date(text) ? Json(text) : discarded();
        case Kind::kInstant: {
            const auto ms = sdk::parse_instant(text);
            return ms ? Json(sdk::format_instant(*ms)) : discarded();
        }
        case Kind::kTime: {
            const auto ms = time_ms(text.size() == 5 ? text + ":00Z" : text + "Z");
            return ms ? Json(sdk::format_instant(*ms).substr(11)) : discarded();
        }
        case Kind::kAnyReference: {
            const auto colon = text.find(':');
            return colon == std::string::npos ? Json(text) : Json(text.substr(colon + 1));
        }
        case Kind::kList:
            return written_list(text);
        case Kind::kNone:
            return discarded();
        case Kind::kText:
        case Kind::kChoice:
        case Kind::kReference:
            break;
    }
    return text;
}

}  // namespace kontor::salesforce
