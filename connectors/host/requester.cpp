#include "connectors/host/requester.hpp"

#include <charconv>

namespace kontor::host {

void Requester::learn(const HttpResponse& answer) {
    if (parts_.credits_left_header.empty()) return;
    const auto text = answer.header(parts_.credits_left_header);
    std::int64_t left = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), left);
    if (read.ec == std::errc() && read.ptr != text.data()) parts_.budgets.learn_left(left);
}

Result<HttpResponse> Requester::send_once(HttpCall& call) {
    call.request.secret_headers.clear();
    if (call.authenticate) {
        auto headers = parts_.auth.headers();
        if (!headers) {
            auto error = std::move(headers.error());
            error.args[kSentArg] = "no";
            return tl::unexpected(std::move(error));
        }
        call.request.secret_headers = std::move(*headers);
    }
    auto permit = parts_.budgets.acquire(call.lane, call.credits);
    if (!permit) return pass(permit);
    const auto started = parts_.clock.steady();
    auto answer = parts_.http.send(call.request);
    const auto took = (parts_.clock.steady() - started).count();
    const auto host = origin_of(call.request.url);
    if (!answer) {
        if (surely_unsent(answer.error())) parts_.budgets.refund(call.credits);
        parts_.log.debug("http.failed", {{"host", host},
                                         {"method", call.request.method},
                                         {"code", to_string(answer.error().code)},
                                         {"ms", static_cast<std::int64_t>(took)}});
        return answer;
    }
    learn(*answer);
    parts_.log.debug("http.answered", {{"host", host},
                                       {"method", call.request.method},
                                       {"status", answer->status},
                                       {"ms", static_cast<std::int64_t>(took)}});
    return answer;
}

Result<HttpResponse> Requester::run(HttpCall& call) {
    if (auto allowed = parts_.hosts.check(call.request.url); !allowed) return pass(allowed);
    Retries retries(parts_.retry, parts_.clock, parts_.random, call.idempotent);
    bool renewed = false;
    while (true) {
        if (parts_.sleeper.cancelled()) return fail(Errc::kCancelled, "cancelled");
        auto answer = send_once(call);
        if (answer && answer->status == 401 && call.authenticate && !renewed) {
            renewed = true;
            auto again = parts_.auth.renew(call.request.secret_headers, *answer);
            if (!again) return pass(again);
            if (*again) continue;  // a 401 was surely not carried out
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
        if (!parts_.sleeper.sleep(decision.wait)) return fail(Errc::kCancelled, "cancelled");
    }
}

}  // namespace kontor::host
