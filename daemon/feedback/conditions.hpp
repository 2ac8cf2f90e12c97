#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "config/table_reader.hpp"
#include "daemon/feedback/survey.hpp"

namespace kontor::feedback {

/// Filters and conditions of a survey's file. What is wrong becomes a problem of `in`.

/// `node` as a filter; nullopt and a problem if it is none.
[[nodiscard]] std::optional<Clause> read_clause(const config::TableReader& in,
                                                const config::Node& node, std::string_view key);
/// One filter or a list of them.
[[nodiscard]] std::vector<Clause> read_clauses(config::TableReader& in, std::string_view key);

/// Filters of answers to the questions given: each compares what can be compared.
[[nodiscard]] std::vector<api::Where> read_conditions(config::TableReader& in, std::string_view key,
                                                      const std::vector<Question>& questions);

}  // namespace kontor::feedback
