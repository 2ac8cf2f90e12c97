#include "sync/search/query.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "sync/search/fold.hpp"
#include "sync/search/terms.hpp"

namespace kontor::search {
namespace {

constexpr std::size_t kCompletedBytesMin = 3;  // shorter prefixes have too many words
constexpr std::size_t kPhrasePartsMax = 64;    // beyond it a phrase is cut
constexpr std::size_t kQueryDigitsMax = 32;

bool opens_or_closes_quote(char32_t c) {
    return c == '"' || c == 0x201C || c == 0x201D || c == 0xFF02;
}
bool separates_words(char32_t c) {
    return c <= ' ' || c == 0xA0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200A);
}

class Parser {
public:
    Query parse(std::string_view text) {
        std::size_t begin = 0;
        bool quoted = false;
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t here = at;
            const char32_t c = next_code_point(text, at);
            const bool quote = opens_or_closes_quote(c);
            if (!quote && (quoted || !separates_words(c))) continue;
            piece(text.substr(begin, here - begin), quoted);
            if (quote) quoted = !quoted;
            begin = at;
        }
        piece(text.substr(begin), quoted);
        end_digits();
        return std::move(query_);
    }

private:
    void piece(std::string_view text, bool quoted) {
        if (text.empty()) return;
        scan(text, scan_);
        if (scan_.units.empty()) return;
        if (only_one_number()) {
            digits_.parts.push_back(scan_.digits.substr(0, kQueryDigitsMax));
            digits_.joined = (digits_.joined + digits_.parts.back()).substr(0, kQueryDigitsMax);
            if (quoted) end_digits();
            return;
        }
        end_digits();
        if (quoted) return add_phrase(0, scan_.units.size());
        // 张伟Acme is two conditions.
        for (std::size_t first = 0; first < scan_.units.size();) {
            std::size_t last = first + 1;
            while (last < scan_.units.size() && same_script(first, last)) ++last;
            if (last == first + 1 && scan_.units[first].kind == UnitKind::kNumber) {
                digits_.parts.emplace_back(
                    scan_.text(scan_.units[first]).substr(0, kQueryDigitsMax));
                digits_.joined = digits_.parts.back();
                end_digits();
            } else {
                add_phrase(first, last);
            }
            first = last;
        }
    }

    [[nodiscard]] bool same_script(std::size_t a, std::size_t b) const {
        return (scan_.units[a].kind == UnitKind::kHan) == (scan_.units[b].kind == UnitKind::kHan);
    }

    /// "+86-138-0013" is; "12.50€" and "2:30" are phrases.
    [[nodiscard]] bool only_one_number() const {
        return scan_.runs.size() == 1 && std::ranges::all_of(scan_.units, [](const Unit& unit) {
                   return unit.kind == UnitKind::kNumber;
               });
    }

    void add_phrase(std::size_t first, std::size_t last) {
        Term term;
        last = std::min(last, first + kPhrasePartsMax);
        for (std::size_t i = first; i < last; ++i) {
            const Unit& unit = scan_.units[i];
            term.phrase.parts.push_back(
                {unit.kind, i > first && unit.adjacent, std::string(scan_.text(unit))});
        }
        if (scan_.units[first].kind != UnitKind::kHan)
            for (const Email& email : scan_.emails)
                if (auto narrow = local_term(email.local); !narrow.empty())
                    term.phrase.extra.push_back(std::move(narrow));
        add(std::move(term));
    }

    void end_digits() {
        if (digits_.parts.empty()) return;
        Term term;
        term.digits = std::exchange(digits_, {});
        add(std::move(term));
    }

    void add(Term&& term) {
        if (query_.terms.size() < kQueryTermsMax) query_.terms.push_back(std::move(term));
    }

    Scan scan_;
    Digits digits_;
    Query query_;
};

void append_quoted(std::string& out, std::string_view term) {
    out += '"';
    for (const char c : term) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

std::string all_of(const std::vector<std::string>& terms) {
    std::string out;
    for (const std::string& term : terms) {
        if (!out.empty()) out += " AND ";
        append_quoted(out, term);
    }
    return out;
}

std::vector<std::string> number_terms(const std::string& digits) {
    if (digits.size() >= kDigitGram) return digit_terms(digits);
    return {digits};
}

std::string expression(const Digits& digits) {
    std::vector<std::string> separately;
    for (const std::string& part : digits.parts)
        for (std::string& term : number_terms(part)) separately.push_back(std::move(term));
    if (digits.parts.size() == 1) return all_of(separately);
    if (digits.joined.size() < kDigitGram) return all_of(separately);
    return "((" + all_of(separately) + ") OR (" + all_of(digit_terms(digits.joined)) + "))";
}

std::string expression(const Phrase& phrase) {
    std::vector<std::string> terms;
    const auto& parts = phrase.parts;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool follows = parts[i].adjacent;
        const bool leads = i + 1 < parts.size() && parts[i + 1].adjacent;
        if (follows)
            terms.push_back(parts[i - 1].text + parts[i].text);
        else if (parts[i].kind == UnitKind::kNumber)
            std::ranges::move(number_terms(parts[i].text), std::back_inserter(terms));
        else if (!leads)
            terms.push_back(parts[i].text);
    }
    std::ranges::copy(phrase.extra, std::back_inserter(terms));
    if (!phrase.prefix) return all_of(terms);
    // The last part is a word, and its term the last one: completable() saw to that. An FTS5 prefix
    // would read all rows of all words that begin so; these are few, and read as far as needed.
    terms.pop_back();
    std::string out = all_of(terms);
    if (!out.empty()) out += " AND ";
    out += "(";
    for (const std::string& word : phrase.words) {
        if (&word != &phrase.words.front()) out += " OR ";
        append_quoted(out, word);
    }
    return out + ")";
}

}  // namespace

bool Query::completable() const {
    if (terms.empty() || terms.back().is_digits()) return false;
    const Phrase& last = terms.back().phrase;
    return last.extra.empty() && last.parts.back().kind == UnitKind::kWord &&
           last.parts.back().text.size() >= kCompletedBytesMin;
}

const std::string& Query::last_word() const {
    return terms.back().phrase.parts.back().text;
}

Query Query::completed(std::vector<std::string> words) const {
    Query out = *this;
    out.terms.back().phrase.prefix = true;
    out.terms.back().phrase.words = std::move(words);
    return out;
}

std::string Query::match_expression() const {
    std::string out;
    for (const Term& term : terms) {
        if (!out.empty()) out += " AND ";
        out += term.is_digits() ? expression(term.digits) : expression(term.phrase);
    }
    return out;
}

Query parse_query(std::string_view text) {
    return Parser().parse(cut_text(text, kQueryBytesMax));
}

}  // namespace kontor::search
