#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sync/base/result.hpp"

namespace kontor::kit {

enum class Outcome : std::uint8_t {
    kPassed,
    kFailed,
    kNotApplicable,  ///< the capability is not declared, or there is nothing to try it on
};
/// passed, failed, not_applicable
[[nodiscard]] std::string_view to_string(Outcome outcome);

/// What a check came to. `reason` is a text of the catalogue, `kit.REASON`, with `args`.
struct Verdict {
    Outcome outcome = Outcome::kPassed;
    std::string reason = {};
    std::map<std::string, std::string> args = {};

    [[nodiscard]] bool failed() const { return outcome == Outcome::kFailed; }
};

using Args = std::map<std::string, std::string>;

[[nodiscard]] inline Verdict passed(std::string reason = {}, Args args = {}) {
    return {Outcome::kPassed, std::move(reason), std::move(args)};
}
[[nodiscard]] inline Verdict failed(std::string reason, Args args = {}) {
    return {Outcome::kFailed, std::move(reason), std::move(args)};
}
[[nodiscard]] inline Verdict not_applicable(std::string reason, Args args = {}) {
    return {Outcome::kNotApplicable, std::move(reason), std::move(args)};
}
/// A call that had to succeed did not. `doing` is a word of the contract: pull, push …
[[nodiscard]] Verdict failed_call(std::string_view doing, const Error& error);

struct Finding {
    std::string check;
    std::string stream;  ///< "" if it is about the whole connection
    Verdict verdict;
};

/// A record that the kit made and could not take away again.
struct LeftBehind {
    std::string stream;
    std::string id;
    std::string why;
};

struct Report {
    std::vector<Finding> findings;
    std::vector<LeftBehind> left_behind;

    [[nodiscard]] std::size_t count(Outcome outcome) const;
};

}  // namespace kontor::kit
