#include "plugins/fxiaoke/values.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/error.hpp"

namespace kontor::fxiaoke {
namespace {

using sdk::Json;

constexpr std::int64_t kDayMs = 86'400'000;

struct TypeRow {
    std::string_view name;
    DataType type;
};

constexpr TypeRow kTypes[]{
    {"text", {Kind::kText, "text", false}},
    {"long_text", {Kind::kText, "longtext", false}},
    {"html_rich_text", {Kind::kText, "longtext", false}},
    {"big_text", {Kind::kText, "longtext", false}},
    {"email", {Kind::kText, "email", false}},
    {"url", {Kind::kText, "url", false}},
    {"phone_number", {Kind::kText, "phone", false}},
    {"number", {Kind::kDecimal, "decimal", false}},
    {"currency", {Kind::kDecimal, "decimal", false}},
    {"percentile", {Kind::kDecimal, "decimal", false}},
    {"select_one", {Kind::kChoice, "choice", false}},
    {"record_type", {Kind::kChoice, "choice", false}},
    {"select_many", {Kind::kList, "list", false}},
    {"tag", {Kind::kList, "list", false}},
    {"array", {Kind::kList, "list", false}},
    {"true_or_false", {Kind::kBoolean, "boolean", false}},
    {"date", {Kind::kDate, "date", false}},
    {"date_time", {Kind::kInstant, "instant", false}},
    {"time", {Kind::kTime, "text", false}},
    {"employee", {Kind::kPerson, "reference", false}},
    {"employee_many", {Kind::kList, "list", false}},
    {"department", {Kind::kOne, "text", false}},
    {"department_many", {Kind::kList, "list", false}},
    {"object_reference", {Kind::kReference, "reference", false}},
    {"master_detail", {Kind::kReference, "reference", false}},
    {"object_reference_many", {Kind::kList, "list", false}},
    {"location", {Kind::kText, "longtext", false}},
    {"country", {Kind::kText, "text", false}},
    {"province", {Kind::kText, "text", false}},
    {"city", {Kind::kText, "text", false}},
    {"district", {Kind::kText, "text", false}},
    {"auto_number", {Kind::kText, "text", true}},
    {"formula", {Kind::kText, "text", true}},
    {"count", {Kind::kDecimal, "decimal", true}},
    {"quote", {Kind::kText, "text", true}},
};

// Lists say one thing in many orders, and a person's list may name nobody.
std::optional<std::vector<std::string>> texts(const Json& value) {
    std::vector<std::string> out;
    if (value.is_string()) return std::vector<std::string>{value.get<std::string>()};
    if (!value.is_array()) return std::nullopt;
    for (const Json& each : value) {
        if (each.is_string())
            out.push_back(each.get<std::string>());
        else if (each.is_number_integer())
            out.push_back(each.dump());
        else
            return std::nullopt;
    }
    return out;
}

// ms as a number, or, where a client wrote it so, as text.
std::optional<std::int64_t> milliseconds(const Json& value) {
    constexpr std::int64_t kMost = 8'640'000'000'000'000;  // beyond the year 9999; fits a double
    std::optional<std::int64_t> out;
    if (value.is_number_float() && std::abs(value.get<double>()) <= static_cast<double>(kMost))
        out = static_cast<std::int64_t>(value.get<double>());
    else if (value.is_number_integer())
        out = value.get<std::int64_t>();
    else if (value.is_string())
        out = sdk::as_integer(value.get<std::string>());
    if (out && (*out > kMost || *out < -kMost)) return std::nullopt;
    return out;
}

std::string date_text(std::int64_t ms, std::int64_t utc_offset_ms) {
    return sdk::format_instant(ms + utc_offset_ms).substr(0, 10);
}

std::string time_text(std::int64_t ms) {
    return sdk::format_instant(((ms % kDayMs) + kDayMs) % kDayMs).substr(11, 8);
}

bool add_decimal(const std::string& token, std::uint16_t field, abi::BatchWriter& out) {
    std::string text;
    if (!sdk::append_decimal(token, text)) return false;
    out.add(field, std::string_view(text));
    return true;
}

std::string number_text(const abi::BatchReader::Field& value) {
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
    Json list = Json::parse(text, nullptr, false);
    if (!list.is_array()) return discarded();
    for (const Json& each : list)
        if (!each.is_string()) return discarded();
    return list;
}

Json written_time(std::string_view text) {
    const std::string whole = "1970-01-01T" + std::string(text) + (text.size() == 5 ? ":00Z" : "Z");
    const auto ms = sdk::parse_instant(whole);
    return ms ? Json(*ms) : discarded();
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

std::string first_of(const Json& value) {
    const auto list = texts(value);
    return list && !list->empty() ? list->front() : std::string();
}

bool add_value(Kind kind, const Json& value, std::int64_t utc_offset_ms, std::uint16_t field,
               abi::BatchWriter& out) {
    const bool empty_text = value.is_string() && value.get_ref<const std::string&>().empty();
    if (value.is_null() || empty_text) {
        out.add_null(field);
        return true;
    }
    switch (kind) {
        case Kind::kDecimal:
            return add_decimal(value.is_string() ? value.get<std::string>() : value.dump(), field,
                               out);
        case Kind::kBoolean: {
            const bool yes = value == true || value == "true";
            if (!yes && value != false && value != "false") return false;
            out.add(field, std::int64_t{yes});
            return true;
        }
        case Kind::kDate:
        case Kind::kInstant:
        case Kind::kTime: {
            const auto ms = milliseconds(value);
            if (!ms) return false;
            const std::string text = kind == Kind::kDate   ? date_text(*ms, utc_offset_ms)
                                     : kind == Kind::kTime ? time_text(*ms)
                                                           : sdk::format_instant(*ms);
            out.add(field, std::string_view(text));
            return true;
        }
        case Kind::kPerson:
        case Kind::kOne: {
            const auto list = texts(value);
            if (!list) return false;
            if (list->empty() || list->front().empty() || list->front() == kSystemUser)
                out.add_null(field);
            else
                out.add(field, std::string_view(list->front()));
            return true;
        }
        case Kind::kList: {
            auto list = texts(value);
            if (!list) return false;
            if (list->empty())
                out.add_null(field);
            else
                out.add(field, std::string_view(sdk::canonical_list(std::move(*list))));
            return true;
        }
        case Kind::kJson:
            out.add(field, std::string_view(sdk::canonical_json(value.dump())));
            return true;
        case Kind::kText:
        case Kind::kChoice:
        case Kind::kReference:
            if (value.is_structured()) return false;
            out.add(field,
                    std::string_view(value.is_string() ? value.get<std::string>() : value.dump()));
            return true;
    }
    return false;
}

Json written(Kind kind, const abi::BatchReader::Field& value, std::int64_t utc_offset_ms) {
    if (value.tag == abi::Tag::kNull || (value.tag == abi::Tag::kText && value.text.empty())) {
        if (kind == Kind::kList || kind == Kind::kPerson || kind == Kind::kOne)
            return Json::array();
        return nullptr;
    }
    const std::string text =
        value.tag == abi::Tag::kText ? std::string(value.text) : number_text(value);
    switch (kind) {
        case Kind::kDecimal: {
            const std::string number = number_text(value);
            return number.empty() ? discarded() : Json(number);
        }
        case Kind::kBoolean:
            return written_boolean(value);
        case Kind::kDate: {
            const auto ms = sdk::parse_instant(text + "T00:00:00Z");
            return sdk::is_date(text) && ms ? Json(*ms - utc_offset_ms) : discarded();
        }
        case Kind::kInstant: {
            const auto ms = sdk::parse_instant(text);
            return ms ? Json(*ms) : discarded();
        }
        case Kind::kTime:
            return written_time(text);
        case Kind::kPerson:
        case Kind::kOne:
            return Json::array({text});
        case Kind::kList:
            return written_list(text);
        case Kind::kJson:
            return discarded();
        case Kind::kText:
        case Kind::kChoice:
        case Kind::kReference:
            break;
    }
    return text;
}

}  // namespace kontor::fxiaoke
