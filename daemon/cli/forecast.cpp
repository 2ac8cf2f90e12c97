#include "daemon/cli/forecast.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "daemon/cli/json_view.hpp"
#include "daemon/cli/progress.hpp"

namespace kontor::cli {

std::string forecast_text(Context& context, const nlohmann::json& forecast) {
    if (text_at(forecast, "credits_per_day").empty()) return context.text("cli.forecast.unknown");
    const auto limit = integer_at(forecast, "limit");
    const auto key = limit > 0 ? "cli.forecast" : "cli.forecast.unlimited";
    const auto whole = [&](const char* name) {
        const auto found = forecast.find(name);
        return grouped(
            found != forecast.end() && found->is_number() ? std::llround(found->get<double>()) : 0);
    };
    auto text = context.text(key, {{"credits", whole("credits_per_day")},
                                   {"limit", grouped(limit)},
                                   {"syncs", whole("syncs_per_day")}});
    const bool too_much =
        has(forecast, "fits") && !text_at(forecast, "fits").empty() && !flag_at(forecast, "fits");
    if (too_much) text += " " + context.text("cli.forecast.too_much");
    return text;
}

}  // namespace kontor::cli
