#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace kontor::feedback {

/// All intervals are at 95 %. docs/feedback.md gives the formulas and their sources. Pure.

struct Interval {
    double low = 0, high = 0;
};

/// Counts of a Net Promoter question: 9–10, 7–8, 0–6.
struct Promoters {
    std::int64_t promoters = 0, passives = 0, detractors = 0;
    void add(std::int64_t answer);
    [[nodiscard]] std::int64_t n() const { return promoters + passives + detractors; }
};
struct Nps {
    double score = 0;  ///< −100 … 100
    Interval interval;
    bool adjusted = false;  ///< fewer than 30 answers: the interval is of the adjusted counts
};
/// nullopt without answers.
[[nodiscard]] std::optional<Nps> net_promoter_score(const Promoters& counts);

/// Wilson's interval for `hits` of `n`, as shares 0 … 1. nullopt if n is 0.
[[nodiscard]] std::optional<Interval> wilson(std::int64_t hits, std::int64_t n);

struct Mean {
    double mean = 0;
    std::optional<Interval> interval;  ///< Student's t; none of a single answer
};
[[nodiscard]] std::optional<Mean> mean_of(std::span<const double> values);

}  // namespace kontor::feedback
