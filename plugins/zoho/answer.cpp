#include "plugins/zoho/answer.hpp"

#include <charconv>

namespace kontor::zoho {
namespace {

kontor_status status_of(int http, const std::string& code) {
    if (code == "OAUTH_SCOPE_MISMATCH" || code == "NO_PERMISSION" || code == "AUTHORIZATION_FAILED")
        return KONTOR_E_PERMISSION;
    if (code == "TOO_MANY_REQUESTS") return KONTOR_E_RATE_LIMITED;
    switch (http) {
        case 401:
            return KONTOR_E_UNAUTHENTICATED;
        case 403:
            return KONTOR_E_PERMISSION;
        case 404:
            return KONTOR_E_NOT_FOUND;
        case 408:
            return KONTOR_E_TIMEOUT;
        case 429:
            return KONTOR_E_RATE_LIMITED;
        default:
            return http >= 500 ? KONTOR_E_UNAVAILABLE : KONTOR_E_INVALID;
    }
}

// The field that the remote says it does not have; "" if it speaks of something else.
std::string refused_field(const RemoteError& error) {
    if (error.code == "INVALID_DATA" && sdk::text_of(error.details, "param_name") == "fields") {
        const std::string name = sdk::text_of(error.details, "api_name");
        return name.empty() ? "fields" : name;
    }
    if (error.code == "INVALID_QUERY") return sdk::text_of(error.details, "column_name");
    return {};
}

}  // namespace

RemoteError remote_error(std::string_view body) {
    RemoteError out;
    if (body.empty()) return out;
    sdk::Json json;
    try {
        json = sdk::parse_json(body, "error");
    } catch (const sdk::Error&) {
        return out;
    }
    const sdk::Json* found = &json;
    for (const char* wrapper : {"data", "watch"})
        if (const auto& list = sdk::member(json, wrapper); list.is_array() && !list.empty())
            found = &list[0];
    out.code = sdk::text_of(*found, "code");
    out.message = sdk::text_of(*found, "message");
    out.details = sdk::member(*found, "details");
    return out;
}

sdk::Error failure(const sdk::HttpResponse& response, std::string_view doing) {
    const RemoteError remote = remote_error(response.body);
    std::string text = std::string(doing) + ": HTTP " + std::to_string(response.status);
    if (!remote.code.empty()) text += " " + remote.code;
    if (!remote.message.empty()) text += ": " + remote.message.substr(0, 200);
    sdk::Error error(status_of(response.status, remote.code), text);
    if (const std::string field = refused_field(remote); !field.empty()) error.unknown_field(field);
    const std::string after = response.header("retry-after");
    std::int64_t seconds = 0;
    if (std::from_chars(after.data(), after.data() + after.size(), seconds).ec == std::errc() &&
        seconds >= 0 && seconds < 86'400)
        error.retry_after_ms(seconds * 1000);
    return error;
}

sdk::Json json_body(const sdk::HttpResponse& response, std::string_view doing) {
    const auto first = response.body.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && response.body[first] == '<')
        throw sdk::Error(KONTOR_E_PROTOCOL,
                         std::string(doing) + ": the answer is an HTML page, not Zoho's JSON");
    sdk::Json json = sdk::parse_json(response.body, doing);
    if (!json.is_object())
        throw sdk::Error(KONTOR_E_PROTOCOL, std::string(doing) + ": the answer is no JSON object");
    return json;
}

bool nothing(const sdk::HttpResponse& response) {
    return response.status == 204 || response.status == 304 ||
           (response.status == 200 && !response.spool.is_open() && response.body.empty());
}

}  // namespace kontor::zoho
