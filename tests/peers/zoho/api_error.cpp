#include "tests/peers/zoho/api_error.hpp"

namespace kontor::peer::zoho {

namespace {

constexpr int kMaxJsonDepth = 32;

/// Deepest nesting of brackets outside strings.
bool too_deep(std::string_view text) {
    int depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > kMaxJsonDepth) return true;
        } else if (c == ']' || c == '}') {
            --depth;
        }
    }
    return false;
}

}  // namespace

Json error_object(std::string_view code, std::string_view message, Json details) {
    return {
        {"code", code}, {"details", std::move(details)}, {"message", message}, {"status", "error"}};
}

Response json_text_response(int status, std::string body) {
    Response response;
    response.status = status;
    response.headers.emplace_back("Content-Type", "application/json;charset=UTF-8");
    response.body = std::move(body);
    return response;
}

Response json_response(int status, const Json& body) {
    return json_text_response(status,
                              body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Response empty_response(int status) {
    Response response;
    response.status = status;
    return response;
}

void refuse(int status, std::string_view code, std::string_view message, Json details) {
    throw ApiError{status, error_object(code, message, std::move(details))};
}

void refuse_method(std::size_t parts) {
    refuse(405, "INVALID_REQUEST_METHOD", "The http request method type is not a valid one",
           {{"resource_path_index", parts - 1}});
}

void refuse_missing_parameter(std::string_view name) {
    refuse(400, "REQUIRED_PARAM_MISSING", "required param is missing", {{"param_name", name}});
}

void refuse_invalid_parameter(std::string_view name, std::string_view expected) {
    refuse(400, "INVALID_DATA", "invalid data",
           {{"param_name", name}, {"expected_data_type", expected}});
}

Json parse_body(std::string_view body) {
    Json parsed;
    if (!too_deep(body)) parsed = Json::parse(body, nullptr, false);
    if (!parsed.is_object())
        refuse(400, "INVALID_DATA", "body", {{"expected_data_type", "jsonobject"}});
    return parsed;
}

}  // namespace kontor::peer::zoho
