#include "plugins/fxiaoke/query.hpp"

#include <utility>

namespace kontor::fxiaoke {
namespace {

using sdk::Json;

// The documents show data.dataList; some draw one record or a list as data, and one report has
// dataList at the top level.
const Json* rows_in(const Json& body, Json& one) {
    const Json& data = sdk::member(body, "data");
    for (const Json* holder : {&data, &body})
        if (const Json& list = sdk::member(*holder, "dataList"); list.is_array()) return &list;
    if (data.is_array()) return &data;
    if (data.is_object() && data.contains("_id")) {
        one = Json::array({data});
        return &one;
    }
    return nullptr;
}

}  // namespace

Query& Query::where(std::string field, std::string op, std::vector<std::string> values) {
    filters.push_back({std::move(field), std::move(op), std::move(values)});
    return *this;
}

Lister::Lister(Api& api, std::string object)
    : api_(api),
      object_(std::move(object)),
      path_(Api::data_path(object_, "query")),
      doing_("list " + object_) {}

Json Lister::request(const Query& query) const {
    Json filters = Json::array();
    for (const Filter& each : query.filters)
        filters.push_back(
            {{"field_name", each.field}, {"operator", each.op}, {"field_values", each.values}});
    Json orders = Json::array({{{"fieldName", query.order}, {"isAsc", true}}});
    if (query.order != "_id") orders.push_back({{"fieldName", "_id"}, {"isAsc", true}});
    // Both switches against counting: which of them works is not documented clearly.
    return {{"includeNull", true},
            {"returnTotalNum", 3},
            {"data",
             {{"dataObjectApiName", object_},
              {"find_explicit_total_num", false},
              {"search_query_info",
               {{"limit", query.limit},
                {"offset", query.offset},
                {"filters", std::move(filters)},
                {"orders", std::move(orders)},
                {"fieldProjection", query.fields}}}}}};
}

void Lister::expect(const Query& query) {
    Json wanted = request(query);
    sdk::BegunRequest begun = api_.begin_read(path_, wanted);
    expected_ = Expected{std::move(wanted), std::move(begun)};
}

Rows Lister::list(const Query& query) {
    const Json wanted = request(query);
    const auto expected = std::exchange(expected_, std::nullopt);
    Reply reply = expected && expected->request == wanted
                      ? api_.finish_read(expected->begun, path_, wanted, doing_)
                      : api_.read(path_, wanted, doing_);
    Json one;
    const Json* found = rows_in(reply.body, one);
    if (found == nullptr) {
        // An empty answer may leave data out altogether.
        if (const Json& data = sdk::member(reply.body, "data"); data.is_null() || data.empty())
            return {};
        throw sdk::Error(KONTOR_E_PROTOCOL, doing_ + ": no list of records").stream(object_);
    }
    if (found->size() > query.limit)
        throw sdk::Error(KONTOR_E_PROTOCOL, doing_ + ": more than was asked for").stream(object_);
    Rows out;
    out.list = *found;
    out.last = out.list.size() < query.limit;
    return out;
}

}  // namespace kontor::fxiaoke
