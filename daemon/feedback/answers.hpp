#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/feedback/survey.hpp"

namespace kontor::feedback {

/// Answers by question id, in canonical form: a number's digits, ids of choices, a text. Blank
/// answers are not there.
using Answers = std::map<std::string, std::vector<std::string>>;

/// Why an answer cannot be taken.
enum class Flaw {
    kRequired,  ///< there is none, and there must be
    kNoNumber,  ///< not a whole number within the scale
    kNoChoice,  ///< not one of the choices
    kOneOnly,   ///< several, where one is wanted
    kTooLong,
    kNoText,      ///< not UTF-8
    kNoQuestion,  ///< the survey has no such question
    kNotAsked,    ///< an earlier answer leads past this question
};
/// "required" …, as the API names them.
[[nodiscard]] std::string_view to_string(Flaw flaw);

struct Checked {
    Answers answers;
    std::map<std::string, Flaw> flaws;  ///< by question; empty: all is well
};

/// What to do with an answer to a question that the other answers lead past.
enum class Unasked { kDrop, kRefuse };

/// Checks answers as they came against the definition. Questions are taken in their order, so what
/// shows a question is decided by the answers that were kept. Pure.
[[nodiscard]] Checked check_answers(const Survey& survey, const Answers& given, Unasked unasked);

/// Whether the answers meet all of the conditions.
[[nodiscard]] bool all_hold(const std::vector<api::Where>& conditions, const Survey& survey,
                            const Answers& answers);
/// Whether the question is shown after these answers.
[[nodiscard]] bool is_shown(const Question& question, const Survey& survey, const Answers& answers);

/// A whole number in digits, with a sign or not; nullopt if the text is anything else.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view text);

/// Numbers as numbers, several choices as a list, all else as text.
[[nodiscard]] nlohmann::json answers_json(const Survey& survey, const Answers& answers);
/// From a JSON object of texts, numbers and lists of texts; what is of another kind becomes a text
/// that no question takes. `json` is an object.
[[nodiscard]] Answers answers_from(const nlohmann::json& json);

}  // namespace kontor::feedback
