#include "sync/search/terms.hpp"

#include <algorithm>

namespace kontor::search {
namespace {

bool single_word(std::string_view part) {
    return std::ranges::all_of(
        part, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); });
}

}  // namespace

void emit_terms(const Scan& scan, const std::function<bool(std::string_view)>& emit) {
    for (std::size_t i = 0; i < scan.units.size(); ++i) {
        const Unit& unit = scan.units[i];
        if (unit.kind == UnitKind::kHan && unit.adjacent) {
            // Neighbours in `units` are neighbours in `folded`: the pair is one stretch of it.
            const Unit& before = scan.units[i - 1];
            const auto pair = std::string_view(scan.folded)
                                  .substr(before.text, before.text_size + unit.text_size);
            if (!emit(pair)) return;
        }
        if (unit.kind == UnitKind::kNumber && unit.text_size >= kDigitGram) continue;
        if (!emit(scan.text(unit))) return;
    }
    for (const DigitRun& run : scan.runs) {
        const auto digits = scan.run(run);
        for (std::size_t i = 0; i + kDigitGram <= digits.size(); ++i)
            if (!emit(digits.substr(i, kDigitGram))) return;
    }
    for (const Email& email : scan.emails) {
        const std::string term = local_term(email.local);
        if (!term.empty() && !emit(term)) return;
    }
}

std::vector<std::string> digit_terms(std::string_view digits) {
    std::vector<std::string> terms;
    for (std::size_t i = 0; i + kDigitGram < digits.size(); i += kDigitGram)
        terms.emplace_back(digits.substr(i, kDigitGram));
    if (digits.size() >= kDigitGram) terms.emplace_back(digits.substr(digits.size() - kDigitGram));
    return terms;
}

std::string local_term(std::string_view local) {
    return single_word(local) ? std::string() : std::string(local) + "@";
}

}  // namespace kontor::search
