#include "daemon/api/record_query.hpp"

#include <algorithm>

#include "daemon/api/json_io.hpp"

namespace kontor::api {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> out;
    std::size_t at = 0;
    while (at <= text.size() && !text.empty()) {
        const auto end = std::min(text.find(separator, at), text.size());
        if (end > at) out.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

// A typed filter value: numbers compare as numbers in numeric columns. What is of another kind than
// the column would never be found, which is no answer.
Result<Value> filter_value(const replica::Entity& entity, const replica::Filter& filter,
                           const std::string& text) {
    const std::string& column = filter.column;
    const auto wants = [&](const char* what) {
        return fail(Errc::kInvalid, "filter on " + column + " needs " + what,
                    {{"key", "filter"}, {"field", column}, {"wants", what}});
    };
    const auto* field = entity.field(column);
    const auto type = field != nullptr ? field->type : remote::FieldType::kText;
    const bool numeric = column == "id" || type == remote::FieldType::kInteger ||
                         type == remote::FieldType::kReal || type == remote::FieldType::kDecimal ||
                         type == remote::FieldType::kBoolean ||
                         type == remote::FieldType::kReference;
    const bool part = filter.compare == replica::Compare::kContains ||
                      filter.compare == replica::Compare::kStartsWith;
    if (part) return Value(text);
    const bool day = type == remote::FieldType::kDate || type == remote::FieldType::kInstant;
    // The beginning of a time will do, for they are in the order of text.
    if (day && (text.empty() || text[0] < '0' || text[0] > '9')) return wants("a date, YYYY-MM-DD");
    if (!numeric) return Value(text);
    if (text == "true") return Value(std::int64_t{1});
    if (text == "false") return Value(std::int64_t{0});
    const auto number = json::parse(text, nullptr, false);
    if (number.is_number_integer()) return Value(number.get<std::int64_t>());
    if (number.is_number_float()) return Value(number.get<double>());
    return wants("a number");
}

Result<replica::Filter> parse_filter(const replica::Entity& entity, const std::string& text) {
    const auto first = text.find(':');
    const auto second = first == std::string::npos ? first : text.find(':', first + 1);
    replica::Filter filter;
    filter.column = text.substr(0, first);
    const auto name = first == std::string::npos ? "" : text.substr(first + 1, second - first - 1);
    const auto compare = replica::compare_from(name);
    if (!compare) return fail(Errc::kInvalid, "a filter is COLUMN:OP:VALUE", {{"key", "filter"}});
    filter.compare = *compare;
    const bool test =
        *compare == replica::Compare::kIsNull || *compare == replica::Compare::kIsNotNull;
    if (test) return filter;
    if (second == std::string::npos)
        return fail(Errc::kInvalid, "a filter is COLUMN:OP:VALUE", {{"key", "filter"}});
    const auto value = text.substr(second + 1);
    if (*compare == replica::Compare::kIn) {
        for (const auto& one : split(value, ',')) {
            auto typed = filter_value(entity, filter, one);
            if (!typed) return pass(typed);
            filter.values.push_back(std::move(*typed));
        }
    } else {
        auto typed = filter_value(entity, filter, value);
        if (!typed) return pass(typed);
        filter.values.push_back(std::move(*typed));
    }
    return filter;
}

}  // namespace

std::vector<std::string> named_fields(const ApiRequest& request) {
    return split(request.get("fields"), ',');
}

Result<replica::Query> read_query(const ApiRequest& request, const replica::Entity& entity) {
    replica::Query query;
    query.entity = entity.name;
    for (const auto& text : request.all("filter")) {
        auto filter = parse_filter(entity, text);
        if (!filter) return pass(filter);
        query.filters.push_back(std::move(*filter));
    }
    for (const char* key : {"sort", "fields"})
        if (!request.all(key).empty() && split(request.get(key), ',').empty())
            return fail(Errc::kInvalid, std::string(key) + " names no column", {{"key", key}});
    for (const auto& name : split(request.get("sort"), ',')) {
        const bool descending = name[0] == '-';
        query.sort.push_back({descending ? name.substr(1) : name, descending});
    }
    query.columns = named_fields(request);
    if (!query.columns.empty()) {
        // Every record shows who it is.
        std::erase_if(query.columns, [](const auto& c) { return c == "id" || c == "uid"; });
        query.columns.insert(query.columns.begin(), {"id", "uid"});
    }
    auto limit = number_of(request, "limit", 50, 1, replica::kPageMax);
    if (!limit) return pass(limit);
    query.limit = *limit;
    auto offset = number_of(request, "offset", 0, 0, 1'000'000'000);
    if (!offset) return pass(offset);
    query.offset = *offset;
    if (const auto after = request.get("after"); !after.empty()) {
        const auto values = json::parse(after, nullptr, false);
        if (!values.is_array())
            return fail(Errc::kInvalid, "--after wants what the last answer told to go on from",
                        {{"key", "after"}});
        for (const auto& item : values) {
            auto value = value_from(item);
            if (!value) return pass(value);
            query.after.push_back(std::move(*value));
        }
    }
    return query;
}

}  // namespace kontor::api
