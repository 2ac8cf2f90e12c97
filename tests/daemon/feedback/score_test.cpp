// Measures against published figures.
#include "daemon/feedback/score.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace kontor::feedback;

TEST_CASE("the Net Promoter Score and its interval", "[feedback][score]") {
    const auto nps = net_promoter_score({.promoters = 60, .passives = 25, .detractors = 15});
    REQUIRE(nps);
    CHECK(nps->score == Approx(45));
    CHECK(nps->interval.low == Approx(30.5).margin(0.05));
    CHECK(nps->interval.high == Approx(59.5).margin(0.05));
    CHECK_FALSE(nps->adjusted);

    // Five promoters are no proof of perfection.
    const auto few = net_promoter_score({.promoters = 5, .passives = 0, .detractors = 0});
    REQUIRE(few);
    CHECK(few->score == Approx(100));
    CHECK(few->interval.low == Approx(17.5).margin(0.1));
    CHECK(few->interval.high == Approx(100));
    CHECK(few->adjusted);
    // The interval holds the score itself, however few they are.
    const auto one = net_promoter_score({.promoters = 0, .passives = 0, .detractors = 1});
    CHECK(one->interval.low == Approx(-100));
    CHECK(one->interval.high == Approx(48.5).margin(0.1));
    CHECK_FALSE(net_promoter_score({}));

    Promoters counts;
    for (int answer = 0; answer <= 10; ++answer) counts.add(answer);
    CHECK(counts.promoters == 2);
    CHECK(counts.passives == 2);
    CHECK(counts.detractors == 7);
}

TEST_CASE("Wilson's interval of a share", "[feedback][score]") {
    const auto share = wilson(78, 100);
    REQUIRE(share);
    CHECK(share->low == Approx(0.689).margin(0.0005));
    CHECK(share->high == Approx(0.850).margin(0.0005));
    CHECK(wilson(0, 10)->low == 0);
    CHECK(wilson(0, 10)->high == Approx(0.2775).margin(0.0005));
    CHECK(wilson(10, 10)->high == Approx(1));
    CHECK_FALSE(wilson(0, 0));
}

TEST_CASE("a mean has Student's interval", "[feedback][score]") {
    // t(0.975, 4) = 2.776; s = 1.5811.
    const auto mean = mean_of(std::vector<double>{3, 4, 5, 6, 7});
    REQUIRE(mean);
    CHECK(mean->mean == Approx(5));
    REQUIRE(mean->interval);
    CHECK(mean->interval->low == Approx(5 - 1.9632).margin(0.001));
    CHECK(mean->interval->high == Approx(5 + 1.9632).margin(0.001));
    CHECK_FALSE(mean_of(std::vector<double>{4})->interval);
    CHECK_FALSE(mean_of(std::vector<double>{}));
}
