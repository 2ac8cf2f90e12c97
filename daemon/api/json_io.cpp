#include "daemon/api/json_io.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "connectors/host/json_text.hpp"

namespace kontor::api {

ApiResponse json_response(const json& body, int status) {
    ApiResponse response;
    response.status = status;
    // Texts of the replica are kept as they came and may not be UTF-8.
    response.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    return response;
}

namespace {

tl::unexpected<Error> wrong_type(const char* key, const char* wanted) {
    return fail(Errc::kInvalid, std::string(key) + " must be " + wanted, {{"key", key}});
}

}  // namespace

Result<json> parse_body(const ApiRequest& request, std::initializer_list<std::string_view> known) {
    if (request.body.empty()) return json::object();
    if (host::nested_too_deeply(request.body))
        return fail(Errc::kInvalid, "the JSON is nested too deeply");
    auto body = json::parse(request.body, nullptr, false);
    if (body.is_discarded()) return fail(Errc::kInvalid, "the body is not valid JSON");
    if (!body.is_object()) return fail(Errc::kInvalid, "the body must be a JSON object");
    for (const auto& [key, value] : body.items())
        if (std::find(known.begin(), known.end(), key) == known.end())
            return fail(Errc::kInvalid, "unknown key '" + key.substr(0, 64) + "'",
                        {{"key", key.substr(0, 64)}});
    return body;
}

Result<bool> flag_in(const json& body, const char* key, bool fallback) {
    const auto found = body.find(key);
    if (found == body.end()) return fallback;
    if (!found->is_boolean()) return wrong_type(key, "true or false");
    return found->get<bool>();
}

Result<std::string> text_in(const json& body, const char* key, std::string fallback) {
    const auto found = body.find(key);
    if (found == body.end()) return fallback;
    if (!found->is_string()) return wrong_type(key, "a text");
    return found->get<std::string>();
}

Result<std::optional<std::int64_t>> integer_in(const json& body, const char* key) {
    const auto found = body.find(key);
    if (found == body.end()) return std::nullopt;
    if (!found->is_number_integer()) return wrong_type(key, "an integer");
    return found->get<std::int64_t>();
}

Result<std::vector<std::string>> texts_in(const json& body, const char* key) {
    std::vector<std::string> out;
    const auto found = body.find(key);
    if (found == body.end()) return out;
    if (!found->is_array()) return wrong_type(key, "a list of texts");
    for (const auto& item : *found) {
        if (!item.is_string()) return wrong_type(key, "a list of texts");
        out.push_back(item.get<std::string>());
    }
    return out;
}

Result<std::int64_t> number_of(const ApiRequest& request, const std::string& name,
                               std::int64_t fallback, std::int64_t min, std::int64_t max) {
    const auto text = request.get(name);
    if (text.empty()) return fallback;
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size() || number < min || number > max)
        return fail(Errc::kInvalid,
                    name + " must be a whole number from " + std::to_string(min) + " to " +
                        std::to_string(max),
                    {{"key", name}});
    return number;
}

Result<std::int64_t> id_of(const ApiRequest& request, const std::string& name) {
    const auto& text = request.param(name);
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failed != std::errc() || end != text.data() + text.size() || number <= 0)
        return fail(Errc::kInvalid, name + " must be a positive whole number, not '" + text + "'",
                    {{"reason", "no_id"}, {"key", name}, {"value", text}});
    return number;
}

json to_json(const ValueView& value, std::optional<remote::FieldType> type) {
    switch (value.kind) {
        case Kind::kInteger:
            if (type == remote::FieldType::kBoolean && (value.integer == 0 || value.integer == 1))
                return value.integer == 1;
            return value.integer;
        case Kind::kReal:
            return value.real;
        case Kind::kText: {
            if (type == remote::FieldType::kList || type == remote::FieldType::kJson) {
                if (!host::nested_too_deeply(value.text)) {
                    auto parsed = json::parse(value.text, nullptr, false);
                    if (!parsed.is_discarded()) return parsed;
                }
            }
            return std::string(value.text);
        }
        default:
            return nullptr;
    }
}

Result<Value> value_from(const json& in) {
    switch (in.type()) {
        case json::value_t::null:
            return Value::null();
        case json::value_t::boolean:
            return Value(std::int64_t{in.get<bool>()});
        case json::value_t::number_unsigned:
            if (in.get<std::uint64_t>() >
                static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
                return fail(Errc::kInvalid, "a number is too large");
            return Value(static_cast<std::int64_t>(in.get<std::uint64_t>()));
        case json::value_t::number_integer:
            return Value(in.get<std::int64_t>());
        case json::value_t::number_float:
            return Value(in.get<double>());
        case json::value_t::string:
            return Value(in.get<std::string>());
        case json::value_t::array: {
            // Lists of texts are sets: canonical is sorted.
            auto sorted = in;
            const bool texts = std::all_of(in.begin(), in.end(),
                                           [](const json& item) { return item.is_string(); });
            if (texts) std::sort(sorted.begin(), sorted.end());
            return Value(sorted.dump(-1, ' ', false, json::error_handler_t::replace));
        }
        case json::value_t::object:
            return Value(in.dump(-1, ' ', false, json::error_handler_t::replace));
        default:
            return fail(Errc::kInvalid, "a value of an unknown kind");
    }
}

json or_null(const std::string& text) {
    return text.empty() ? json() : json(text);
}

}  // namespace kontor::api
