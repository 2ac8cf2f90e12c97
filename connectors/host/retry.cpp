#include "connectors/host/retry.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <ctime>
#include <string>

#include "connectors/host/status.hpp"

namespace kontor::host {
namespace {

// "Sun Nov  6 08:49:37 1994": C's asctime(), without a zone but always in GMT (RFC 9110, 5.6.7).
bool is_asctime(std::string_view value) {
    constexpr std::string_view kForm = "Aaa Aaa _9 99:99:99 9999";
    return std::ranges::equal(value, kForm, [](unsigned char c, char form) {
        switch (form) {
            case 'A':
            case 'a':
                return std::isalpha(c) != 0;
            case '9':
                return std::isdigit(c) != 0;
            case '_':
                return c == ' ' || std::isdigit(c) != 0;
            default:
                return c == static_cast<unsigned char>(form);
        }
    });
}

std::optional<Instant> http_date(std::string_view value) {
    if (value.empty() || value.size() > 64 ||
        !std::isalpha(static_cast<unsigned char>(value.front())) ||
        !(value.ends_with("GMT") || is_asctime(value)))
        return std::nullopt;
    const auto date = curl_getdate(std::string(value).c_str(), nullptr);
    constexpr std::time_t kEndOfYear9999 = 253'402'300'799;
    if (date < 0 || date > kEndOfYear9999) return std::nullopt;
    return Instant(std::chrono::seconds(date));
}

// By the clock of whoever answered, where it tells it: ours may be wrong, and a date that it names
// is one of its own.
Instant told_at(const HttpResponse& answer, const Clock& clock) {
    return http_date(answer.header("date")).value_or(clock.now());
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, Instant now) {
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
    if (value.empty() || value.size() > 64) return std::nullopt;
    constexpr std::int64_t kMax_s = 7 * 86'400;
    if (std::ranges::all_of(value, [](unsigned char c) { return std::isdigit(c); })) {
        std::int64_t seconds = 0;
        const auto read = std::from_chars(value.data(), value.data() + value.size(), seconds);
        if (read.ec != std::errc()) seconds = kMax_s;
        return std::chrono::seconds(std::min(seconds, kMax_s));
    }
    const auto date = http_date(value);
    if (!date) return std::nullopt;
    const auto wait = *date - now;
    return std::clamp<std::chrono::milliseconds>(wait, std::chrono::milliseconds(0),
                                                 std::chrono::seconds(kMax_s));
}

Retries::Retries(const RetryPolicy& policy, const Clock& clock, Random& random, bool idempotent)
    : policy_(policy),
      clock_(clock),
      random_(random),
      idempotent_(idempotent),
      started_(clock.steady()) {}

// The wait before the next attempt; nullopt if there shall be none.
std::optional<std::chrono::milliseconds> Retries::next_wait(
    std::optional<std::chrono::milliseconds> asked, unsigned attempts_max) {
    ++attempt_;
    if (attempt_ >= attempts_max || (asked && *asked > policy_.wait_max)) return std::nullopt;
    const auto backoff = backoff_delay(policy_.backoff, attempt_, random_.next());
    // Never earlier than asked; a little later, so that many clients do not come back at once.
    const auto wait =
        asked ? *asked + std::min(backoff, *asked / 10 + policy_.backoff.first / 4) : backoff;
    if (clock_.steady() - started_ + wait > policy_.total_max) return std::nullopt;
    return wait;
}

Retries::Decision Retries::after_status(const HttpResponse& answer) {
    const int status = answer.status;
    const bool limited = status == 429;  // refused before it was carried out
    const bool trouble =
        status == 408 || status == 500 || status == 502 || status == 503 || status == 504;
    if (!limited && !(trouble && idempotent_)) return {};
    const auto asked = parse_retry_after(answer.header("retry-after"), told_at(answer, clock_));
    if (const auto wait = next_wait(asked, policy_.attempts_max))
        return {Decision::Kind::kWait, *wait, {}};
    if (!limited && !asked) return {};
    Error error{limited ? Errc::kRateLimited : Errc::kUnavailable,
                "the server answers " + std::to_string(status) + " for too long",
                answered_args(status),
                {}};
    error.retry_after = asked.value_or(policy_.long_pause);
    return {Decision::Kind::kFail, {}, std::move(error)};
}

Retries::Decision Retries::after(const Result<HttpResponse>& answer) {
    if (answer) return after_status(*answer);
    const auto code = answer.error().code;
    const bool passing = code == Errc::kUnavailable || code == Errc::kTimeout;
    const bool unreached = surely_unsent(answer.error());
    if (!passing || !(idempotent_ || unreached)) return {};
    const auto most = unreached ? policy_.unreached_attempts_max : policy_.attempts_max;
    if (const auto wait = next_wait(answer.error().retry_after, most))
        return {Decision::Kind::kWait, *wait, {}};
    return {};
}

}  // namespace kontor::host
