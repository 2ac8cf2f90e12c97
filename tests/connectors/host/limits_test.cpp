// Budgets and retries, and the requester that puts them together with credentials and hosts.

#include <catch2/catch.hpp>
#include <thread>

#include "connectors/host/budgets.hpp"
#include "connectors/host/requester.hpp"
#include "connectors/host/retry.hpp"
#include "tests/connectors/host/support.hpp"

using namespace kontor;
using namespace kontor::host;
using namespace kontor::host::test;

namespace {

/// Hands out numbered credentials; renew() gives the next one as often as allowed.
class CountingAuth final : public Authenticator {
public:
    Result<Credentials> credentials(const AskedFor&) override {
        if (error) return tl::unexpected(*error);
        Credentials out;
        const std::string token = "t" + std::to_string(number);
        (in_body ? out.members : out.headers)
            .push_back({"Authorization", Secret(std::string(token))});
        return out;
    }
    Result<bool> renew(const Credentials&, const HttpResponse&) override {
        ++renewals;
        ++number;
        return can_renew;
    }
    bool in_body = false;
    int number = 1;
    int renewals = 0;
    bool can_renew = true;
    std::optional<Error> error;
};

struct Setup {
    TempDir dir;
    FakeClock clock;
    FakeSleeper sleeper{clock};
    SeededRandom random{7};
    ScriptedHttp http;
    CountingAuth auth;
    AllowList hosts;
    CapturingLogger log;
    std::optional<Budgets> budgets;
    std::vector<std::pair<int, bool>> retries;

    explicit Setup(BudgetLimits limits = {}) {
        REQUIRE(hosts.add("https://crm.example"));
        budgets.emplace(limits, clock, sleeper, dir / "credits.json");
    }
    Result<HttpResponse> run(bool idempotent = true,
                             const std::string& url = "https://crm.example/x",
                             Lane lane = Lane::kRead) {
        Requester requester({.http = http,
                             .hosts = hosts,
                             .auth = auth,
                             .budgets = *budgets,
                             .clock = clock,
                             .random = random,
                             .sleeper = sleeper,
                             .log = log,
                             .credits_left_header = "x-api-credits-remaining",
                             .on_retry = [this](int attempt, bool limited) {
                                 retries.emplace_back(attempt, limited);
                             }});
        HttpCall call;
        call.request.url = url;
        call.idempotent = idempotent;
        call.lane = lane;
        return requester.run(call);
    }
};

}  // namespace

TEST_CASE("requests are spread over time as the rate demands") {
    Setup s({.requests_per_second = 2});
    const auto begin = s.clock.steady();
    for (int i = 0; i < 21; ++i) REQUIRE(s.budgets->acquire(Lane::kRead, 1));
    const auto took = s.clock.steady() - begin;
    CHECK(took >= 9'500ms);
    CHECK(took <= 10'600ms);
    CHECK(s.budgets->spending().requests == 21);
    s.clock.advance(1h);  // a rest does not allow a burst beyond a second's worth
    s.sleeper.waits.clear();
    for (int i = 0; i < 3; ++i) REQUIRE(s.budgets->acquire(Lane::kRead, 1));
    CHECK_FALSE(s.sleeper.waits.empty());
}

TEST_CASE("no more requests are under way than allowed") {
    TempDir dir;
    SystemClock clock;
    StopSleeper sleeper{std::stop_token()};
    Budgets budgets({.concurrency = 2}, clock, sleeper, dir / "credits.json");
    std::atomic<int> now = 0, most = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 6; ++i)
            threads.emplace_back([&] {
                auto permit = budgets.acquire(Lane::kRead, 1);
                const int here = ++now;
                int seen = most;
                while (here > seen && !most.compare_exchange_weak(seen, here)) {
                }
                std::this_thread::sleep_for(5ms);
                --now;
            });
    }
    CHECK(most <= 2);
    CHECK(budgets.spending().requests == 6);
}

