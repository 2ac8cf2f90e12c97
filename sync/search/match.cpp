#include "sync/search/match.hpp"

#include <algorithm>

#include "sync/search/fold.hpp"

namespace kontor::search {
namespace {

constexpr int kAnywhere = 1;
constexpr int kAtStart = 3;
constexpr int kWhole = 8;
constexpr int kTitleFactor = 4;

}  // namespace

bool Matcher::phrase_at(const Phrase& phrase, std::size_t unit) const {
    const auto& parts = phrase.parts;
    if (unit + parts.size() > scan_.units.size()) return false;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const Unit& there = scan_.units[unit + i];
        const auto text = scan_.text(there);
        const bool prefix = phrase.prefix && i + 1 == parts.size();
        if (prefix ? !text.starts_with(parts[i].text) : text != parts[i].text) return false;
        if (parts[i].adjacent && !there.adjacent) return false;
    }
    return true;
}

std::optional<Matcher::Found> Matcher::find(const Phrase& phrase, std::size_t from) const {
    for (std::size_t i = 0; i < scan_.units.size(); ++i) {
        if (scan_.units[i].begin < from || !phrase_at(phrase, i)) continue;
        const std::size_t last = i + phrase.parts.size() - 1;
        Found found{kAnywhere, {scan_.units[i].begin, scan_.units[last].end}};
        if (i == 0) found.score = last + 1 == scan_.units.size() ? kWhole : kAtStart;
        return found;
    }
    return std::nullopt;
}

std::optional<Matcher::Found> Matcher::find_number(std::string_view digits,
                                                   std::size_t from) const {
    if (digits.size() < kDigitGram) {
        // Too short to be looked for inside others.
        Phrase alone;
        alone.parts.push_back({UnitKind::kNumber, false, std::string(digits)});
        return find(alone, from);
    }
    for (const DigitRun& run : scan_.runs) {
        const auto there = scan_.run(run);
        for (auto at = there.find(digits); at != std::string_view::npos;
             at = there.find(digits, at + 1)) {
            const std::size_t begin = scan_.digit_at[run.first + at];
            if (begin < from) continue;
            std::size_t end = scan_.digit_at[run.first + at + digits.size() - 1];
            (void)next_code_point(text_, end);
            int score = kAnywhere;
            if (at + digits.size() == there.size()) score = at == 0 ? kWhole : kAtStart;
            return Found{score, {begin, end}};
        }
    }
    return std::nullopt;
}

std::optional<Matcher::Found> Matcher::find(const Term& term, std::size_t from) const {
    if (!term.is_digits()) return find(term.phrase, from);
    if (auto joined = find_number(term.digits.joined, from)) return joined;
    std::optional<Found> first;
    for (const std::string& part : term.digits.parts)
        if (auto found = find_number(part, from);
            found && (!first || found->at.begin < first->at.begin))
            first = found;
    return first;
}

std::optional<Match> Matcher::match(std::span<const FieldText> fields) {
    const auto& terms = query_.terms;
    std::ranges::fill(best_, Match{});
    parts_.assign(terms.size(), {});
    for (std::size_t t = 0; t < terms.size(); ++t) parts_[t].resize(terms[t].digits.parts.size());

    const auto take = [&](std::size_t t, const Found& found, std::size_t field) {
        const int score = found.score * (fields[field].title ? kTitleFactor : 1);
        if (score > best_[t].score) best_[t] = Match{score, field, found.at};
        return score;
    };
    std::vector<bool> met(terms.size(), false);
    for (std::size_t f = 0; f < fields.size(); ++f) {
        if (fields[f].text.empty()) continue;
        text_ = fields[f].text;
        scan(text_, scan_);
        for (std::size_t t = 0; t < terms.size(); ++t) {
            const Term& term = terms[t];
            if (!term.is_digits()) {
                if (const auto found = find(term.phrase, 0)) {
                    take(t, *found, f);
                    met[t] = true;
                }
                continue;
            }
            if (const auto found = find_number(term.digits.joined, 0)) {
                take(t, *found, f);
                met[t] = true;
            }
            if (term.digits.parts.size() == 1) continue;
            for (std::size_t p = 0; p < term.digits.parts.size(); ++p)
                if (const auto found = find_number(term.digits.parts[p], 0))
                    parts_[t][p] = std::max(parts_[t][p], take(t, *found, f));
        }
    }

    Match all;
    int best = 0;
    for (std::size_t t = 0; t < terms.size(); ++t) {
        const bool in_parts = terms[t].is_digits() &&
                              std::ranges::all_of(parts_[t], [](int score) { return score > 0; });
        if (!met[t] && !in_parts) return std::nullopt;
        all.score += best_[t].score;
        if (best_[t].score > best) {
            best = best_[t].score;
            all.field = best_[t].field;
            all.at = best_[t].at;
        }
    }
    return all;
}

std::vector<Stretch> Matcher::find_all(std::string_view text, std::size_t max) {
    text_ = text;
    scan(text_, scan_);
    std::vector<Stretch> out;
    for (std::size_t from = 0; out.size() < max;) {
        std::optional<Stretch> next;
        for (const Term& term : query_.terms)
            if (const auto found = find(term, from);
                found && (!next || found->at.begin < next->begin))
                next = found->at;
        if (!next) break;
        out.push_back(*next);
        from = next->end;
    }
    return out;
}

}  // namespace kontor::search
