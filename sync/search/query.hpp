#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sync/search/scan.hpp"

namespace kontor::search {

inline constexpr std::size_t kQueryBytesMax = 1024;
inline constexpr std::size_t kQueryTermsMax = 16;

/// Units that must follow one another in one field.
struct Phrase {
    struct Part {
        UnitKind kind = UnitKind::kWord;
        bool adjacent = false;
        std::string text;
    };
    std::vector<Part> parts;
    bool prefix = false;             ///< the last part may be the beginning of a word …
    std::vector<std::string> words;  ///< … of which these are in the index
    std::vector<std::string> extra;  ///< further index terms that narrow it down (e-mail)
};

/// Digits, looked for inside longer runs. "138 0013" means either 1380013 in one run, or each of
/// 138 and 0013 somewhere.
struct Digits {
    std::string joined;
    std::vector<std::string> parts;
};

/// One condition; a record must meet all of a query's. Either `phrase` has parts or `digits` has.
struct Term {
    Phrase phrase;
    Digits digits;

    [[nodiscard]] bool is_digits() const { return !digits.parts.empty(); }
};

/// What a person typed, understood. No input is an error: there are no operators but quotes.
struct Query {
    std::vector<Term> terms;

    /// True if its last condition is a plain word long enough to be completed.
    [[nodiscard]] bool completable() const;
    /// Its last word, if it is completable.
    [[nodiscard]] const std::string& last_word() const;
    /// The same with its last word as the beginning of any of `words`.
    [[nodiscard]] Query completed(std::vector<std::string> words) const;
    /// The FTS5 expression that every matching record meets (and some others: see Matcher).
    [[nodiscard]] std::string match_expression() const;
};

/// Splits at blanks; "quoted parts" (also “so”) are phrases; Chinese and other words in one chunk
/// are conditions of their own. Text beyond kQueryBytesMax and terms beyond kQueryTermsMax are
/// ignored.
[[nodiscard]] Query parse_query(std::string_view text);

}  // namespace kontor::search
