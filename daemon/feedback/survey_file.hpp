#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/problem.hpp"
#include "daemon/feedback/survey.hpp"

namespace kontor::feedback {

/// Reads a survey's TOML. Everything wrong becomes a problem with its line; nullopt if there is
/// one. `file` is only for messages. docs/feedback.md describes the format.
[[nodiscard]] std::optional<Survey> parse_survey(std::string_view text, const std::string& file,
                                                 config::Problems& problems);

/// The same from a file; besides, the file must be called ID.toml.
[[nodiscard]] std::optional<Survey> read_survey(const std::string& file,
                                                config::Problems& problems);

/// A survey's or question's id: [a-z][a-z0-9_-]{0,31}.
[[nodiscard]] bool is_id(std::string_view text);

}  // namespace kontor::feedback
