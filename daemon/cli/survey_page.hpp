#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "daemon/messages/messages.hpp"

namespace kontor::cli {

/// A survey's report, as the API gives it, as one HTML page: no scripts, nothing from elsewhere,
/// light and dark, tables that a screen reader reads beside every bar.
[[nodiscard]] std::string survey_page(messages::Language language, const nlohmann::json& report);

/// By which way answers came, in words: "e-mail"; what people called it themselves stays.
[[nodiscard]] std::string channel_name(messages::Language language, const std::string& channel);

/// A figure with its interval in words: "45 (30.5 … 59.5)"; "–" where there is none.
[[nodiscard]] std::string figure_text(const nlohmann::json& score);

/// The figure itself, −100 … 100 or 0 … 100, for bars; nullptr JSON where there is none.
[[nodiscard]] const nlohmann::json& figure_in(const nlohmann::json& score);

}  // namespace kontor::cli
