#pragma once
// Zoho's error envelope. Handlers throw ApiError; ZohoPeer::handle turns it into a response, so it
// never leaves the library.

#include <nlohmann/json.hpp>
#include <string>

#include "tests/peers/base/message.hpp"

namespace kontor::peer::zoho {

using Json = nlohmann::json;

/// `{code, details, message, status:"error"}`
Json error_object(std::string_view code, std::string_view message, Json details = Json::object());

Response json_response(int status, const Json& body);
Response json_text_response(int status, std::string body);
Response empty_response(int status);

struct ApiError {
    int status;
    Json body;
};

[[noreturn]] void refuse(int status, std::string_view code, std::string_view message,
                         Json details = Json::object());

/// The last of so many parts of a path takes no such method.
[[noreturn]] void refuse_method(std::size_t parts);
[[noreturn]] void refuse_missing_parameter(std::string_view name);
[[noreturn]] void refuse_invalid_parameter(std::string_view name, std::string_view expected);

/// Parses a request body into an object: depth and size are bounded, duplicates keys keep the last.
/// Throws ApiError 400 INVALID_DATA with `expected_data_type`.
Json parse_body(std::string_view body);

}  // namespace kontor::peer::zoho
