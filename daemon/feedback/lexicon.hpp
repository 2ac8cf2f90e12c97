#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/feedback/survey.hpp"

namespace kontor::feedback {

enum class Mood : std::uint8_t { kPositive, kNegative, kMixed, kNeutral };
/// "positive" …, as the API and files name them.
[[nodiscard]] std::string_view to_string(Mood mood);

/// A word that counted, as it stands in the text.
struct Hit {
    std::string word;
    double weight = 0;     ///< above 0: praise; after negation and emphasis
    std::string turned;    ///< the negation that turned it round; "" = none
    std::size_t at = 0;    ///< byte in the text
    std::size_t part = 0;  ///< of the sentence: commas and "but" part it
};

struct ThemeHit {
    std::string theme;  ///< id
    Words label;
    std::vector<std::string> words;
    double weight = 0;  ///< of the words that count in the same parts of the text
};

/// What a text says, and by which words. docs/feedback.md tells the method.
struct Opinion {
    std::string language;  ///< zh, en; "" = neither
    Mood mood = Mood::kNeutral;
    double score = 0;  ///< −1 … 1: (praise − blame) / (praise + blame)
    std::vector<Hit> words;
    std::vector<ThemeHit> themes;  ///< in the lexicon's order
};

/// "Price, Delivery", in that language.
[[nodiscard]] std::string theme_names(const Opinion& opinion, messages::Language language);

/// Words that praise or blame, and words of themes. Immutable once it is filled, then free for any
/// thread.
class Lexicon {
public:
    /// What a word does.
    enum class Role : std::uint8_t { kWeight, kNegation, kStronger, kWeaker, kBut, kIgnore };

    /// `word`: letters in any case, or Chinese; several words with a blank between; with * at its
    /// end also all longer ones. Replaces what was said of it before.
    void add(std::string_view word, Role role, double weight = 0);
    void add_theme(const std::string& theme, const Words& label,
                   const std::vector<std::string>& words);
    /// Forgets the word, themes included.
    void remove(std::string_view word);

    /// Pure. Takes any bytes; what is not UTF-8 says nothing.
    [[nodiscard]] Opinion read(std::string_view text) const;

    struct Term {
        Role role = Role::kIgnore;
        double weight = 0;
        bool counts = false;  ///< has a role; else it is of themes alone
        std::vector<std::size_t> themes;
    };
    struct Theme {
        std::string id;
        Words label;
    };

private:
    /// The longest term that begins at the word or character.
    [[nodiscard]] const Term* longest(const std::vector<std::string>& tokens, std::size_t from,
                                      std::size_t& length) const;

    std::map<std::string, Term, std::less<>> terms_;  ///< tokens joined by blanks
    std::map<std::string, Term, std::less<>> stems_;  ///< of words with *
    std::size_t longest_ = 1;                         ///< tokens of the longest term
    std::vector<Theme> themes_;
};

}  // namespace kontor::feedback