TEST_CASE(
    "credits of 24 hours are kept, a reserve is left for pushes, and both survive a restart") {
    Setup s({.daily_credits = 100, .credit_reserve = 20});
    REQUIRE(s.budgets->acquire(Lane::kBulk, 50));
    s.clock.advance(2h);
    REQUIRE(s.budgets->acquire(Lane::kRead, 30));
    const auto full = s.budgets->acquire(Lane::kRead, 1);
    REQUIRE_FALSE(full);
    CHECK(full.error().code == Errc::kRateLimited);
    REQUIRE(full.error().retry_after);
    CHECK(*full.error().retry_after > 21h);
    CHECK(*full.error().retry_after <= 23h);
    CHECK(s.budgets->acquire(Lane::kRead, 0));
    s.budgets.reset();
    s.budgets.emplace(BudgetLimits{.daily_credits = 100, .credit_reserve = 20}, s.clock, s.sleeper,
                      s.dir / "credits.json");
    CHECK_FALSE(s.budgets->acquire(Lane::kMeta, 1));
    CHECK(s.budgets->acquire(Lane::kWrite, 20));
    CHECK_FALSE(s.budgets->acquire(Lane::kWrite, 1));
    CHECK(s.budgets->spending().left == 0);
    s.clock.advance(23h + 1min);  // the first fifty come back, the others not yet
    CHECK(s.budgets->acquire(Lane::kRead, 30));
    CHECK_FALSE(s.budgets->acquire(Lane::kRead, 1));
    s.clock.advance(48h);
    CHECK(s.budgets->spending().left == 100);
}

TEST_CASE(
    "connections of one account draw from the same credits, and its reserve is kept by both") {
    TempDir dir;
    FakeClock clock;
    FakeSleeper sleeper{clock};
    const BudgetLimits limits{.requests_per_second = 1, .daily_credits = 100, .credit_reserve = 20};
    const auto connection = [&](CreditAccounts& accounts, const std::string& name) {
        return std::make_unique<Budgets>(limits, clock, sleeper, accounts.of_file(dir / name));
    };
    std::optional<CreditAccounts> accounts(std::in_place, clock, dir / "credits");
    auto one = connection(*accounts, "one.json");
    auto other = connection(*accounts, "other.json");
    // Before it is known whose they are, each counts alone; all of it counts afterwards.
    REQUIRE(one->acquire(Lane::kRead, 30));
    REQUIRE(other->acquire(Lane::kRead, 20));
    one->belongs_to(accounts->of_account("org"));
    other->belongs_to(accounts->of_account("org"));
    CHECK(one->spending().left == 50);
    CHECK(other->spending().left == 50);
    CHECK(one->spending().spent == 30);
    REQUIRE(one->acquire(Lane::kRead, 30));
    const auto kept = other->acquire(Lane::kRead, 1);
    REQUIRE_FALSE(kept);
    CHECK(kept.error().args.at("reason") == "budget_reserve");
    REQUIRE(other->acquire(Lane::kWrite, 15));
    CHECK_FALSE(one->acquire(Lane::kWrite, 6));
    one->refund(10);
    CHECK(other->spending().left == 15);
    // What the remote tells one of them, the other knows.
    other->learn_left(3);
    CHECK(one->spending().left == 3);
    // The count survives a restart, for whoever comes first.
    one.reset();
    other.reset();
    accounts.emplace(clock, dir / "credits");
    other = connection(*accounts, "other.json");
    other->belongs_to(accounts->of_account("org"));
    CHECK(other->spending().left == 15);
    // Of another account, nothing of that counts.
    other->belongs_to(accounts->of_account("elsewhere"));
    CHECK(other->spending().left == 100);
    CHECK(accounts->of_account("org")->standing(100).left == 15);
}

TEST_CASE("of the last credits of an account, no two connections take the same") {
    TempDir dir;
    SystemClock clock;
    StopSleeper sleeper{std::stop_token()};
    CreditAccounts accounts(clock, dir / "credits");
    std::atomic<int> taken = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&, i] {
                Budgets budgets({.daily_credits = 100}, clock, sleeper,
                                accounts.of_file(dir / std::to_string(i)));
                budgets.belongs_to(accounts.of_account("org"));
                while (budgets.acquire(Lane::kRead, 1)) ++taken;
            });
    }
    CHECK(taken == 100);
}

