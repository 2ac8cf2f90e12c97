#include "tests/simulation/zoho/network.hpp"

#include <algorithm>

#include "connectors/host/ascii.hpp"

namespace kontor::simulation {
namespace {

constexpr milliseconds kLatencyMax{400};

tl::unexpected<Error> broke() {
    return fail(Errc::kUnavailable, "the connection broke");
}

host::HttpResponse answer_of(int status, std::string body, std::string type) {
    host::HttpResponse out;
    out.status = status;
    out.headers["content-type"] = std::move(type);
    out.body = std::move(body);
    return out;
}

}  // namespace

const char* to_string(Trouble trouble) {
    switch (trouble) {
        case Trouble::kLostRequest:
            return "lost request";
        case Trouble::kLostAnswer:
            return "lost answer";
        case Trouble::kServerError:
            return "500";
        case Trouble::kAway:
            return "503";
        case Trouble::kLimited:
            return "429";
        case Trouble::kCutAnswer:
            return "cut answer";
        case Trouble::kMaintenance:
            return "maintenance page";
    }
    return "";
}

Network::Network(peer::zoho::ZohoPeer& organisation, WorldTime& time, std::uint64_t seed,
                 Trace& trace, Hooks hooks)
    : organisation_(organisation),
      time_(time),
      dice_(seed),
      trace_(trace),
      hooks_(std::move(hooks)) {}

bool Network::happens(Trouble trouble) {
    const auto found = std::ranges::find(armed_, trouble);
    if (found == armed_.end() || !dice_.percent(40)) return false;
    armed_.erase(found);
    ++fired_;
    trace_.note(to_string(trouble));
    return true;
}

void Network::let_pass() {
    time_.advance(dice_.upto(kLatencyMax));
    hooks_.yield();
}

Result<host::HttpResponse> Network::send(const host::HttpRequest& request) {
    if (trace_.prints()) trace_.note(request.method + " " + request.url);
    trace_.mix(request.method);
    trace_.mix(request.url);
    trace_.mix(request.body);
    let_pass();
    if (hooks_.gone()) return fail(Errc::kCancelled, "no power");
    if (happens(Trouble::kLostRequest)) return broke();
    if (happens(Trouble::kServerError))
        return answer_of(500, R"({"code":"INTERNAL_ERROR","status":"error"})", "application/json");
    if (happens(Trouble::kAway)) return answer_of(503, "", "text/plain");
    if (happens(Trouble::kLimited)) {
        auto out =
            answer_of(429, R"({"code":"TOO_MANY_REQUESTS","status":"error"})", "application/json");
        out.headers["retry-after"] = "2";
        return out;
    }
    if (happens(Trouble::kMaintenance))
        return answer_of(200, "<html><body>We'll be back soon.</body></html>", "text/html");
    auto out = carry_out(request);
    let_pass();
    if (hooks_.gone()) return fail(Errc::kCancelled, "no power");
    if (happens(Trouble::kLostAnswer)) return broke();
    if (out && out->status < 300 && out->body.size() > 2 && happens(Trouble::kCutAnswer))
        out->body.resize(out->body.size() / 2);
    return out;
}

Result<host::HttpResponse> Network::carry_out(const host::HttpRequest& request) {
    peer::Request asked;
    asked.method = request.method;
    const auto path = request.url.find('/', request.url.find("://") + 3);
    asked.target = path == std::string::npos ? "/" : request.url.substr(path);
    for (const auto& header : request.headers)
        asked.headers.emplace_back(header.name, header.value);
    for (const auto& header : request.secret_headers)
        asked.headers.emplace_back(header.name, std::string(header.value.reveal()));
    asked.body = request.body;
    const auto got = organisation_.handle(asked);
    host::HttpResponse out;
    out.status = got.status;
    out.body = got.body;
    for (const auto& [name, value] : got.headers) out.headers[host::ascii_lower(name)] = value;
    trace_.mix(static_cast<std::uint64_t>(out.status));
    trace_.mix(out.body);
    if (trace_.prints() && out.status >= 300)
        trace_.note(std::to_string(out.status) + " " + out.body.substr(0, 200));
    return out;
}

Result<std::unique_ptr<host::Exchange>> Network::begin(const host::HttpRequest& request) {
    class Done final : public host::Exchange {
    public:
        explicit Done(Result<host::HttpResponse> answer) : answer_(std::move(answer)) {}
        bool arrived() override { return true; }
        Result<host::HttpResponse> finish() override { return std::move(answer_); }

    private:
        Result<host::HttpResponse> answer_;
    };
    return std::make_unique<Done>(send(request));
}

}  // namespace kontor::simulation
