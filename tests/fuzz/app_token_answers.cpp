// Answers of a token server to an application or a user who signs in, with what the server is asked
// before: tokens in members, headers, cookies or alone, and what else requests bear.
#include <array>
#include <filesystem>
#include <optional>

#include "connectors/host/app_token.hpp"
#include "tests/connectors/host/support.hpp"
#include "tests/fuzz/input.hpp"

namespace {

using namespace kontor;
using namespace kontor::host;

constexpr std::array kWays{
    R"({"auth":[{"kind":"login","exchange":{"request":{"appId":"1"},"token":"accessToken",
        "expires_s":"expiresIn","code":"errorCode","keep":["ea"],"rate_limited":["30004"],
        "unavailable":["-1"]},
        "bear":{"headers":{"authorization":"Bearer {token}","x-ea":"{ea}"}}}]})",
    R"({"auth":[{"kind":"login","exchange":{"request":{},"token":"/data/0/token",
        "expires_ms":"/data/0/life","keep_at":{"id":"/data/0/id"}},
        "bear":{"body":{"token":"{token}","id":"{id}"},"query":{"t":"{token}"}}}]})",
    R"({"auth":[{"kind":"login","exchange":{"request":{},"token":"cookie:sid"},
        "bear":{"headers":{"cookie":"sid={token}"}}}]})",
    R"({"auth":[{"kind":"login","exchange":{"request":{},"token":"header:X-Token"},
        "bear":{"headers":{"x-token":"{token}"}}}]})",
    R"({"auth":[{"kind":"login","exchange":{"request":{},"token":"body"},
        "bear":{"path":{"session":"{token}"}}}]})",
    R"({"auth":[{"kind":"login","exchange":{"format":"form",
        "challenge":{"url":"https://crm.example/c","keep_at":{"nonce":"/result/token",
        "sid":"cookie:PHPSESSID"}},"request":{"key":"{proof}"},"token":"/result/token"},
        "digests":{"md5":{"proof":"{nonce}secret"}},
        "bear":{"headers":{"x-session":"{token}"}},"refused_codes":["20016"]}]})"};

constexpr std::array kStatuses{200, 302, 401, 403, 429, 503};

void check(const Credentials& borne) {
    for (const auto* list : {&borne.headers, &borne.members, &borne.query, &borne.path})
        for (const auto& each : *list) must_hold(!each.name.empty() && !each.value.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    // The first byte chooses how one signs in, and the status.
    const auto* way = kWays[data[0] % kWays.size()];
    const auto body = std::string(as_text(data + 1, size - 1));
    const int status = kStatuses[data[0] / kWays.size() % kStatuses.size()];
    host::test::ScriptedHttp http([&](const host::test::SeenRequest&) {
        return host::test::answer(
            status, body, {{"set-cookie", body + "\nPHPSESSID=" + body}, {"x-token", body}});
    });
    static const host::test::TempDir dir;
    host::test::FakeClock clock;
    host::test::FakeSleeper sleeper{clock};
    Redactor redactor;
    AppTokenSettings settings;
    settings.spec = PluginSpec::parse(way)->auth.front().app_token;
    settings.url = [] { return std::string("https://crm.example/token"); };
    settings.challenge_url = settings.spec.challenge.url;
    settings.token_file = dir / "token";
    std::filesystem::remove(settings.token_file);
    AppTokens tokens(std::move(settings), http, clock, sleeper, redactor);
    const auto borne = tokens.credentials({});
    if (!borne) {
        must_hold(!borne.error().message.empty());
        return 0;
    }
    must_hold(status / 100 <= 3);
    check(*borne);
    if (data[0] % kWays.size() == 2)  // it is the whole value of that cookie
        must_hold(body.find(borne->headers.front().value.reveal()) != std::string::npos);
    const auto answer = host::test::answer(status, body);
    if (tokens.refuses(*answer)) (void)tokens.renew(*borne, *answer);
    return 0;
}
