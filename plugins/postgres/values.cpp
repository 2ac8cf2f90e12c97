#include "plugins/postgres/values.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "connectors/sdk/canonical.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::postgres {
namespace {

// "2026-05-20 10:00:00.123456+00" → "2026-05-20T10:00:00.123456+00:00"
std::optional<std::int64_t> instant_ms(std::string_view text) {
    if (text.size() < 22 || text[10] != ' ' || !text.ends_with("+00")) return std::nullopt;
    std::string iso(text);
    iso[10] = 'T';
    return sdk::parse_instant(iso += ":00");
}

void add_decimal(abi::BatchWriter& out, std::uint16_t field, std::string_view text) {
    std::string decimal;
    if (!sdk::append_decimal(text, decimal)) return;
    if (const auto integer = sdk::as_integer(decimal))
        out.add(field, *integer);
    else
        out.add(field, decimal);
}

void add_real(abi::BatchWriter& out, std::uint16_t field, std::string_view text) {
    double value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec == std::errc() && std::isfinite(value)) out.add(field, value);
}

std::string list_of(std::string_view json) {
    const auto parsed = sdk::parse_json(json, "a list");
    std::vector<std::string> items;
    for (const auto& item : parsed)
        if (item.is_string()) items.push_back(item.get<std::string>());
    return sdk::canonical_list(std::move(items));
}

// What has another form in the database than where it comes from.
std::optional<std::string> converted(const Column& column, const Options& options,
                                     const std::string& from) {
    if (column.kind == Kind::kLocalInstant)
        return "(" + from + "::pg_catalog.timestamptz AT TIME ZONE " + literal(options.time_zone) +
               ")";
    if (column.kind != Kind::kList) return std::nullopt;
    const auto list = from + "::pg_catalog.json";
    return "CASE WHEN " + list + " IS NULL THEN NULL ELSE ARRAY(SELECT" +
           " pg_catalog.json_array_elements_text(" + list + "))" +
           (column.choices.empty() ? "" : "::" + column.sql_type) + " END";
}

std::string text_of(double value) {
    std::array<char, 64> out{};
    const auto end = std::to_chars(out.data(), out.data() + out.size(), value).ptr;
    return {out.data(), end};
}

}  // namespace

std::string read_expression(const Column& column, const Options& options) {
    const auto name = identifier(column.name);
    switch (column.kind) {
        case Kind::kLocalInstant:
            return "(" + name + " AT TIME ZONE " + literal(options.time_zone) + ")";
        case Kind::kList:
            return "pg_catalog.to_json(" + name + ")";
        case Kind::kText:
            return name + "::pg_catalog.text";  // without what pads it
        default:
            return name;
    }
}

void add_value(abi::BatchWriter& out, std::uint16_t field, const Column& column,
               std::optional<std::string_view> text) {
    if (!text) return out.add_null(field);
    if (!column.references.empty()) return out.add(field, *text);
    switch (column.kind) {
        case Kind::kInteger:
        case Kind::kDecimal:
            return add_decimal(out, field, *text);
        case Kind::kReal:
            return add_real(out, field, *text);
        case Kind::kBoolean:
            return out.add(field, std::int64_t{*text == "t" ? 1 : 0});
        case Kind::kDate:
            if (sdk::is_date(*text)) out.add(field, *text);
            return;
        case Kind::kInstant:
        case Kind::kLocalInstant:
            if (const auto ms = instant_ms(*text)) out.add(field, sdk::format_instant(*ms));
            return;
        case Kind::kList:
            return out.add(field, list_of(*text));
        case Kind::kJson:
            return out.add(field, sdk::canonical_json(*text));
        case Kind::kText:
        case Kind::kChoice:
        case Kind::kOther:
        case Kind::kHidden:
            return out.add(field, *text);
    }
}

std::string write_expression(const Column& column, const Options& options, std::size_t number) {
    const auto parameter = "$" + std::to_string(number);
    // No cast: one to varchar(20) would cut in silence what the column refuses.
    return converted(column, options, parameter).value_or(parameter);
}

std::string copied_expression(const Column& column, const Options& options,
                              const std::string& name) {
    if (auto expression = converted(column, options, name)) return *expression;
    return column.base_type.empty() ? name : name + "::" + column.base_type;
}

Cell parameter(const Column& column, const abi::BatchReader::Field& value) {
    switch (value.tag) {
        case abi::Tag::kInteger:
            if (column.kind == Kind::kBoolean) return value.integer != 0 ? "t" : "f";
            return std::to_string(value.integer);
        case abi::Tag::kReal:
            return text_of(value.real);
        case abi::Tag::kText:
            return std::string(value.text);
        case abi::Tag::kAbsent:
        case abi::Tag::kNull:
            break;
    }
    return std::nullopt;
}

}  // namespace kontor::postgres