TEST_CASE("what a write waits for may use the reserve, and it is told whose limit it is") {
    Setup s({.daily_credits = 100, .credit_reserve = 20});
    REQUIRE(s.budgets->acquire(Lane::kRead, 80));
    const auto kept = s.budgets->acquire(Lane::kMeta, 1);
    REQUIRE_FALSE(kept);
    CHECK(kept.error().args.at("reason") == "budget_reserve");
    CHECK(kept.error().args.at("for_writes") == "20");
    CHECK(kept.error().args.at("limit") == "100");
    s.budgets->serve_writes(true);
    CHECK(s.budgets->acquire(Lane::kMeta, 1));
    CHECK(s.budgets->acquire(Lane::kRead, 18));
    s.budgets->serve_writes(false);
    CHECK_FALSE(s.budgets->acquire(Lane::kRead, 1));
    REQUIRE(s.budgets->acquire(Lane::kWrite, 1));
    s.budgets->serve_writes(true);
    const auto spent = s.budgets->acquire(Lane::kRead, 1);
    REQUIRE_FALSE(spent);
    CHECK(spent.error().args.at("reason") == "budget_spent");
    CHECK_FALSE(spent.error().args.contains("for_writes"));

    Setup theirs({.credit_reserve = 10});
    theirs.budgets->learn_left(10);
    const auto full = theirs.budgets->acquire(Lane::kRead, 1);
    REQUIRE_FALSE(full);
    CHECK(full.error().args.at("reason") == "credits_reserve");
    CHECK_FALSE(full.error().args.contains("limit"));
}

TEST_CASE("a request ahead of time leaves a place for one that is waited for") {
    const int concurrency = GENERATE(1, 2, 0);
    Setup s({.concurrency = concurrency});
    auto first = s.budgets->try_acquire(Lane::kRead, 1);
    CHECK(first.has_value() == (concurrency != 1));
    CHECK(s.budgets->try_acquire(Lane::kRead, 1).has_value() == (concurrency == 0));
    CHECK(s.budgets->acquire(Lane::kRead, 1));
    CHECK(s.sleeper.waits.empty());
}

TEST_CASE("a request ahead of time neither waits for its turn nor takes credits that are kept") {
    Setup s({.requests_per_second = 1, .daily_credits = 100, .credit_reserve = 90});
    CHECK_FALSE(s.budgets->try_acquire(Lane::kRead, 11));
    CHECK(s.budgets->spending().spent == 0);
    CHECK(s.budgets->try_acquire(Lane::kRead, 10));
    CHECK_FALSE(s.budgets->try_acquire(Lane::kWrite, 1));  // the rate
    CHECK(s.budgets->spending().spent == 10);
    CHECK(s.sleeper.waits.empty());
}

TEST_CASE("what the remote says is left counts until it is stale") {
    Setup s({.credit_reserve = 10});
    CHECK(s.budgets->spending().left == -1);
    s.http.next.push_back(answer(200, "", {{"x-api-credits-remaining", "11"}}));
    REQUIRE(s.run());
    CHECK(s.budgets->spending().left == 11);
    s.http.next.push_back(answer(200));
    CHECK(s.run());
    const auto refused = s.run();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::kRateLimited);
    s.http.next.push_back(answer(200));
    CHECK(s.run(false, "https://crm.example/x", Lane::kWrite));
    s.clock.advance(61min);
    s.http.next.push_back(answer(200, "", {{"x-api-credits-remaining", "rubbish"}}));
    CHECK(s.run());
    CHECK(s.budgets->spending().left == -1);
}

TEST_CASE("waiting for a budget ends with cancellation") {
    Setup s({.requests_per_second = 0.001});
    REQUIRE(s.budgets->acquire(Lane::kRead, 1));
    s.sleeper.cancel_after = 1;
    CHECK(s.budgets->acquire(Lane::kRead, 1).error().code == Errc::kCancelled);
    CHECK(s.run().error().code == Errc::kCancelled);
    CHECK(s.http.seen.empty());
}

