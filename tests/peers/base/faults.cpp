#include "tests/peers/base/faults.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

#include "tests/peers/base/order.hpp"

namespace kontor::peer {

namespace {

constexpr std::array<std::string_view, 10> kKinds = {
    "lost_answer", "drop_before", "status",   "truncate_body", "malformed_json",
    "html_200",    "latency",     "big_json", "unknown_field", "redirect"};

std::string maintenance_page(const std::string& product) {
    return "<!DOCTYPE html><html><head><title>" + product +
           "</title></head><body><h1>We'll be back soon</h1></body></html>";
}

constexpr std::size_t kDepth = 100000;
constexpr std::size_t kLongString = 8U << 20;
constexpr std::size_t kHugeString = 100U << 20;
constexpr std::size_t kDigits = 100000;

std::string big_json(const FaultDialect& dialect, const std::string& shape) {
    const auto page = [&](const std::string& value) {
        return dialect.page_head + value + dialect.page_tail;
    };
    if (shape == "string") return page('"' + std::string(kLongString, 'x') + '"');
    if (shape == "id") return R"({"data":[{"id":")" + std::string(kLongString, 'x') + "\"}]}";
    if (shape == "huge") return page('"' + std::string(kHugeString, 'x') + '"');
    if (shape == "number") return page(std::string(kDigits, '9'));
    if (shape == "exponent") return page("1e999999999");
    if (shape == "utf8") return page("\"\xC3\x28\xFF\"");
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

WireFault read_wire_fault(const nlohmann::json& body) {
    const auto params = body.value("params", nlohmann::json::object());
    const auto match = body.value("match", nlohmann::json::object());
    WireFault fault;
    fault.kind = body.at("kind").get<std::string>();
    take_only(body, "an order of a fault", {"kind", "match", "count", "probability", "params"});
    take_only(match, "match", {"method", "path_prefix"});
    if (fault.kind == "status") {
        take_only(params, "status", {"status", "code", "retry_after"});
    } else if (fault.kind == "latency") {
        take_only(params, "latency", {"ms"});
        fault.latency_ms = params.at("ms").get<std::int64_t>();
    } else if (fault.kind == "big_json") {
        take_only(params, "big_json", {"shape"});
        if (params.contains("shape"))
            fault.shape = one_of(params, "shape",
                                 {"depth", "string", "id", "huge", "number", "exponent", "utf8"});
    } else if (fault.kind == "redirect") {
        take_only(params, "redirect", {"location"});
    } else {
        take_only(params, fault.kind, {});
    }
    fault.method = match.value("method", "");
    fault.path_prefix = match.value("path_prefix", "");
    fault.probability = body.value("probability", 1.0);
    fault.count =
        body.value("count", body.contains("probability") ? std::int64_t{-1} : std::int64_t{1});
    fault.status = params.value("status", 500);
    fault.code = params.value("code", "");
    fault.location = params.value("location", "https://elsewhere.example/");
    if (const auto retry = params.value("retry_after", nlohmann::json()); !retry.is_null())
        fault.retry_after = retry.is_string() ? retry.get<std::string>() : retry.dump();
    return fault;
}

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

std::optional<Response> Faults::instead(const std::vector<WireFault>& faults) const {
    Response response;
    for (const WireFault& fault : faults) {
        if (fault.kind == "latency") response.delay_ms += fault.latency_ms;
        if (fault.kind == "drop_before") {
            response.delivery = Delivery::drop;
            return response;
        }
        if (fault.kind == "html_200") {
            set_body(response, 200, "text/html;charset=UTF-8", maintenance_page(dialect_.product));
            return response;
        }
        if (fault.kind == "redirect") {
            response.status = 302;
            response.headers.emplace_back("Location", fault.location);
            return response;
        }
        if (fault.kind != "status") continue;
        const std::int64_t delay = response.delay_ms;
        response = dialect_.refusal(fault.status, fault.code);
        response.delay_ms = delay;
        if (!fault.retry_after.empty())
            response.headers.emplace_back("Retry-After", fault.retry_after);
        return response;
    }
    return std::nullopt;
}

void Faults::damage(const std::vector<WireFault>& faults, Response& response) const {
    for (const WireFault& fault : faults) {
        if (fault.kind == "latency") response.delay_ms += fault.latency_ms;
        if (fault.kind == "lost_answer") response.delivery = Delivery::drop;
        if (fault.kind == "truncate_body") response.delivery = Delivery::truncate;
        if (fault.kind == "malformed_json") response.body.resize(response.body.size() * 2 / 3);
        if (fault.kind == "big_json")
            set_body(response, 200, "application/json;charset=UTF-8",
                     big_json(dialect_, fault.shape));
        if (fault.kind == "unknown_field") add_unknown_key(response.body);
    }
}

}  // namespace kontor::peer
