#pragma once

#include <nlohmann/json.hpp>

#include "daemon/feedback/report.hpp"

namespace kontor::feedback {

/// A score as the API shows it: n, the figure of its kind (nps, csat or ces) with low and high, and
/// "few" where it is uncertain. Groups below kGroupMin show n alone.
[[nodiscard]] nlohmann::json score_json(QuestionKind kind, const Score& score, bool is_group);

/// The questions as whoever asks them by telephone needs them.
[[nodiscard]] nlohmann::json script_json(const Survey& survey);

/// The report as the API gives it; docs/openapi.json describes it.
[[nodiscard]] nlohmann::json report_json(const Survey& survey, const Report& report);

}  // namespace kontor::feedback
