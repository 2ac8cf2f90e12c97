#include "plugins/csv/options.hpp"

#include <algorithm>

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"
#include "plugins/csv/headers.hpp"

namespace kontor::csv {
namespace {

[[noreturn]] void refuse(std::string_view option, std::string_view why) {
    throw sdk::Error(KONTOR_E_INVALID, "option " + std::string(option) + " " + std::string(why));
}

std::vector<std::string> texts(const sdk::Json& options, std::string_view name) {
    std::vector<std::string> out;
    const sdk::Json& list = sdk::member(options, name);
    if (list.is_null()) return out;
    if (!list.is_array()) refuse(name, "must be a list");
    for (const sdk::Json& item : list) {
        if (!item.is_string()) refuse(name, "must be a list of texts");
        out.push_back(item.get<std::string>());
    }
    return out;
}

// "left=right" for each of a list.
std::vector<std::pair<std::string, std::string>> pairs(const sdk::Json& options,
                                                       std::string_view name) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const auto& text : texts(options, name)) {
        const auto equals = text.find('=');
        if (equals == 0 || equals == std::string::npos || equals + 1 == text.size())
            refuse(name, "must be a list of NAME=VALUE: " + text);
        out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    return out;
}

char delimiter(const sdk::Json& options, std::string_view name) {
    const std::string text = sdk::text_of(options, name);
    if (text.empty() || text == "auto") return 0;
    if (text == "comma") return ',';
    if (text == "semicolon") return ';';
    if (text == "tab") return '\t';
    if (text == "bar") return '|';
    refuse(name, "must be auto, comma, semicolon, tab or bar");
}

std::int64_t bounded(const sdk::Json& options, std::string_view name, std::int64_t otherwise,
                     std::int64_t least, std::int64_t most) {
    const std::int64_t value = sdk::integer_of(options, name, otherwise);
    if (value < least || value > most) refuse(name, "is out of range");
    return value;
}

}  // namespace

Options Options::parse(std::string_view config) {
    sdk::Json parsed;
    try {
        parsed = sdk::parse_json(config.empty() ? "{}" : config, "config");
    } catch (const sdk::Error& error) {
        throw sdk::Error(KONTOR_E_INVALID, error.what());
    }
    const sdk::Json& given = sdk::member(parsed, "options");
    Options out;
    if (const auto encoding = sdk::text_of(given, "encoding"); encoding != "auto")
        out.reading.encoding = encoding;
    out.reading.delimiter = delimiter(given, "delimiter");
    out.reading.fill_short_rows = sdk::flag_of(given, "fill_short_rows");
    if (const auto order = sdk::text_of(given, "date_order"); order == "month-first")
        out.habits.date_order = DateOrder::kMonthFirst;
    else if (order == "day-first")
        out.habits.date_order = DateOrder::kDayFirst;
    else if (!order.empty() && order != "auto")
        refuse("date_order", "must be auto, month-first or day-first");
    out.habits.utc_offset_ms = 60'000 * bounded(given, "utc_offset_minutes", 480, -720, 840);
    out.tables = pairs(given, "tables");
    for (auto& [table, column] : pairs(given, "keys")) out.keys[table] = column;
    for (auto& [table, entity] : pairs(given, "entities")) out.entities[table] = entity;
    for (const auto& [column, name] : pairs(given, "types")) {
        const auto type = type_named(name);
        if (!type) refuse("types", "names a type that there is not: " + name);
        out.types[column] = *type;
    }
    for (auto& [column, table] : pairs(given, "references")) out.references[column] = table;
    out.complete = sdk::flag_of(given, "complete");
    out.settle_ms = 1000 * bounded(given, "settle_s", 3, 0, 60);

    out.exports = texts(given, "exports");
    for (const auto& entity : out.exports)
        if (standard_columns(entity).empty())
            refuse("exports", "names a kind of record that is not written to files: " + entity);
    if (const auto encoding = sdk::text_of(given, "out_encoding"); encoding == "UTF-8")
        out.out_mark = false;
    else if (encoding == "GB18030")
        out.out_encoding = encoding, out.out_mark = false;
    else if (!encoding.empty() && encoding != "UTF-8-mark")
        refuse("out_encoding", "must be UTF-8-mark, UTF-8 or GB18030");
    if (const char given_delimiter = delimiter(given, "out_delimiter"); given_delimiter != 0)
        out.out_delimiter = given_delimiter;
    if (const auto headers = sdk::text_of(given, "out_headers"); headers == "zh")
        out.out_chinese = true;
    else if (!headers.empty() && headers != "en")
        refuse("out_headers", "must be en or zh");
    out.defuse = sdk::flag_of(given, "defuse", true);
    return out;
}

}  // namespace kontor::csv
