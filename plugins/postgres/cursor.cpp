#include "plugins/postgres/cursor.hpp"

#include "connectors/sdk/json.hpp"

namespace kontor::postgres {
namespace {

using sdk::Json;

const char* name_of(Changes by) {
    switch (by) {
        case Changes::kTriggers:
            return "triggers";
        case Changes::kColumn:
            return "column";
        case Changes::kTransactions:
            return "transactions";
        case Changes::kAll:
            break;
    }
    return "all";
}

}  // namespace

Cursor Cursor::parse(std::string_view text, Changes by) {
    Cursor out;
    out.by = by;
    const Json json = Json::parse(text, nullptr, false);
    if (!json.is_object() || sdk::text_of(json, "by") != name_of(by)) return out;
    out.scan = sdk::flag_of(json, "scan");
    out.from = sdk::text_of(json, "from");
    out.next = sdk::text_of(json, "next");
    for (const Json& part : sdk::member(json, "page"))
        if (part.is_string()) out.page.push_back(part.get<std::string>());
    return out;
}

std::string Cursor::text() const {
    Json json{{"by", name_of(by)}};
    if (scan) json["scan"] = true;
    if (!from.empty()) json["from"] = from;
    if (!next.empty()) json["next"] = next;
    if (!page.empty()) json["page"] = page;
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace kontor::postgres
