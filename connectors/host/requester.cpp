#include "connectors/host/requester.hpp"

#include <algorithm>
#include <charconv>

#include "connectors/host/ascii.hpp"

namespace kontor::host {
namespace {

bool is_form(const HttpRequest& request) {
    return std::ranges::any_of(request.headers, [](const auto& header) {
        return ascii_lower(header.name) == "content-type" &&
               ascii_lower(header.value).starts_with("application/x-www-form-urlencoded");
    });
}

}  // namespace

void Requester::learn(const HttpResponse& answer) {
    if (parts_.credits_left_header.empty()) return;
    const auto text = answer.header(parts_.credits_left_header);
    std::int64_t left = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), left);
    if (read.ec == std::errc() && read.ptr != text.data()) parts_.budgets.learn_left(left);
}

Result<> Requester::authenticate(HttpCall& call) {
    call.request.secret_headers.clear();
    call.request.body = call.body;
    if (!call.plain_url.empty()) call.request.url = call.plain_url;
    if (!call.authenticate) return {};
    auto credentials = parts_.auth.credentials({call.request.method, call.request.url, call.body});
    if (!credentials) {
        auto error = std::move(credentials.error());
        error.args[kSentArg] = "no";
        return tl::unexpected(std::move(error));
    }
    call.borne = std::move(*credentials);
    for (const auto& header : call.borne.headers)
        call.request.secret_headers.push_back({header.name, header.value.copy()});
    if (!call.borne.query.empty() || !call.borne.path.empty()) {
        call.plain_url = call.request.url;
        call.request.url = with_query(with_path(call.plain_url, call.borne.path), call.borne.query);
        call.request.told_url = call.plain_url;
        for (const auto& each : call.borne.query) {
            auto& told = call.request.told_url;
            told += (told.find('?') == std::string::npos ? '?' : '&') + each.name + "=***";
        }
    }
    if (call.borne.members.empty()) return {};
    auto body = is_form(call.request) ? with_fields(call.body, call.borne.members)
                                      : with_members(call.body, call.borne.members);
    if (!body) return pass(body);
    call.borne_body = std::move(*body);
    call.request.body = call.borne_body.reveal();
    return {};
}

void Requester::note(const HttpCall& call, const Result<HttpResponse>& answer,
                     std::chrono::milliseconds started) {
    const auto took = static_cast<std::int64_t>((parts_.clock.steady() - started).count());
    const auto host = origin_of(call.request.url);
    if (answer) {
        learn(*answer);
        parts_.log.debug("http.answered", {{"host", host},
                                           {"method", call.request.method},
                                           {"status", answer->status},
                                           {"ms", took}});
        return;
    }
    if (surely_unsent(answer.error())) parts_.budgets.refund(call.credits);
    parts_.log.debug("http.failed", {{"host", host},
                                     {"method", call.request.method},
                                     {"code", to_string(answer.error().code)},
                                     {"ms", took}});
}

Result<HttpResponse> Requester::send_once(HttpCall& call) {
    if (auto known = authenticate(call); !known) return pass(known);
    auto permit = parts_.budgets.acquire(call.lane, call.credits);
    if (!permit) return pass(permit);
    const auto started = parts_.clock.steady();
    auto answer = parts_.http.send(call.request);
    note(call, answer, started);
    return answer;
}

Result<HttpResponse> Requester::run(HttpCall& call) {
    return conclude(call, std::nullopt);
}

std::unique_ptr<BegunCall> Requester::begin(HttpCall call, std::string body) {
    auto begun = std::make_unique<BegunCall>();
    begun->call_ = std::move(call);
    begun->body_ = std::move(body);
    auto& request = begun->call_.request;
    begun->call_.body = begun->body_;
    if (!parts_.hosts.check(request.url) || parts_.sleeper.cancelled() ||
        !authenticate(begun->call_))
        return begun;
    auto permit = parts_.budgets.try_acquire(begun->call_.lane, begun->call_.credits);
    if (!permit) return begun;
    begun->permit_.emplace(std::move(*permit));
    begun->started_ = parts_.clock.steady();
    if (auto exchange = parts_.http.begin(request)) {
        begun->exchange_ = std::move(*exchange);
    } else {
        parts_.budgets.refund(begun->call_.credits);
        begun->permit_.reset();
    }
    return begun;
}

Result<HttpResponse> Requester::finish(BegunCall& begun) {
    if (!begun.exchange_) return run(begun.call_);
    auto answer = begun.exchange_->finish();
    begun.exchange_.reset();
    begun.permit_.reset();
    note(begun.call_, answer, begun.started_);
    return conclude(begun.call_, std::move(answer));
}

// `first`: what the first attempt brought, if it was made already.
Result<HttpResponse> Requester::conclude(HttpCall& call,
                                         std::optional<Result<HttpResponse>> first) {
    if (auto allowed = parts_.hosts.check(call.request.url); !allowed) return pass(allowed);
    Retries retries(parts_.retry, parts_.clock, parts_.random, call.idempotent);
    bool renewed = false;
    for (int attempt = 1;; ++attempt) {
        if (parts_.sleeper.cancelled()) return fail(Errc::kCancelled, "cancelled");
        auto answer = first ? std::move(*first) : send_once(call);
        first.reset();
        if (answer && call.authenticate && !renewed && parts_.auth.refuses(*answer)) {
            renewed = true;
            auto again = parts_.auth.renew(call.borne, *answer);
            if (!again) return pass(again);
            if (*again) continue;  // it was surely not carried out
        }
        auto decision = retries.after(answer);
        using Kind = Retries::Decision::Kind;
        if (decision.kind == Kind::kReturn) return answer;
        if (decision.kind == Kind::kFail) return tl::unexpected(std::move(decision.error));
        parts_.log.info("http.retry",
                        {{"host", origin_of(call.request.url)},
                         {"reason", answer ? std::to_string(answer->status)
                                           : std::string(to_string(answer.error().code))},
                         {"wait_ms", static_cast<std::int64_t>(decision.wait.count())}});
        if (parts_.on_retry) parts_.on_retry(attempt + 1, answer && answer->status == 429);
        if (!parts_.sleeper.sleep(decision.wait)) return fail(Errc::kCancelled, "cancelled");
    }
}

}  // namespace kontor::host
