#include "connectors/sdk/request.hpp"

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::sdk {
namespace {

std::vector<std::string> texts(const Json& request, std::string_view key) {
    std::vector<std::string> out;
    const Json& list = member(request, key);
    if (list.is_null()) return out;
    if (!list.is_array()) throw Error(KONTOR_E_INVALID, "request: " + std::string(key));
    out.reserve(list.size());
    for (const Json& item : list) {
        if (item.is_string())
            out.push_back(item.get<std::string>());
        else if (item.is_number() || item.is_boolean())
            out.push_back(item.dump());
        else
            throw Error(KONTOR_E_INVALID, "request: " + std::string(key));
    }
    return out;
}

}  // namespace

Request parse_request(std::string_view json) {
    Json parsed;
    try {
        parsed = parse_json(json, "request");
    } catch (const Error& error) {
        throw Error(KONTOR_E_INVALID, error.what());
    }
    Request request;
    request.stream = text_of(parsed, "stream");
    request.fields = texts(parsed, "fields");
    request.ids = texts(parsed, "ids");
    request.field = text_of(parsed, "field");
    request.values = texts(parsed, "values");
    request.total_hint = integer_of(parsed, "total_hint", -1);
    const Json& fetch = member(parsed, "fetch");
    request.fetch = {texts(fetch, "fields"), texts(fetch, "ids")};
    if (request.stream.empty()) throw Error(KONTOR_E_INVALID, "request: no stream");
    if (request.fields.size() > 65'535) throw Error(KONTOR_E_INVALID, "request: too many fields");
    return request;
}

}  // namespace kontor::sdk
