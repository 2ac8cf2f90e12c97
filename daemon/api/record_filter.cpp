#include "daemon/api/record_filter.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sync/base/clock.hpp"
#include "sync/replica/values.hpp"

namespace kontor::api {
namespace {

using replica::Compare;

tl::unexpected<Error> wants(const replica::Filter& filter, const std::string& what) {
    return fail(Errc::kInvalid, "filter on " + filter.column + " needs " + what,
                {{"key", "filter"}, {"field", filter.column}, {"wants", what}});
}

Result<Value> number(const replica::Filter& filter, const std::string& text) {
    const auto number = nlohmann::json::parse(text, nullptr, false);
    if (number.is_number_integer()) return Value(number.get<std::int64_t>());
    if (number.is_number_float()) return Value(number.get<double>());
    return wants(filter, "a number");
}

/// True if a time can begin so: with what is left out as in one of these, it is one.
bool begins_a_time(const std::string& text) {
    const auto is_part = [](char c) {
        return (c >= '0' && c <= '9') || c == '-' || c == ':' || c == '.' || c == 'T';
    };
    if (text.empty() || !std::ranges::all_of(text, is_part)) return false;
    const auto completed = [&](std::string_view rest) {
        auto whole = text;
        if (whole.size() < rest.size()) whole += rest.substr(whole.size());
        return parse_instant(whole + "Z").has_value();
    };
    return completed("2000-01-01T00:00:00.000") || completed("2000-10-10T00:00:00.000");
}

/// A date or time of which only the beginning is given stands for all that begins so: a year, a
/// day. They are in the order of text.
Result<Value> beginning(replica::Filter& filter, const std::string& text,
                        const std::string& complete) {
    if (!begins_a_time(text)) return wants(filter, complete);
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

}  // namespace

Result<replica::Filter> typed_filter(const replica::Entity& entity, const std::string& column,
                                     Compare compare, const std::string& text) {
    replica::Filter filter;
    filter.column = column;
    filter.compare = compare;
    if (compare == Compare::kIsNull || compare == Compare::kIsNotNull) return filter;
    const auto take = [&](const std::string& one) -> Result<> {
        auto typed = filter_value(entity, filter, one);
        if (!typed) return pass(typed);
        filter.values.push_back(std::move(*typed));
        return {};
    };
    if (compare != Compare::kIn) {
        if (auto taken = take(text); !taken) return pass(taken);
        return filter;
    }
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(',', at), text.size());
        if (end > at)
            if (auto taken = take(text.substr(at, end - at)); !taken) return pass(taken);
        at = end + 1;
    }
    return filter;
}

}  // namespace kontor::api
