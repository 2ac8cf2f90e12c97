#include "plugins/zoho/api.hpp"

#include <charconv>

#include "connectors/sdk/canonical.hpp"

namespace kontor::zoho {

sdk::Url Api::url(std::string_view path) const {
    sdk::Url out(options_.api_url);
    out.path("crm/v8");
    if (!path.empty()) out.path(path);
    return out;
}

sdk::Url Api::bulk_url(std::string_view path) const {
    sdk::Url out(options_.api_url);
    out.path("crm/bulk/v8").path(path);
    return out;
}

sdk::Url Api::module_url(std::string_view module) const {
    sdk::Url out = url();
    out.segment(module);
    return out;
}

sdk::HttpResponse Api::send(const sdk::HttpRequest& request) {
    credits_.spent += request.credits;
    sdk::HttpResponse response = host_.http(request);
    learn(response);
    return response;
}

sdk::BegunRequest Api::begin(sdk::HttpRequest request) {
    credits_.spent += request.credits;
    return host_.begin(std::move(request));
}

sdk::HttpResponse Api::finish(const sdk::BegunRequest& begun) {
    sdk::HttpResponse response = host_.finish(begun);
    learn(response);
    return response;
}

void Api::learn(const sdk::HttpResponse& response) {
    // Redirects and the like are never Zoho's word, whoever asked.
    if (response.status < 200 ||
        (response.status >= 300 && response.status < 400 && response.status != 304))
        throw sdk::Error(KONTOR_E_PROTOCOL, "unexpected HTTP " + std::to_string(response.status));
    const std::string left = response.header("x-api-credits-remaining");
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(left.data(), left.data() + left.size(), number);
    if (error == std::errc() && end == left.data() + left.size() && !left.empty())
        credits_.left = number;
}

sdk::HttpResponse Api::call(const sdk::HttpRequest& request, std::string_view doing) {
    sdk::HttpResponse response = send(request);
    if (response.status >= 400) throw failure(response, doing);
    return response;
}

std::optional<std::int64_t> Api::server_date_ms(const sdk::HttpResponse& response) {
    return sdk::parse_http_date(response.header("date"));
}

std::int64_t Api::server_time_ms(const sdk::HttpResponse& response) const {
    constexpr std::int64_t kDayMs = 86'400'000;
    const auto date = server_date_ms(response);
    return date ? *date : host_.now_ms() - kDayMs;
}

sdk::HttpRequest get(const sdk::Url& url, std::string_view lane) {
    sdk::HttpRequest request;
    request.url = url.text();
    request.lane = lane;
    return request;
}

void if_modified_since(sdk::HttpRequest& request, std::int64_t ms) {
    request.header("If-Modified-Since", sdk::format_seconds_offset(ms));
}

}  // namespace kontor::zoho
