#include "config/problem.hpp"

#include <algorithm>

namespace kontor::config {
namespace {

std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above + 1, row[j - 1] + 1, changed});
            diagonal = above;
        }
    }
    return row[b.size()];
}

}  // namespace

std::string Problem::text() const {
    std::string out;
    if (!file.empty()) out += file + ":";
    if (line > 0) out += std::to_string(line) + ":" + std::to_string(column) + ":";
    if (!out.empty()) out += " ";
    if (!key.empty()) out += key + ": ";
    out += reason;
    if (!nearest.empty()) out += " (did you mean '" + nearest + "'?)";
    return out;
}

Error to_error(const Problems& problems) {
    std::string message = problems.front().text();
    if (problems.size() > 1) message += " (and " + std::to_string(problems.size() - 1) + " more)";
    return Error{Errc::kConfig,
                 std::move(message),
                 {{"count", std::to_string(problems.size())}, {"first", problems.front().text()}},
                 std::nullopt};
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
    constexpr std::size_t kWordMax = 64;
    std::string best;
    std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const auto& candidate : candidates) {
        if (word.size() > kWordMax) break;
        if (const auto d = distance(word, candidate); d < least) {
            least = d;
            best = candidate;
        }
    }
    return best;
}

}  // namespace kontor::config
