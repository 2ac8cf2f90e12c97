#pragma once

#include <vector>

#include "config/table_reader.hpp"
#include "daemon/feedback/survey.hpp"

namespace kontor::feedback {

/// Reads the [[action]] tables of a survey's document. What is wrong becomes a problem.
[[nodiscard]] std::vector<Action> read_actions(config::TableReader& in,
                                               const std::vector<Question>& questions,
                                               config::TableReader::Into into);

/// A text cut at its {placeholders}.
struct Piece {
    std::string text;
    bool is_name = false;  ///< text is a placeholder's name
};
[[nodiscard]] std::vector<Piece> split_placeholders(const std::string& text);

}  // namespace kontor::feedback
