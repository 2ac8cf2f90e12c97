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

std::string credits_text(Context& context, const nlohmann::json& connection) {
    const auto& credits = object_at(connection, "credits");
    if (credits.empty()) return {};
    const auto limit = integer_at(credits, "limit");
    const auto left = integer_at(credits, "left", -1);
    const auto key = left < 0    ? "cli.credits.spent"
                     : limit > 0 ? "cli.credits.left_of"
                                 : "cli.credits.left";
    return context.text(key, {{"name", text_at(connection, "name")},
                              {"spent", grouped(integer_at(credits, "spent"))},
                              {"left", grouped(left)},
                              {"limit", grouped(limit)}});
}

}  // namespace kontor::cli
