#pragma once

#include <nlohmann/json_fwd.hpp>

#include "daemon/runtime/worker.hpp"
#include "sync/base/result.hpp"
#include "sync/engine/cycle.hpp"

/// What the engine reports, as the API and its events tell it.
namespace kontor::app {

[[nodiscard]] nlohmann::json to_json(const engine::Progress& progress);
[[nodiscard]] nlohmann::json to_json(const engine::StreamCounts& counts);
/// Run and counts; not the plan, which may be long.
[[nodiscard]] nlohmann::json to_json(const engine::CycleReport& report);
[[nodiscard]] nlohmann::json to_json(const engine::VerifyCounts& counts);
/// Ticket, options, counts and error; not the findings, which may be many.
[[nodiscard]] nlohmann::json to_json(const Verified& verified);
/// {code, message, detail}; `message` in English: events have no language.
[[nodiscard]] nlohmann::json to_json(const Error& error);

}  // namespace kontor::app
