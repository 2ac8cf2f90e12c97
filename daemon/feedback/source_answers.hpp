#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "daemon/feedback/answers.hpp"

namespace kontor::feedback {

/// A service's answers (JSON by its names of questions) as answers to ours, not checked yet: values
/// are translated, choices also known by their texts. `given` may be any JSON. Pure.
[[nodiscard]] Answers mapped_answers(const Survey& survey, const Source& source,
                                     const nlohmann::json& given);

/// What decides how answers are mapped, as a text: another text, another result.
[[nodiscard]] std::string mapping_text(const Survey& survey, const Source& source);

}  // namespace kontor::feedback
