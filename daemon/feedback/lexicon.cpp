#include "daemon/feedback/lexicon.hpp"

#include <unicode/uchar.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "sync/search/fold.hpp"

namespace kontor::feedback {
namespace {

constexpr std::size_t kReachWords = 3;       // how far a negation reaches: English words
constexpr std::size_t kReachCharacters = 4;  // and Chinese characters
constexpr std::size_t kStemMin = 3;          // bytes of a word with *
constexpr double kWeightMax = 100;           // of a word, however often there is "very" before it
constexpr double kMixed = 0.5;               // to here: the lesser side is a quarter of the whole

/// A word in letters, a Chinese character, or a mark that parts a sentence (text is ".").
struct Token {
    std::string text;
    std::size_t at = 0, end = 0;
    bool is_han = false;  ///< or of another script without blanks
};

/// Folded as search folds: lower case, full-width letters as plain ones, traditional characters as
/// simplified ones. A typographic apostrophe is a plain one.
std::vector<Token> tokens_of(std::string_view text) {
    std::vector<Token> out;
    bool in_word = false;
    for (std::size_t next = 0; next < text.size();) {
        const auto at = next;
        const auto c = search::next_code_point(text, next);
        const auto folded = search::fold(c);
        const bool apostrophe = in_word && (c == U'\'' || c == U'\u2019');
        const bool han = folded.kind == search::CharClass::kHan;
        const bool letter = apostrophe || folded.kind == search::CharClass::kLetter ||
                            folded.kind == search::CharClass::kDigit;
        if (in_word && folded.kind == search::CharClass::kIgnored) continue;
        if (han || (letter && !in_word)) out.push_back({"", at, at, han});
        if (han || letter) {
            out.back().text += apostrophe ? std::string_view("'") : folded.view();
            out.back().end = next;
        } else if (c == U'\n' || (c != U'-' && u_isspace(static_cast<UChar32>(c)) == 0)) {
            out.push_back({".", at, at, false});
        }
        in_word = letter;
    }
    return out;
}

std::string joined(const std::vector<std::string>& tokens, std::size_t from, std::size_t count) {
    std::string out = tokens[from];
    for (std::size_t i = 1; i < count; ++i) out += ' ' + tokens[from + i];
    return out;
}

/// A term's key, and how many tokens it has.
std::pair<std::string, std::size_t> key_of(std::string_view word) {
    std::string key;
    std::size_t count = 0;
    for (const auto& token : tokens_of(word)) {
        if (token.text == ".") continue;
        key += (count++ == 0 ? "" : " ") + token.text;
    }
    return {key, count};
}

std::string language_of(std::string_view text, const std::vector<Token>& tokens) {
    std::size_t han = 0;
    std::size_t others = 0;  // kana, hangul
    std::size_t words = 0;
    for (const auto& token : tokens) {
        std::size_t at = token.at;
        const auto c = static_cast<UChar32>(search::next_code_point(text, at));
        if (token.is_han)
            ++(u_hasBinaryProperty(c, UCHAR_UNIFIED_IDEOGRAPH) != 0 ? han : others);
        else if (token.text[0] >= 'a' && token.text[0] <= 'z')
            ++words;
    }
    // A word in letters says about as much as two characters.
    if (4 * others > han && others > 0) return "";
    if (han == 0 && words == 0) return "";
    return han >= 2 * words ? "zh" : "en";
}

/// A term found in a text.
struct Found {
    const Lexicon::Term* term;
    std::size_t token, tokens, part;
};

/// Negations and emphasis that stand before the word at `at`, in the same part of the sentence.
void weigh(const std::vector<Found>& found, const std::vector<Token>& tokens, std::size_t at,
           Hit& hit) {
    const bool han = tokens[found[at].token].is_han;
    const std::size_t reach = han ? kReachCharacters : kReachWords;
    std::size_t begins = found[at].token;
    for (std::size_t i = at; i-- > 0 && found[i].part == found[at].part;) {
        const auto& before = found[i];
        if (!before.term->counts) continue;
        if (begins - (before.token + before.tokens) > reach) break;
        using Role = Lexicon::Role;
        const auto role = before.term->role;
        // What another word has taken is not taken twice: "not good and cheap".
        if (role == Role::kWeight) break;
        if (role == Role::kNegation) {
            hit.weight = -hit.weight;
            for (auto t = before.token; t < before.token + before.tokens; ++t)
                hit.turned += (tokens[t].is_han || t == before.token ? "" : " ") + tokens[t].text;
            begins = before.token;
        } else if (role == Role::kStronger || role == Role::kWeaker) {
            hit.weight *= role == Role::kStronger ? 1.5 : 0.5;
            hit.weight = std::clamp(hit.weight, -kWeightMax, kWeightMax);
            begins = before.token;
        }
    }
}

Mood mood_of(double praise, double blame, double score) {
    if (praise + blame == 0) return Mood::kNeutral;
    if (std::abs(score) <= kMixed) return Mood::kMixed;
    return score > 0 ? Mood::kPositive : Mood::kNegative;
}

}  // namespace

std::string_view to_string(Mood mood) {
    constexpr std::string_view kNames[] = {"positive", "negative", "mixed", "neutral"};
    return kNames[static_cast<std::size_t>(mood)];
}

std::string theme_names(const Opinion& opinion, messages::Language language) {
    std::string out;
    for (const auto& hit : opinion.themes)
        out += (out.empty() ? "" : ", ") + hit.label.in(language);
    return out;
}

void Lexicon::add(std::string_view word, Role role, double weight) {
    const bool stem = word.ends_with('*');
    const auto [key, count] = key_of(word);
    if (key.empty() || (stem && key.size() < kStemMin)) return;
    auto& term = (stem ? stems_ : terms_)[key];
    term.role = role;
    term.weight = weight;
    term.counts = true;
    longest_ = std::max(longest_, count);
}

void Lexicon::add_theme(const std::string& theme, const Words& label,
                        const std::vector<std::string>& words) {
    const auto known = std::ranges::find(themes_, theme, &Theme::id);
    const auto index = static_cast<std::size_t>(known - themes_.begin());
    if (known == themes_.end()) themes_.push_back({theme, {}});
    if (!label.empty()) themes_[index].label = label;
    if (themes_[index].label.empty()) themes_[index].label.en = theme;
    for (const auto& word : words) {
        const bool stem = word.ends_with('*');
        const auto [key, count] = key_of(word);
        if (key.empty() || (stem && key.size() < kStemMin)) continue;
        auto& of = (stem ? stems_ : terms_)[key].themes;
        if (std::ranges::find(of, index) == of.end()) of.push_back(index);
        longest_ = std::max(longest_, count);
    }
}

void Lexicon::remove(std::string_view word) {
    (word.ends_with('*') ? stems_ : terms_).erase(key_of(word).first);
}

const Lexicon::Term* Lexicon::longest(const std::vector<std::string>& tokens, std::size_t from,
                                      std::size_t& length) const {
    for (length = std::min(longest_, tokens.size() - from); length > 0; --length) {
        const auto key = joined(tokens, from, length);
        if (const auto term = terms_.find(key); term != terms_.end()) return &term->second;
        // The longest stem that begins it.
        for (auto size = key.size(); size >= kStemMin && key[size - 1] != ' '; --size)
            if (const auto stem = stems_.find(std::string_view(key).substr(0, size));
                stem != stems_.end())
                return &stem->second;
    }
    return nullptr;
}

Opinion Lexicon::read(std::string_view text) const {
    Opinion out;
    const auto tokens = tokens_of(text);
    out.language = language_of(text, tokens);
    std::vector<std::string> plain;
    plain.reserve(tokens.size());
    for (const auto& token : tokens) plain.push_back(token.text);

    std::vector<Found> found;
    std::size_t part = 0;
    for (std::size_t i = 0; i < tokens.size();) {
        std::size_t length = 1;
        if (tokens[i].text == ".") {
            ++part;
        } else if (const auto* term = longest(plain, i, length); term != nullptr) {
            if (term->counts && term->role == Role::kBut) ++part;
            if (!term->counts || term->role != Role::kIgnore || !term->themes.empty())
                found.push_back({term, i, length, part});
        } else {
            length = 1;
        }
        i += length;
    }

    const auto written = [&](const Found& f) {
        const auto from = tokens[f.token].at;
        return std::string(text.substr(from, tokens[f.token + f.tokens - 1].end - from));
    };
    double praise = 0;
    double blame = 0;
    std::map<std::size_t, double> parts;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto& f = found[i];
        if (!f.term->counts || f.term->role != Role::kWeight || f.term->weight == 0) continue;
        Hit hit{written(f), f.term->weight, "", tokens[f.token].at, f.part};
        weigh(found, tokens, i, hit);
        (hit.weight > 0 ? praise : blame) += std::abs(hit.weight);
        parts[f.part] += hit.weight;
        out.words.push_back(std::move(hit));
    }
    if (praise + blame > 0) out.score = (praise - blame) / (praise + blame);
    out.mood = mood_of(praise, blame, out.score);

    for (std::size_t t = 0; t < themes_.size(); ++t) {
        ThemeHit hit{themes_[t].id, themes_[t].label, {}, 0};
        std::map<std::size_t, bool> met;
        for (const auto& f : found) {
            if (std::ranges::find(f.term->themes, t) == f.term->themes.end()) continue;
            hit.words.push_back(written(f));
            if (!std::exchange(met[f.part], true))
                if (const auto weight = parts.find(f.part); weight != parts.end())
                    hit.weight += weight->second;
        }
        if (!hit.words.empty()) out.themes.push_back(std::move(hit));
    }
    return out;
}

}  // namespace kontor::feedback
