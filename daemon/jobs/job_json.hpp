#pragma once

#include <nlohmann/json_fwd.hpp>

#include "daemon/jobs/service.hpp"

/// Jobs and runs as the API and its events tell them.
namespace kontor::jobs {

/// Without its log.
[[nodiscard]] nlohmann::json to_json(const Run& run);
[[nodiscard]] nlohmann::json to_json(const Progress& progress);
[[nodiscard]] nlohmann::json to_json(const JobStatus& status);

}  // namespace kontor::jobs