TEST_CASE("Retry-After is read in all its forms") {
    FakeClock clock;
    const auto at = [&](const char* text) { return parse_retry_after(text, clock.now()); };
    CHECK(at("120") == 120s);
    CHECK(at(" 0 ") == 0s);
    CHECK(at("99999999999999999999") == 168h);
    CHECK_FALSE(at(""));
    CHECK_FALSE(at("-5"));
    CHECK_FALSE(at("soon"));
    CHECK_FALSE(at("1.5"));
    CHECK_FALSE(at("Fri;2 Nov 2029932806 GMT"));  // a year that no clock counts to
    CHECK(parse_retry_after("Fri, 31 Dec 1999 23:59:59 GMT",
                            *parse_instant("1999-12-31T23:59:29Z")) == 30s);
    CHECK(parse_retry_after("Friday, 31-Dec-99 23:59:59 GMT",
                            *parse_instant("1999-12-31T23:59:29Z")) == 30s);
    CHECK(parse_retry_after("Fri Dec 31 23:59:59 1999", *parse_instant("1999-12-31T23:59:29Z")) ==
          30s);
    CHECK(parse_retry_after("Sun Nov  6 08:49:37 1994", *parse_instant("1994-11-06T08:49:07Z")) ==
          30s);
    CHECK(parse_retry_after("Fri, 31 Dec 1999 23:59:59 GMT", clock.now()) == 0s);
    // Only as it is written: a zone that is missing or another says nothing.
    CHECK_FALSE(at("Fri, 31 Dec 1999 23:59:59"));
    CHECK_FALSE(at("Fri Dec 31 23:59:59 1999 EST"));
    CHECK_FALSE(at("Fri Dec 31 1999 23:59:59"));
    CHECK_FALSE(at("Fri Dec 31 23:59:59"));
}

TEST_CASE("what may pass is tried again, growing slower, but not without end") {
    Setup s;
    SECTION("server errors: the last answer is handed over") {
        for (int i = 0; i < 6; ++i) s.http.next.push_back(answer(503, "busy"));
        const auto got = s.run();
        REQUIRE(got);
        CHECK(got->status == 503);
        CHECK(s.http.seen.size() == 6);
        CHECK(s.sleeper.waits.size() == 5);
        for (const auto wait : s.sleeper.waits) CHECK(wait <= 60s);
    }
    SECTION("network") {
        s.http.next.push_back(fail(Errc::kUnavailable, "reset"));
        s.http.next.push_back(fail(Errc::kTimeout, "timeout"));
        s.http.next.push_back(answer(200, "ok"));
        CHECK(s.run()->body == "ok");
    }
    SECTION("nothing can be reached: whoever is offline is told soon") {
        for (int i = 0; i < 6; ++i)
            s.http.next.push_back(fail(Errc::kUnavailable, "refused", {{kSentArg, "no"}}));
        CHECK(s.run().error().code == Errc::kUnavailable);
        CHECK(s.http.seen.size() == 3);
    }
    SECTION("throttling without end goes to the scheduler") {
        for (int i = 0; i < 6; ++i) s.http.next.push_back(answer(429));
        const auto got = s.run();
        REQUIRE_FALSE(got);
        CHECK(got.error().code == Errc::kRateLimited);
        CHECK(got.error().retry_after == 300s);
        CHECK(s.http.seen.size() == 6);
    }
    SECTION("a certificate is not retried") {
        s.http.next.push_back(fail(Errc::kTls, "expired"));
        CHECK(s.run().error().code == Errc::kTls);
        CHECK(s.http.seen.size() == 1);
    }
    SECTION("nor is a proxy that refuses, which costs nothing") {
        s.http.next.push_back(fail(Errc::kProxy, "407", {{kSentArg, "no"}}));
        CHECK(s.run(false).error().code == Errc::kProxy);
        CHECK(s.http.seen.size() == 1);
        CHECK(s.budgets->spending().spent == 0);
    }
    SECTION("nor is what the server has understood") {
        s.http.next.push_back(answer(404));
        CHECK(s.run()->status == 404);
        CHECK(s.http.seen.size() == 1);
    }
}

TEST_CASE("Retry-After is kept to, and a long one goes to the scheduler at once") {
    Setup s;
    s.http.next.push_back(answer(429, "", {{"retry-after", "30"}}));
    s.http.next.push_back(answer(503, "", {{"retry-after", "5"}}));
    s.http.next.push_back(answer(200));
    REQUIRE(s.run());
    CHECK(s.retries == std::vector<std::pair<int, bool>>{{2, true}, {3, false}});
    REQUIRE(s.sleeper.waits.size() == 2);
    CHECK(s.sleeper.waits[0] >= 30s);
    CHECK(s.sleeper.waits[0] <= 34s);
    CHECK(s.sleeper.waits[1] >= 5s);
    const int status = GENERATE(429, 503);
    s.http.next.push_back(answer(status, "", {{"retry-after", "3600"}}));
    s.sleeper.waits.clear();
    const auto got = s.run();
    REQUIRE_FALSE(got);
    CHECK(got.error().code == (status == 429 ? Errc::kRateLimited : Errc::kUnavailable));
    CHECK(got.error().retry_after == 3600s);
    CHECK(s.sleeper.waits.empty());
}

