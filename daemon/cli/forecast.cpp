#include "daemon/cli/forecast.hpp"

#include <nlohmann/json.hpp>

#include "daemon/cli/json_view.hpp"
#include "daemon/cli/progress.hpp"

namespace kontor::cli {

std::string forecast_text(Context& context, const nlohmann::json& forecast) {
    if (text_at(forecast, "credits_per_day").empty()) return context.text("cli.forecast.unknown");
    const auto limit = integer_at(forecast, "limit");
    const auto key = limit > 0 ? "cli.forecast" : "cli.forecast.unlimited";
    auto text = context.text(key, {{"credits", text_at(forecast, "credits_per_day")},
                                   {"limit", grouped(limit)},
                                   {"syncs", text_at(forecast, "syncs_per_day")}});
    const bool too_much =
        has(forecast, "fits") && !text_at(forecast, "fits").empty() && !flag_at(forecast, "fits");
    if (too_much) text += " " + context.text("cli.forecast.too_much");
    return text;
}

}  // namespace kontor::cli
