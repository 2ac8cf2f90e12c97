#include "daemon/cli/suggest.hpp"

#include <algorithm>

namespace kontor::cli {
namespace {

constexpr std::size_t kWordMax = 64;

/// Edits from one to the other, a swap of neighbours counting as one.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> cost(a.size() + 1,
                                               std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t differs = a[i - 1] == b[j - 1] ? 0 : 1;
            cost[i][j] =
                std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + differs});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
    }
    return cost[a.size()][b.size()];
}

}  // namespace

std::string suggest(std::string_view word, std::span<const std::string> candidates) {
    if (word.empty() || word.size() > kWordMax) return {};
    std::string best;
    std::size_t best_cost = 0;
    for (const auto& candidate : candidates) {
        const auto cost = distance(word, candidate);
        const auto allowed = std::max<std::size_t>(1, std::max(word.size(), candidate.size()) / 3);
        if (cost > allowed || (!best.empty() && cost >= best_cost)) continue;
        best = candidate;
        best_cost = cost;
    }
    return best;
}

}  // namespace kontor::cli
