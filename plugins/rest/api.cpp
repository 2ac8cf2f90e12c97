#include "plugins/rest/api.hpp"

#include <algorithm>

#include "connectors/declarative/time_format.hpp"

namespace kontor::rest {
namespace {

using declarative::Parameters;
using declarative::Request;
using declarative::Stream;

bool reads(const Request& request) {
    const std::string_view what =
        std::string_view(request.name).substr(0, request.name.find("_batch"));
    return what != "create" && what != "update" && what != "delete";
}

bool same_header(std::string_view a, std::string_view b) {
    return std::ranges::equal(
        a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

void set_header(sdk::HttpRequest& http, const std::string& name, std::string value) {
    for (auto& [known, old] : http.headers)
        if (same_header(known, name)) {
            old = std::move(value);
            return;
        }
    http.header(name, std::move(value));
}

std::string encoded_form(const Parameters& form, const Values& values) {
    std::string out;
    for (const auto& [name, shape] : form)
        if (const auto value = declarative::fill_parameter(shape, values))
            out += (out.empty() ? "" : "&") + sdk::percent_encode(name) + "=" +
                   sdk::percent_encode(*value);
    return out;
}

// Records that stand under their ids in an object, as the list that other servers send.
void list_members(const Request& request, const Stream& stream, Json& body) {
    const Json* found = request.records.find(body);
    if (found == nullptr || !found->is_object()) return;
    Json list = Json::array();
    for (const auto& [name, value] : found->items()) {
        Json row = value.is_object() ? value : Json(name);
        if (row.is_object() && stream.id.find(row) == nullptr) stream.id.put(row, name);
        list.push_back(std::move(row));
    }
    request.records.put(body, std::move(list));
}

std::string hex_of(std::uint64_t number) {
    std::string out(16, '0');
    for (auto at = out.rbegin(); at != out.rend(); ++at, number >>= 4)
        *at = "0123456789abcdef"[number & 15];
    return out;
}

// Scheme, host and port.
std::string origin(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return std::string(url);
    return std::string(url.substr(0, url.find_first_of("/?#", scheme + 3)));
}

}  // namespace

Api::Api(sdk::Host& host, const declarative::Description& description, const Json& options)
    : host_(host), description_(description) {
    if (options.is_object())
        for (const auto& [name, value] : options.items()) options_[name] = value;
    Values in_base = options_;
    for (const auto& name : description.names_in_address())
        in_base[name] = sdk::percent_encode("{" + name + "}");  // the host puts what it stands for
    const auto base = declarative::fill_text(description.base_url, in_base);
    if (!base)
        throw sdk::Error(KONTOR_E_INVALID,
                         "base_url " + description.base_url + ": an option in it has no value");
    base_ = *base;
    while (!base_.empty() && base_.back() == '/') base_.pop_back();
    const auto zone = declarative::fill_text(description.time_zone, options_).value_or("Z");
    const auto offset = declarative::parse_zone(zone);
    if (!offset)
        throw sdk::Error(KONTOR_E_INVALID,
                         "time_zone " + zone + ": must be an offset such as +08:00, or Z");
    offset_ms_ = *offset;
}

std::string Api::address(const Request& request, const Values& values) const {
    const auto path = declarative::fill_path(request.path, values);
    if (!path)
        throw sdk::Error(KONTOR_E_INVALID,
                         request.name + ": something in its path has no value: " + request.path);
    std::string out = base_;
    if (!path->empty() && path->front() != '/') out += '/';
    out += *path;
    bool first = out.find('?') == std::string::npos;
    for (const auto* pairs : {&description_.query, &request.query})
        for (const auto& [name, shape] : *pairs) {
            const auto value = declarative::fill_parameter(shape, values);
            if (!value) continue;
            out +=
                (first ? "?" : "&") + sdk::percent_encode(name) + "=" + sdk::percent_encode(*value);
            first = false;
        }
    return out;
}

sdk::HttpRequest Api::built(const Request& request, const Values& values) const {
    sdk::HttpRequest http;
    http.method = request.method;
    http.header("Accept", "application/json");
    if (request.body) {
        http.header("Content-Type", "application/json");
        if (const auto body = declarative::fill_json(*request.body, values))
            http.body = body->dump(-1, ' ', false, Json::error_handler_t::replace);
    } else if (request.form) {
        http.header("Content-Type", "application/x-www-form-urlencoded");
        http.body = encoded_form(*request.form, values);
    }
    for (const auto* pairs : {&description_.headers, &request.headers})
        for (const auto& [name, text] : *pairs)
            if (auto value = declarative::fill_text(text, values))
                set_header(http, name, std::move(*value));
    http.lane = reads(request) ? "read" : "write";
    // A read by POST may be sent twice as well.
    if (reads(request)) http.idempotent = true;
    return http;
}

Values Api::with_options(const Stream* stream, const Values& values) const {
    Values out = options_;
    if (stream != nullptr) out["stream"] = stream->remote_name;
    out["random"] = hex_of(host_.random()) + hex_of(host_.random());
    for (const auto& [name, value] : values) out[name] = value;
    return out;
}

std::vector<Json> Api::each_of(const Stream& stream) const {
    if (!stream.each) return {Json()};
    std::vector<Json> out;
    const auto found = options_.find(stream.each->option);
    if (found == options_.end() || !found->second.is_array()) return out;
    for (const Json& value : found->second) {
        out.push_back(value);
        if (!stream.each->number || !value.is_string()) continue;
        out.back() = Json::parse(value.get_ref<const std::string&>(), nullptr, false);
        if (!out.back().is_number_integer())
            throw sdk::Error(KONTOR_E_INVALID,
                             stream.each->option + ": must be whole numbers, not " + value.dump())
                .stream(stream.name);
    }
    return out;
}

std::optional<Json> Api::filled(const Json& shape, const Stream& stream,
                                const Values& values) const {
    return declarative::fill_json(shape, with_options(&stream, values));
}

Reply Api::send(const Request& request, const Stream* stream, const Values& values) {
    const Values all = with_options(stream, values);
    sdk::HttpRequest http = built(request, all);
    http.url = address(request, all);
    return run(http, request, stream);
}

Reply Api::follow(const Request& request, const Stream* stream, std::string_view where) {
    sdk::HttpRequest http = built(request, with_options(stream, {}));
    if (where.find("://") != std::string_view::npos)
        http.url = where;
    else
        http.url = (where.starts_with('/') ? origin(base_) : base_ + "/") + std::string(where);
    return run(http, request, stream);
}

Reply Api::run(const sdk::HttpRequest& http, const Request& request, const Stream* stream) {
    const sdk::HttpResponse answer = host_.http(http);
    Reply out;
    out.status = answer.status;
    out.headers = answer.headers;
    learn_clock(answer);
    const bool blank = answer.body.find_first_not_of(" \t\r\n") == std::string_view::npos;
    const bool good = answer.status >= 200 && answer.status < 300;
    try {
        if (!blank)
            out.body = sdk::parse_json(
                answer.body, request.name + (stream != nullptr ? " " + stream->name : ""));
    } catch (const sdk::Error&) {
        // The answer to a write need not be JSON, and that of a proxy in between is not.
        if (good && reads(request)) throw;
    }
    judge(out, description_.errors, request, stream);
    if (out.ok() && request.id_is_name && stream != nullptr)
        list_members(request, *stream, out.body);
    return out;
}

void Api::learn_clock(const sdk::HttpResponse& answer) {
    answered_ms_ = sdk::parse_http_date(answer.header("date"));
    if (answered_ms_) skew_ms_ = *answered_ms_ - host_.now_ms();
}

void Api::odd_value(const Stream& stream, const declarative::Field& field) {
    if (!odd_.insert(stream.name + "." + field.name).second) return;
    host_.log(sdk::LogLevel::kWarning, "rest.odd_value",
              {{"stream", stream.name}, {"field", field.name}, {"type", field.type}});
}

}  // namespace kontor::rest
