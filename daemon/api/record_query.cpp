#include "daemon/api/record_query.hpp"

#include <algorithm>

#include "daemon/api/json_io.hpp"
#include "sync/replica/values.hpp"

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

using replica::Compare;

tl::unexpected<Error> wants(const replica::Filter& filter, const std::string& what) {
    return fail(Errc::kInvalid, "filter on " + filter.column + " needs " + what,
                {{"key", "filter"}, {"field", filter.column}, {"wants", what}});
}

Result<Value> number(const replica::Filter& filter, const std::string& text) {
    const auto number = json::parse(text, nullptr, false);
    if (number.is_number_integer()) return Value(number.get<std::int64_t>());
    if (number.is_number_float()) return Value(number.get<double>());
    return wants(filter, "a number");
}

/// A date or time of which only the beginning is given stands for all that begins so: a year, a
/// day. They are in the order of text.
Result<Value> beginning(replica::Filter& filter, const std::string& text,
                        const std::string& complete) {
    const auto is_part = [](char c) {
        return (c >= '0' && c <= '9') || c == '-' || c == ':' || c == '.' || c == 'T';
    };
    if (text.empty() || !(text[0] >= '0' && text[0] <= '9') || !std::ranges::all_of(text, is_part))
        return wants(filter, complete);
    switch (filter.compare) {
        case Compare::kEqual:
            filter.compare = Compare::kStartsWith;
            return Value(text);
        case Compare::kLess:
        case Compare::kGreaterOrEqual:
            return Value(text);
        case Compare::kGreater:
        case Compare::kLessOrEqual:
            return Value(text + "~");  // after everything that goes on from there
        default:
            return wants(filter, complete);
    }
}

// A typed filter value: numbers compare as numbers, times in the replica's own form. What is of
// another kind than the column would never be found, which is no answer.
Result<Value> filter_value(const replica::Entity& entity, replica::Filter& filter,
                           const std::string& text) {
    if (filter.compare == Compare::kContains || filter.compare == Compare::kStartsWith)
        return Value(text);
    const auto* field = entity.field(filter.column);
    if (field == nullptr) return filter.column == "id" ? number(filter, text) : Value(text);
    switch (field->type) {
        case remote::FieldType::kInteger:
        case remote::FieldType::kReal:
        case remote::FieldType::kDecimal:
            return number(filter, text);
        case remote::FieldType::kBoolean:
        case remote::FieldType::kReference:
        case remote::FieldType::kDate:
        case remote::FieldType::kInstant:
            break;
        default:
            return Value(text);
    }
    auto checked = replica::check_value(*field, Value(text));
    if (checked) return checked;
    const std::string& complete = checked.error().args["wants"];
    const bool time =
        field->type == remote::FieldType::kDate || field->type == remote::FieldType::kInstant;
    return time ? beginning(filter, text, complete) : wants(filter, complete);
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
    const bool test = *compare == Compare::kIsNull || *compare == Compare::kIsNotNull;
    if (test) return filter;
    if (second == std::string::npos)
        return fail(Errc::kInvalid, "a filter is COLUMN:OP:VALUE", {{"key", "filter"}});
    const auto value = text.substr(second + 1);
    if (*compare == Compare::kIn) {
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
