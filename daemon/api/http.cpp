#include "daemon/api/http.hpp"

#include <nlohmann/json.hpp>

namespace kontor::api {

using nlohmann::json;

std::string ApiRequest::get(std::string_view name, std::string_view fallback) const {
    std::string out(fallback);
    for (const auto& [key, value] : query)
        if (key == name) out = value;
    return out;
}

std::vector<std::string> ApiRequest::all(std::string_view name) const {
    std::vector<std::string> out;
    for (const auto& [key, value] : query)
        if (key == name) out.push_back(value);
    return out;
}

int status_of(Errc code) {
    switch (code) {
        case Errc::kInvalid:
            return 400;
        case Errc::kNotFound:
            return 404;
        case Errc::kConflict:
        case Errc::kMismatch:
        case Errc::kGuard:
            return 409;
        case Errc::kPermission:
            return 403;
        case Errc::kUnauthenticated:
            return 424;  // the remote's credentials, not the caller's
        case Errc::kRateLimited:
            return 429;
        case Errc::kUnavailable:
        case Errc::kCancelled:
        case Errc::kBusy:
            return 503;
        case Errc::kTimeout:
            return 504;
        case Errc::kProtocol:
        case Errc::kTls:
        case Errc::kConnector:
        case Errc::kProxy:
            return 502;
        case Errc::kFull:
            return 507;
        case Errc::kConfig:
            return 422;
        case Errc::kUnsupported:
            return 501;
        default:
            return 500;
    }
}

ApiResponse problem(const Error& error, messages::Language language) {
    ApiResponse response;
    response.status = status_of(error.code);
    response.content_type = "application/problem+json";
    json body = {{"status", response.status},
                 {"code", to_string(error.code)},
                 {"message", messages::render_error(language, error)},
                 {"detail", error.message},
                 {"args", error.args}};
    if (const auto hint = messages::render_hint(language, error); !hint.empty())
        body["hint"] = hint;
    if (error.retry_after) {
        const auto seconds = (error.retry_after->count() + 999) / 1000;
        response.headers.emplace_back("Retry-After", std::to_string(seconds));
    }
    response.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
    return response;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus) {
    const auto digit = [](char c) -> int {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            if (i + 2 >= text.size()) return std::nullopt;
            const int high = digit(text[i + 1]);
            const int low = digit(text[i + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += plus && text[i] == '+' ? ' ' : text[i];
        }
    }
    if (out.find('\0') != std::string::npos) return std::nullopt;
    return out;
}

bool parse_target(std::string_view target, ApiRequest& request) {
    constexpr std::size_t kParametersMax = 100;
    const auto mark = target.find('?');
    auto path = percent_decode(target.substr(0, mark), false);
    if (!path || path->empty() || path->front() != '/') return false;
    request.path = std::move(*path);
    if (mark == std::string_view::npos) return true;
    auto rest = target.substr(mark + 1);
    while (!rest.empty()) {
        const auto end = rest.find('&');
        const auto pair = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        auto name = percent_decode(pair.substr(0, equals), true);
        auto value = equals == std::string_view::npos
                         ? std::string()
                         : percent_decode(pair.substr(equals + 1), true);
        if (!name || !value || request.query.size() >= kParametersMax) return false;
        request.query.emplace_back(std::move(*name), std::move(*value));
    }
    return true;
}

}  // namespace kontor::api
