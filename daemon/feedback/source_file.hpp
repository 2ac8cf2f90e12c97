#pragma once

#include <vector>

#include "config/table_reader.hpp"
#include "daemon/feedback/survey.hpp"

namespace kontor::feedback {

/// The [[source]] tables of a survey's file. What is wrong becomes a problem of `in`.
[[nodiscard]] std::vector<Source> read_sources(config::TableReader& in,
                                               const std::vector<Question>& questions,
                                               config::TableReader::Into into);

}  // namespace kontor::feedback
