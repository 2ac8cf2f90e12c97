#pragma once

#include <rapidcheck.h>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "sync/merge/three_way.hpp"

namespace kontor::test {

/// Numbers below a bound, taken one after the other from two words of chance. Cheap enough for
/// millions of cases; smaller words give simpler cases, so that failing ones shrink.
class Draw {
public:
    Draw(std::uint64_t first, std::uint64_t second) : words_{first, second} {}
    std::size_t below(std::size_t bound);
    bool one_in(std::size_t n) { return below(n) == n - 1; }

private:
    std::uint64_t words_[2];
    std::size_t at_ = 0;
};

/// What fields hold in practice, and what they should not: texts, numbers in several forms, lists,
/// dates, blanks, broken ones.
enum class Flavour : std::uint8_t { kAny, kNumbers, kLists, kTexts, kDates };
[[nodiscard]] Value any_value(Draw& draw, Flavour flavour);

/// Both sides of a group, what is known of it, and how it is to be decided. The values of a field
/// come from a pool of few, so that sides are often equal.
struct MergeCase {
    merge::GroupInput input;
};

/// Two values that were made of one.
struct TwoEdits {
    Value base, one, other;
    merge::Policy policy = merge::Policy::kMax;
};

[[nodiscard]] std::string shown(const Value& value);
[[nodiscard]] std::string shown(const merge::GroupValues& values);
void showValue(const MergeCase& one, std::ostream& out);  // NOLINT: RapidCheck's name
void showValue(const TwoEdits& one, std::ostream& out);   // NOLINT

[[nodiscard]] MergeCase merge_case(std::uint64_t first, std::uint64_t second);
[[nodiscard]] TwoEdits two_edits(std::uint64_t first, std::uint64_t second);

/// A generator of what `make` makes of two words.
template <class Make>
auto from_words(Make make) {
    const auto word = rc::gen::inRange<std::uint64_t>(0, UINT64_MAX);
    return rc::gen::map(rc::gen::pair(word, word),
                        [make](const auto& words) { return make(words.first, words.second); });
}

}  // namespace kontor::test

namespace rc {

template <>
struct Arbitrary<kontor::test::MergeCase> {
    static Gen<kontor::test::MergeCase> arbitrary() {
        return kontor::test::from_words(kontor::test::merge_case);
    }
};
template <>
struct Arbitrary<kontor::test::TwoEdits> {
    static Gen<kontor::test::TwoEdits> arbitrary() {
        return kontor::test::from_words(kontor::test::two_edits);
    }
};

}  // namespace rc
