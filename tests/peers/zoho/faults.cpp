#include "tests/peers/zoho/faults.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "tests/peers/zoho/api_error.hpp"

namespace kontor::peer_zoho {

namespace {

constexpr std::array<std::string_view, 10> kKinds = {
    "lost_answer", "drop_before", "status",   "truncate_body", "malformed_json",
    "html_200",    "latency",     "big_json", "unknown_field", "redirect"};

constexpr const char* kHtml =
    "<!DOCTYPE html><html><head><title>Zoho CRM</title></head><body><h1>We'll be back "
    "soon</h1></body></html>";

constexpr std::size_t kDepth = 100000;
constexpr std::size_t kLongString = 8U << 20;
constexpr std::size_t kHugeString = 100U << 20;
constexpr std::size_t kDigits = 100000;

/// A page with one record whose last name is `value`.
std::string page_with(const std::string& value) {
    return "{\"data\":[{\"id\":\"1\",\"Last_Name\":" + value +
           "}],\"info\":{\"more_records\":false}}";
}

std::string big_json(const std::string& shape) {
    if (shape == "string") return "{\"data\":[{\"id\":\"" + std::string(kLongString, 'x') + "\"}]}";
    if (shape == "huge") return page_with('"' + std::string(kHugeString, 'x') + '"');
    if (shape == "number") return page_with(std::string(kDigits, '9'));
    if (shape == "exponent") return page_with("1e999999999");
    if (shape == "utf8") return "{\"data\":[{\"id\":\"1\",\"Last_Name\":\"\xC3\x28\xFF\"}]}";
    return "{\"data\":" + std::string(kDepth, '[') + std::string(kDepth, ']') + "}";
}

/// Puts a key that no document mentions into every object of the first level and the first record.
void add_unknown_key(std::string& body) {
    if (!body.starts_with('{') || body.size() < 3) return;
    if (const std::size_t record = body.find("[{\""); record != std::string::npos)
        body.insert(record + 2, "\"Surprise__z\":{\"deep\":[1,null,\"x\"]},");
    body.insert(1, "\"surprise\":true,");
}

void set_body(Response& response, int status, const char* type, std::string body) {
    response.status = status;
    std::erase_if(response.headers, [](const auto& h) { return h.first == "Content-Type"; });
    response.headers.emplace_back("Content-Type", type);
    response.body = std::move(body);
}

}  // namespace

bool Faults::known(const std::string& kind) {
    return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

std::vector<WireFault> Faults::hit(const Request& request) {
    std::vector<WireFault> out;
    for (WireFault& fault : faults_) {
        if (fault.count == 0) continue;
        if (!fault.method.empty() && fault.method != request.method) continue;
        if (!request.path().starts_with(fault.path_prefix)) continue;
        if (fault.probability < 1.0 && fraction_() >= fault.probability) continue;
        if (fault.count > 0) --fault.count;
        ++fired_;
        out.push_back(fault);
        if (fault.kind != "latency") break;
    }
    return out;
}

std::optional<Response> Faults::instead(const std::vector<WireFault>& faults) {
    Response response;
    for (const WireFault& fault : faults) {
        if (fault.kind == "latency") response.delay_ms += fault.latency_ms;
        if (fault.kind == "drop_before") {
            response.delivery = Delivery::drop;
            return response;
        }
        if (fault.kind == "html_200") {
            set_body(response, 200, "text/html;charset=UTF-8", kHtml);
            return response;
        }
        if (fault.kind == "redirect") {
            response.status = 302;
            response.headers.emplace_back("Location", fault.location);
            return response;
        }
        if (fault.kind != "status") continue;
        const std::int64_t delay = response.delay_ms;
        const char* code = fault.status == 429 ? "TOO_MANY_REQUESTS" : "INTERNAL_ERROR";
        response = json_response(fault.status, error_object(fault.code.empty() ? code : fault.code,
                                                            "the request could not be processed"));
        response.delay_ms = delay;
        if (!fault.retry_after.empty())
            response.headers.emplace_back("Retry-After", fault.retry_after);
        return response;
    }
    return std::nullopt;
}

void Faults::damage(const std::vector<WireFault>& faults, Response& response) {
    for (const WireFault& fault : faults) {
        if (fault.kind == "latency") response.delay_ms += fault.latency_ms;
        if (fault.kind == "lost_answer") response.delivery = Delivery::drop;
        if (fault.kind == "truncate_body") response.delivery = Delivery::truncate;
        if (fault.kind == "malformed_json") response.body.resize(response.body.size() * 2 / 3);
        if (fault.kind == "big_json")
            set_body(response, 200, "application/json;charset=UTF-8", big_json(fault.shape));
        if (fault.kind == "unknown_field") add_unknown_key(response.body);
    }
}

}  // namespace kontor::peer_zoho
