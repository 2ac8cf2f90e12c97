#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sync/search/query.hpp"
#include "sync/search/scan.hpp"

namespace kontor::search {

/// A field of a candidate; borrowed.
struct FieldText {
    std::string_view text;
    bool title = false;
};

/// Bytes of a text.
struct Stretch {
    std::size_t begin = 0, end = 0;
};

struct Match {
    int score = 0;          ///< higher is better; comparable within one query only
    std::size_t field = 0;  ///< in which the best part of the match is
    Stretch at;             ///< of that part, in the field's text
};

/// Says whether a record really meets a query, and how well: the index has no positions and may
/// lag, so its answers are candidates. One thread at a time; `query` must outlive it.
class Matcher {
public:
    explicit Matcher(const Query& query) : query_(query), best_(query.terms.size()) {}

    /// Whole fields are better than their beginnings, titles better than other fields.
    [[nodiscard]] std::optional<Match> match(std::span<const FieldText> fields);

    /// Where the query's terms are in one text, in order, without overlaps, at most `max`.
    [[nodiscard]] std::vector<Stretch> find_all(std::string_view text, std::size_t max);

private:
    struct Found {
        int score = 0;
        Stretch at;
    };
    [[nodiscard]] std::optional<Found> find(const Term& term, std::size_t from) const;
    [[nodiscard]] std::optional<Found> find(const Phrase& phrase, std::size_t from) const;
    [[nodiscard]] std::optional<Found> find_number(std::string_view digits, std::size_t from) const;
    [[nodiscard]] bool phrase_at(const Phrase& phrase, std::size_t unit) const;

    const Query& query_;
    std::string_view text_;
    Scan scan_;
    std::vector<Match> best_;
    /// For digits typed in parts, each may be in another field: best score so far, 0 = not found.
    std::vector<std::vector<int>> parts_;
};

}  // namespace kontor::search
