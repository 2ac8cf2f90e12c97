#include "daemon/api/record_query.hpp"

#include <algorithm>

#include "daemon/api/json_io.hpp"
#include "daemon/api/record_filter.hpp"

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

Result<replica::Filter> parse_filter(const replica::Entity& entity, const std::string& text) {
    const auto first = text.find(':');
    const auto second = first == std::string::npos ? first : text.find(':', first + 1);
    const auto name = first == std::string::npos ? "" : text.substr(first + 1, second - first - 1);
    const auto compare = replica::compare_from(name);
    const bool test =
        compare == replica::Compare::kIsNull || compare == replica::Compare::kIsNotNull;
    if (!compare || (second == std::string::npos && !test))
        return fail(Errc::kInvalid, "a filter is COLUMN:OP:VALUE", {{"key", "filter"}});
    return typed_filter(entity, text.substr(0, first), *compare,
                        test ? std::string() : text.substr(second + 1));
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
