#include "connectors/host/json_text.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "connectors/abi/json_depth.hpp"

namespace kontor::host {
namespace {

using Json = nlohmann::json;

const Json* member(const Json& object, const char* key) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(key);
    return found == object.end() ? nullptr : &*found;
}

}  // namespace

bool nested_too_deeply(std::string_view text) {
    return abi::nested_deeper_than(text, kJsonDepthMax);
}

Result<Json> parse_json(std::string_view text, std::size_t max, std::string_view what) {
    if (text.size() > max)
        return fail(Errc::kProtocol,
                    std::string(what) + " is larger than " + std::to_string(max) + " bytes");
    if (nested_too_deeply(text))
        return fail(Errc::kProtocol, std::string(what) + " is nested too deeply");
    auto value = Json::parse(text.begin(), text.end(), nullptr, false);
    if (value.is_discarded())
        return fail(Errc::kProtocol, std::string(what) + " is not valid JSON");
    return value;
}

std::string text_of(const Json& object, const char* key, std::string_view fallback) {
    const auto* value = member(object, key);
    return value && value->is_string() ? value->get<std::string>() : std::string(fallback);
}

std::int64_t integer_of(const Json& object, const char* key, std::int64_t fallback) {
    const auto* value = member(object, key);
    if (!value) return fallback;
    if (value->is_number_unsigned()) {
        const auto number = value->get<std::uint64_t>();
        return number <= INT64_MAX ? static_cast<std::int64_t>(number) : fallback;
    }
    if (value->is_number_integer()) return value->get<std::int64_t>();
    if (value->is_number_float()) {
        const auto number = value->get<double>();
        if (std::isfinite(number) && std::abs(number) < 9e15)
            return static_cast<std::int64_t>(number);
    }
    return fallback;
}

double number_of(const Json& object, const char* key, double fallback) {
    const auto* value = member(object, key);
    return value && value->is_number() ? value->get<double>() : fallback;
}

bool flag_of(const Json& object, const char* key, bool fallback) {
    const auto* value = member(object, key);
    return value && value->is_boolean() ? value->get<bool>() : fallback;
}

std::vector<std::string> texts_of(const Json& object, const char* key) {
    std::vector<std::string> out;
    for (const auto& entry : array_of(object, key))
        if (entry.is_string()) out.push_back(entry.get<std::string>());
    return out;
}

const Json& array_of(const Json& object, const char* key) {
    static const Json none = Json::array();
    const auto* value = member(object, key);
    return value && value->is_array() ? *value : none;
}

const Json& object_of(const Json& object, const char* key) {
    static const Json none = Json::object();
    const auto* value = member(object, key);
    return value && value->is_object() ? *value : none;
}

std::string dump_json(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace kontor::host
