// Retry-After and Date as any server may write them: what is waited is bounded, whatever they say.
#include <algorithm>

#include "connectors/host/retry.hpp"
#include "tests/connectors/host/support.hpp"
#include "tests/fuzz/input.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kontor::host;
    using namespace std::chrono_literals;
    const auto text = as_text(data, size);
    const auto end = std::min(text.find('\n'), text.size());
    const auto after = text.substr(0, end);
    const auto date = text.substr(std::min(end + 1, text.size()));
    test::FakeClock clock;
    kontor::SeededRandom random{7};
    if (const auto wait = parse_retry_after(after, clock.now()))
        must_hold(*wait >= 0ms && *wait <= 7 * 24h);
    const RetryPolicy policy;
    for (const int status : {429, 503}) {
        Retries retries(policy, clock, random, true);
        const auto answer = test::answer(
            status, "", {{"retry-after", std::string(after)}, {"date", std::string(date)}});
        unsigned attempts = 0;
        while (true) {
            const auto next = retries.after(answer);
            must_hold(++attempts <= policy.attempts_max);
            if (next.kind != Retries::Decision::Kind::kWait) {
                const auto asked = next.error.retry_after.value_or(0ms);
                must_hold(asked >= 0ms && asked <= 7 * 24h);
                break;
            }
            must_hold(next.wait >= 0ms && next.wait <= policy.total_max);
            clock.advance(next.wait);
        }
    }
    return 0;
}
