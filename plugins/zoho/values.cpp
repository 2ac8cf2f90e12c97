#include "plugins/zoho/values.hpp"

#include <cmath>
#include <cstdio>

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::zoho {
namespace {

struct TypeRow {
    std::string_view name;
    DataType type;
};

constexpr TypeRow kTypes[]{
    {"text", {Kind::kText, "text", false, true}},
    {"textarea", {Kind::kText, "longtext", false, true}},
    {"mediumtext", {Kind::kText, "longtext", false, true}},
    {"email", {Kind::kText, "email", false, true}},
    {"phone", {Kind::kText, "phone", false, true}},
    {"website", {Kind::kText, "url", false, true}},
    {"picklist", {Kind::kChoice, "choice", false, true}},
    {"multiselectpicklist", {Kind::kList, "list", false, true}},
    {"lookup", {Kind::kReference, "reference", false, true}},
    {"ownerlookup", {Kind::kReference, "reference", false, true}},
    {"userlookup", {Kind::kReference, "reference", false, true}},
    {"multi_module_lookup", {Kind::kAnyReference, "reference", false, true}},
    {"multiuserlookup", {Kind::kJson, "json", false, true}},
    {"multiselectlookup", {Kind::kJson, "json", false, true}},
    {"integer", {Kind::kInteger, "integer", false, true}},
    {"bigint", {Kind::kInteger, "integer", false, true}},
    {"long", {Kind::kInteger, "integer", false, true}},
    {"double", {Kind::kDecimal, "decimal", false, true}},
    {"decimal", {Kind::kDecimal, "decimal", false, true}},
    {"currency", {Kind::kDecimal, "decimal", false, true}},
    {"percent", {Kind::kDecimal, "decimal", false, true}},
    {"boolean", {Kind::kBoolean, "boolean", false, true}},
    {"date", {Kind::kDate, "date", false, true}},
    {"datetime", {Kind::kInstant, "instant", false, true}},
    {"autonumber", {Kind::kText, "text", true, true}},
    {"formula", {Kind::kText, "text", true, true}},
    {"rollup_summary", {Kind::kDecimal, "decimal", true, true}},
    {"subform", {Kind::kJson, "json", false, true}},
    {"event_reminder", {Kind::kJson, "json", false, true}},
    {"multireminder", {Kind::kJson, "json", false, true}},
    {"ALARM", {Kind::kJson, "json", false, true}},
    {"RRULE", {Kind::kJson, "json", false, true}},
    {"time_range", {Kind::kJson, "json", false, true}},
    {"linetax", {Kind::kJson, "json", false, true}},
    {"fileupload", {Kind::kJson, "json", true, true}},
    {"imageupload", {Kind::kJson, "json", true, true}},
    {"profileimage", {Kind::kText, "text", true, true}},
    {"consent_lookup", {Kind::kJson, "json", true, true}},
    {"layout", {Kind::kJson, "json", true, true}},
    {"module", {Kind::kJson, "json", true, true}},
};

using Field = abi::BatchReader::Field;

bool append_number(const Field& value, bool whole, std::string& out) {
    std::string text;
    switch (value.tag) {
        case abi::Tag::kInteger:
            out += std::to_string(value.integer);
            return true;
        case abi::Tag::kReal: {
            if (!std::isfinite(value.real)) return false;
            char buffer[32];
            for (const int digits : {15, 17}) {  // the shorter one if it reads back the same
                std::snprintf(buffer, sizeof buffer, "%.*g", digits, value.real);
                if (std::strtod(buffer, nullptr) == value.real) break;
            }
            if (!sdk::append_decimal(buffer, text)) return false;
            break;
        }
        default:
            if (!sdk::append_decimal(value.text, text)) return false;
    }
    if (whole && text.find('.') != std::string::npos) return false;
    out += text;
    return true;
}

bool append_boolean(const Field& value, std::string& out) {
    if (value.tag == abi::Tag::kInteger && (value.integer == 0 || value.integer == 1)) {
        out += value.integer == 1 ? "true" : "false";
        return true;
    }
    if (value.tag == abi::Tag::kText && (value.text == "true" || value.text == "false")) {
        out += value.text;
        return true;
    }
    return false;
}

bool append_json(std::string_view text, bool array, std::string& out) {
    try {
        const sdk::Json parsed = sdk::parse_json(text, "value");
        if (array) {
            if (!parsed.is_array()) return false;
            for (const auto& item : parsed)
                if (!item.is_string()) return false;
        }
        out += text;  // as it is: a number keeps its digits
        return true;
    } catch (const sdk::Error&) {
        return false;
    }
}

bool append_reference(Kind kind, std::string_view text, std::string& out) {
    const AnyReference target =
        kind == Kind::kAnyReference ? split_reference(text) : AnyReference{"", text};
    out += "{\"id\":";
    sdk::append_json_string(target.id, out);
    out += '}';
    return !target.id.empty();
}

bool append_instant(std::string_view text, std::string& out) {
    const auto ms = sdk::parse_instant(text);
    if (!ms) return false;
    out.append(1, '"').append(sdk::format_seconds_offset(*ms)).append(1, '"');
    return true;
}

}  // namespace

DataType data_type(std::string_view name) {
    for (const TypeRow& row : kTypes)
        if (row.name == name) return row.type;
    return {Kind::kJson, "json", true, false};
}

AnyReference split_reference(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return {"", text};
    return {text.substr(0, colon), text.substr(colon + 1)};
}

bool append_zoho_value(Kind kind, const abi::BatchReader::Field& value, std::string& out) {
    if (value.tag == abi::Tag::kNull || (value.tag == abi::Tag::kText && value.text.empty())) {
        out += "null";  // Zoho has no empty text
        return true;
    }
    switch (kind) {
        case Kind::kInteger:
            return append_number(value, true, out);
        case Kind::kDecimal:
            return append_number(value, false, out);
        case Kind::kBoolean:
            return append_boolean(value, out);
        default:
            break;
    }
    if (value.tag == abi::Tag::kInteger || value.tag == abi::Tag::kReal) {
        if (kind != Kind::kText && kind != Kind::kRichText && kind != Kind::kChoice &&
            kind != Kind::kReference)
            return false;
        std::string text;
        if (!append_number(value, false, text)) return false;
        if (kind == Kind::kReference) return append_reference(kind, text, out);
        sdk::append_json_string(text, out);
        return true;
    }
    switch (kind) {
        case Kind::kDate:
            if (!sdk::is_date(value.text)) return false;
            sdk::append_json_string(value.text, out);
            return true;
        case Kind::kInstant:
            return append_instant(value.text, out);
        case Kind::kReference:
        case Kind::kAnyReference:
            return append_reference(kind, value.text, out);
        case Kind::kList:
            return append_json(value.text, true, out);
        case Kind::kJson:
            return append_json(value.text, false, out);
        default:
            sdk::append_json_string(value.text, out);
            return true;
    }
}

}  // namespace kontor::zoho
