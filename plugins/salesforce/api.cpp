#include "plugins/salesforce/api.hpp"

#include "connectors/sdk/canonical.hpp"

namespace kontor::salesforce {
namespace {

constexpr std::string_view kRoot = "/services/data/v60.0";
constexpr std::int64_t kDayMs = 86'400'000;

std::string dumped(const sdk::Json& body) {
    return body.dump(-1, ' ', false, sdk::Json::error_handler_t::replace);
}

}  // namespace

sdk::Url Api::url(std::string_view path) const {
    sdk::Url out(options_.instance_url);
    out.path(std::string(kRoot) + std::string(path));
    return out;
}

std::string Api::url_of_path(const std::string& path) const {
    const bool ours = path.compare(0, kRoot.size() + 1, std::string(kRoot) + "/") == 0;
    if (!ours || path.find_first_of(" \r\n\\") != std::string::npos)
        throw sdk::Error(KONTOR_E_PROTOCOL, "an answer names an address that is none of the API's");
    std::string base = options_.instance_url;
    while (!base.empty() && base.back() == '/') base.pop_back();
    return base + path;
}

void Api::note(const sdk::HttpResponse& response) {
    if (const auto date = sdk::parse_http_date(response.header("date"))) server_ms_ = *date;
    // "api-usage=18/5000", with further figures behind a comma in some organisations.
    const std::string usage = response.header("sforce-limit-info");
    constexpr std::string_view kName = "api-usage=";
    const auto at = usage.find(kName);
    const auto slash = usage.find('/', at);
    if (at == std::string::npos || slash == std::string::npos) return;
    const auto used = sdk::as_integer(usage.substr(at + kName.size(), slash - at - kName.size()));
    const auto limit =
        sdk::as_integer(usage.substr(slash + 1, usage.find_first_of(",; (", slash) - slash - 1));
    if (!used || !limit || *limit <= 0) return;
    credits_.limit = *limit;
    credits_.left = std::max<std::int64_t>(0, *limit - *used);
}

sdk::HttpResponse Api::send(const sdk::HttpRequest& request) {
    ++credits_.spent;
    sdk::HttpResponse response = host_.http(request);
    note(response);
    return response;
}

sdk::Json Api::success(Reply reply, std::string_view doing) {
    if (!reply.ok()) throw failure(reply, doing);
    return std::move(reply.body);
}

Reply Api::read(const std::string& url, std::string_view doing, std::string_view lane) {
    sdk::HttpRequest request;
    request.url = url;
    request.lane = lane;
    return read_reply(send(request), doing);
}

sdk::Json Api::get(const std::string& url, std::string_view doing, std::string_view lane) {
    return success(read(url, doing, lane), doing);
}

sdk::BegunRequest Api::begin_get(const std::string& url) {
    ++credits_.spent;
    sdk::HttpRequest request;
    request.url = url;
    return host_.begin(std::move(request));
}

sdk::Json Api::finish_get(const sdk::BegunRequest& begun, std::string_view doing) {
    const sdk::HttpResponse response = host_.finish(begun);
    note(response);
    return success(read_reply(response, doing), doing);
}

sdk::Json Api::ask(const std::string& url, const sdk::Json& body, std::string_view doing,
                   std::string_view lane) {
    sdk::HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.lane = lane;
    request.idempotent = true;
    request.header("Content-Type", "application/json");
    request.body = dumped(body);
    return success(read_reply(send(request), doing), doing);
}

sdk::HttpResponse Api::download(const std::string& url) {
    sdk::HttpRequest request;
    request.url = url;
    request.lane = "bulk";
    request.spool = true;
    request.header("Accept", "text/csv");
    return send(request);
}

Reply Api::write(std::string_view method, const std::string& url, const sdk::Json& body,
                 std::string_view doing, bool idempotent, const std::string& unmodified_since) {
    sdk::HttpRequest request;
    request.method = method;
    request.url = url;
    request.lane = "write";
    request.idempotent = idempotent;
    if (!body.is_null()) {
        request.header("Content-Type", "application/json");
        request.body = dumped(body);
    }
    if (!unmodified_since.empty()) request.header("If-Unmodified-Since", unmodified_since);
    if (options_.allow_duplicates) request.header("Sforce-Duplicate-Rule-Header", "allowSave=true");
    if (!options_.auto_assign) request.header("Sforce-Auto-Assign", "FALSE");
    return read_reply(send(request), doing);
}

std::int64_t Api::cautious_ms() const {
    return server_ms_ ? *server_ms_ : host_.now_ms() - kDayMs;
}

}  // namespace kontor::salesforce
