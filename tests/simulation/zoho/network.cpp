#include "tests/simulation/zoho/network.hpp"

#include <algorithm>
#include <array>
#include <ctime>

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

// As RFC 9110 writes it.
std::string http_date(Instant at) {
    const std::time_t seconds = at.time_since_epoch() / std::chrono::seconds{1};
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 40> out{};
    const auto size = std::strftime(out.data(), out.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {out.data(), size};
}

// Answers that are no answer to anything, and some that cost a careless reader its stack.
std::string hostile(Dice& dice) {
    constexpr std::size_t kDeep = 200'000;
    std::string nested;
    switch (dice.roll(8)) {
        case 0:
            return std::string(kDeep, '[');
        case 1:
            for (std::size_t i = 0; i < kDeep; ++i) nested += "{\"data\":";
            return nested;
        case 2:
            return "{\"data\":[{\"id\":\"\xff\xfe\"}],\"info\":{\"more_records\":false}}";
        case 3:
            return R"({"data":[{"id":1e999999}],"info":{"more_records":false}})";
        case 4:
            return R"({"data":{"id":[]},"info":[]})";
        case 5:
            return R"({"data":[null,17,"x"],"info":{"more_records":"yes"}})";
        case 6:
            return R"({"data":[{"id":"\ud800"}],"info":{"more_records":false}})";
        default:
            return "null";
    }
}

// What arrives, whatever has become of it on the way.
void mix(Trace& trace, const Result<host::HttpResponse>& answer) {
    trace.mix(static_cast<std::uint64_t>(answer ? answer->status : -1));
    trace.mix(answer ? answer->body : answer.error().message);
    if (!answer) return;
    for (const auto& [name, value] : answer->headers) {
        trace.mix(name);
        trace.mix(value);
    }
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
        case Trouble::kLimitedUntil:
            return "429 until a date";
        case Trouble::kHostile:
            return "hostile answer";
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

// The clock of who answers may be ahead of the laptop's or behind it.
host::HttpResponse Network::limited_until() {
    constexpr milliseconds kAhead{120'000}, kWaitMax{30'000};
    const auto ahead = dice_.upto(2 * kAhead) - kAhead;
    const auto wait = dice_.upto(kWaitMax);
    const Instant there = time_.now + ahead;
    const Instant until{std::chrono::ceil<std::chrono::seconds>(there + wait)};
    auto out =
        answer_of(429, R"({"code":"TOO_MANY_REQUESTS","status":"error"})", "application/json");
    out.headers["date"] = http_date(there);
    out.headers["retry-after"] = http_date(until);
    told_ = until - ahead;
    return out;
}

Result<host::HttpResponse> Network::send(const host::HttpRequest& request) {
    auto out = answered(request);
    mix(trace_, out);
    not_before_ = std::exchange(told_, {});
    return out;
}

Result<host::HttpResponse> Network::answered(const host::HttpRequest& request) {
    if (time_.now < not_before_)
        hooks_.violation("D4: a request before the time that Retry-After has asked for");
    if (trace_.prints()) trace_.note(request.method + " " + request.url);
    trace_.mix(request.method);
    trace_.mix(request.url);
    trace_.mix(request.body);
    for (const auto& header : request.headers) {
        trace_.mix(header.name);
        trace_.mix(header.value);
    }
    for (const auto& header : request.secret_headers) trace_.mix(header.name);
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
    if (happens(Trouble::kLimitedUntil)) return limited_until();
    if (happens(Trouble::kMaintenance))
        return answer_of(200, "<html><body>We'll be back soon.</body></html>", "text/html");
    auto out = carry_out(request);
    let_pass();
    if (hooks_.gone()) return fail(Errc::kCancelled, "no power");
    if (happens(Trouble::kLostAnswer)) return broke();
    if (out && out->status < 300 && out->body.size() > 2 && happens(Trouble::kCutAnswer))
        out->body.resize(out->body.size() / 2);
    else if (out && out->status < 300 && out->body.size() > 2 && happens(Trouble::kHostile))
        out->body = hostile(dice_);
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
    if (got.status == 429) ++refused_;
    for (const auto& [name, value] : got.headers) out.headers[host::ascii_lower(name)] = value;
    if (trace_.prints() && out.status >= 300)
        trace_.note(std::to_string(out.status) + " " + out.body.substr(0, 200));
    return out;
}

Result<std::unique_ptr<host::Exchange>> Network::begin(const host::HttpRequest& request) {
    class Done final : public host::Exchange {
    public:
        Done(Network& network, Result<host::HttpResponse> answer, Instant told)
            : network_(network), answer_(std::move(answer)), told_(told) {}
        bool arrived() override { return true; }
        Result<host::HttpResponse> finish() override {
            network_.not_before_ = std::max(network_.not_before_, told_);
            return std::move(answer_);
        }

    private:
        Network& network_;
        Result<host::HttpResponse> answer_;
        Instant told_;
    };
    auto answer = answered(request);
    mix(trace_, answer);
    return std::make_unique<Done>(*this, std::move(answer), std::exchange(told_, {}));
}

}  // namespace kontor::simulation
