#include "daemon/feedback/score.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace kontor::feedback {
namespace {

constexpr double kZ = 1.959963984540054;  // 97.5 % of the normal distribution
constexpr std::int64_t kFew = 30;

}  // namespace

void Promoters::add(std::int64_t answer) {
    if (answer >= 9)
        ++promoters;
    else if (answer >= 7)
        ++passives;
    else
        ++detractors;
}

std::optional<Nps> net_promoter_score(const Promoters& counts) {
    const auto n = static_cast<double>(counts.n());
    if (counts.n() == 0) return std::nullopt;
    Nps out;
    out.score = 100 * static_cast<double>(counts.promoters - counts.detractors) / n;
    out.adjusted = counts.n() < kFew;
    // With few answers the plain variance may be zero, which would claim certainty: three answers
    // more, spread as ¾, 1½, ¾.
    const double extra = out.adjusted ? 0.75 : 0;
    const double all = n + 4 * extra;
    const double p = (static_cast<double>(counts.promoters) + extra) / all;
    const double d = (static_cast<double>(counts.detractors) + extra) / all;
    const double half = 100 * kZ * std::sqrt((p + d - (p - d) * (p - d)) / all);
    const double centre = 100 * (p - d);
    // Of very few that all say the same, the adjusted counts would leave out what was said.
    out.interval = {std::max(-100.0, std::min(centre - half, out.score)),
                    std::min(100.0, std::max(centre + half, out.score))};
    return out;
}

std::optional<Interval> wilson(std::int64_t hits, std::int64_t n) {
    if (n <= 0) return std::nullopt;
    const auto count = static_cast<double>(n);
    const double p = static_cast<double>(hits) / count;
    const double z2 = kZ * kZ;
    const double scale = 1 + z2 / count;
    const double centre = (p + z2 / (2 * count)) / scale;
    const double half = kZ * std::sqrt(p * (1 - p) / count + z2 / (4 * count * count)) / scale;
    return Interval{std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

std::optional<Mean> mean_of(std::span<const double> values) {
    if (values.empty()) return std::nullopt;
    const auto n = static_cast<double>(values.size());
    Mean out;
    for (const double v : values) out.mean += v / n;
    if (values.size() < 2) return out;
    double squares = 0;
    for (const double v : values) squares += (v - out.mean) * (v - out.mean);
    const boost::math::students_t t(n - 1);
    const double half = boost::math::quantile(t, 0.975) * std::sqrt(squares / (n - 1) / n);
    out.interval = {out.mean - half, out.mean + half};
    return out;
}

}  // namespace kontor::feedback
