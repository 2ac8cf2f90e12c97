#include "connectors/kit/verdict.hpp"

#include <algorithm>

namespace kontor::kit {

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::kPassed:
            return "passed";
        case Outcome::kFailed:
            return "failed";
        case Outcome::kNotApplicable:
            return "not_applicable";
    }
    return "";
}

Verdict failed_call(std::string_view doing, const Error& error) {
    return failed("call_failed", {{"call", std::string(doing)},
                                  {"code", std::string(to_string(error.code))},
                                  {"error", error.message}});
}

std::size_t Report::count(Outcome outcome) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        findings, [&](const Finding& each) { return each.verdict.outcome == outcome; }));
}

}  // namespace kontor::kit
