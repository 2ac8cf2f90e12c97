#include "connectors/sdk/json.hpp"

#include "connectors/abi/json_depth.hpp"
#include "connectors/sdk/error.hpp"

namespace kontor::sdk {

std::string Error::args_json() const {
    Json args = Json::object();
    if (!stream_.empty()) args["stream"] = stream_;
    if (!field_.empty()) args["field"] = field_;
    if (!unknown_field_.empty()) args["unknown_field"] = unknown_field_;
    if (said_by_remote_) args["reason"] = "net_said";
    if (retry_after_ms_ >= 0) args["retry_after_ms"] = retry_after_ms_;
    return args.empty() ? std::string() : args.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json parse_json(std::string_view text, std::string_view what, int depth_max) {
    if (abi::nested_deeper_than(text, depth_max))
        throw Error(KONTOR_E_PROTOCOL, std::string(what) + ": JSON nested too deeply");
    try {
        return Json::parse(text.begin(), text.end());
    } catch (const Json::exception&) {
        // The library's text may quote the document, so it is not passed on.
        throw Error(KONTOR_E_PROTOCOL, std::string(what) + ": not valid JSON");
    }
}

const Json& member(const Json& object, std::string_view key) {
    static const Json null;
    if (!object.is_object()) return null;
    const auto found = object.find(key);
    return found == object.end() ? null : *found;
}

std::string text_of(const Json& object, std::string_view key) {
    const Json& value = member(object, key);
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number() || value.is_boolean()) return value.dump();
    return {};
}

bool flag_of(const Json& object, std::string_view key, bool otherwise) {
    const Json& value = member(object, key);
    return value.is_boolean() ? value.get<bool>() : otherwise;
}

std::int64_t integer_of(const Json& object, std::string_view key, std::int64_t otherwise) {
    const Json& value = member(object, key);
    return value.is_number_integer() ? value.get<std::int64_t>() : otherwise;
}

}  // namespace kontor::sdk