TEST_CASE("a date in Retry-After is one of the clock that the answer tells, not of ours") {
    Setup s;  // whose clock may be wrong by years
    s.http.next.push_back(answer(429, "",
                                 {{"date", "Fri, 31 Dec 1999 23:59:10 GMT"},
                                  {"retry-after", "Fri, 31 Dec 1999 23:59:40 GMT"}}));
    s.http.next.push_back(answer(200));
    REQUIRE(s.run());
    REQUIRE(s.sleeper.waits.size() == 1);
    CHECK(s.sleeper.waits[0] >= 30s);
    CHECK(s.sleeper.waits[0] <= 34s);
}

TEST_CASE("all attempts together stay within the time allowed") {
    Setup s;
    for (int i = 0; i < 6; ++i) s.http.next.push_back(answer(429, "", {{"retry-after", "110"}}));
    const auto begin = s.clock.steady();
    CHECK(s.run().error().code == Errc::kRateLimited);
    CHECK(s.clock.steady() - begin <= 300s);
    CHECK(s.http.seen.size() == 3);
}

TEST_CASE("a request that may have been carried out is not sent twice") {
    Setup s;
    SECTION("lost answer") {
        s.http.next.push_back(fail(Errc::kUnavailable, "reset"));
        CHECK(s.run(false).error().code == Errc::kUnavailable);
        CHECK(s.http.seen.size() == 1);
    }
    SECTION("server error") {
        s.http.next.push_back(answer(502));
        CHECK(s.run(false)->status == 502);
        CHECK(s.http.seen.size() == 1);
    }
    SECTION("never sent: again, and its credits come back") {
        s.http.next.push_back(fail(Errc::kUnavailable, "refused", {{kSentArg, "no"}}));
        s.http.next.push_back(answer(201));
        CHECK(s.run(false)->status == 201);
        CHECK(s.budgets->spending().spent == 1);
    }
    SECTION("throttled: again") {
        s.http.next.push_back(answer(429));
        s.http.next.push_back(answer(201));
        CHECK(s.run(false)->status == 201);
    }
}

TEST_CASE("a 401 is followed by one renewal and one more attempt, never a loop") {
    Setup s;
    SECTION("that helps") {
        s.http.next.push_back(answer(401));
        s.http.next.push_back(answer(200));
        CHECK(s.run(false)->status == 200);
        CHECK(s.http.seen[0].headers.at("Authorization") == "t1");
        CHECK(s.http.seen[1].headers.at("Authorization") == "t2");
    }
    SECTION("that does not") {
        s.http.next.push_back(answer(401));
        s.http.next.push_back(answer(401));
        CHECK(s.run()->status == 401);
        CHECK(s.auth.renewals == 1);
    }
    SECTION("that is impossible") {
        s.auth.can_renew = false;
        s.http.next.push_back(answer(401));
        CHECK(s.run()->status == 401);
        CHECK(s.http.seen.size() == 1);
    }
}

TEST_CASE("trouble with the accounts server counts as a request that was not sent") {
    Setup s;
    s.auth.error = Error{Errc::kUnauthenticated, "revoked", {}, {}};
    CHECK(s.run(false).error().code == Errc::kUnauthenticated);
    s.auth.error = Error{Errc::kUnavailable, "down", {}, {}};
    CHECK(s.run(false).error().code == Errc::kUnavailable);
    CHECK(s.sleeper.waits.size() == 2);
    CHECK(s.http.seen.empty());
    CHECK(s.budgets->spending().spent == 0);
}

TEST_CASE("nothing is sent to another host, not even a credential") {
    Setup s;
    const auto got = s.run(true, "https://evil.example/x");
    REQUIRE_FALSE(got);
    CHECK(got.error().code == Errc::kPermission);
    CHECK(got.error().args.at("host") == "https://evil.example");
    CHECK(s.http.seen.empty());
}

TEST_CASE("a log line of a request has no path, query or credential") {
    Setup s;
    s.http.next.push_back(answer(500));
    s.http.next.push_back(answer(200));
    REQUIRE(s.run(true, "https://crm.example/people/ada?phone=123"));
    CHECK(s.log.text.find("http.retry") != std::string::npos);
    CHECK(s.log.text.find("ada") == std::string::npos);
    CHECK(s.log.text.find("123") == std::string::npos);
}
