#include "plugins/fxiaoke/options.hpp"

#include <algorithm>

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::fxiaoke {
namespace {

[[noreturn]] void refuse(std::string_view option, std::string_view why) {
    throw sdk::Error(KONTOR_E_INVALID, "option " + std::string(option) + " " + std::string(why));
}

std::int64_t bounded(const sdk::Json& options, std::string_view name, std::int64_t otherwise,
                     std::int64_t least, std::int64_t most) {
    const std::int64_t value = sdk::integer_of(options, name, otherwise);
    if (value < least || value > most) refuse(name, "is out of range");
    return value;
}

std::vector<std::string> texts(const sdk::Json& options, std::string_view name,
                               std::vector<std::string> otherwise) {
    const sdk::Json& list = sdk::member(options, name);
    if (list.is_null()) return otherwise;
    if (!list.is_array()) refuse(name, "must be a list");
    std::vector<std::string> out;
    for (const sdk::Json& item : list) {
        if (!item.is_string()) refuse(name, "must be a list of texts");
        out.push_back(item.get<std::string>());
    }
    return out;
}

std::string api_base(const sdk::Json& options) {
    if (auto url = sdk::text_of(options, "api_url"); !url.empty()) return url;
    std::string name = sdk::text_of(options, "cloud");
    if (name.empty()) name = "fxiaoke";
    const auto& all = clouds();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const Cloud& each) { return each.name == name; });
    if (found == all.end()) refuse(name == "custom" ? "api_url" : "cloud", "is not known");
    return std::string(found->api_url);
}

}  // namespace

const std::vector<Cloud>& clouds() {
    static const std::vector<Cloud> all{
        {"fxiaoke", "https://open.fxiaoke.com"},
        {"huawei", "https://open-hwcloud.fxiaoke.com"},
        {"ale", "https://open-ale.fxiaoke.com"},
        {"hws", "https://open-hws.fxiaoke.com"},
        {"hongkong", "https://open-ksc.sharecrm.com"},
        {"na", "https://open-na.sharecrm.com"},
    };
    return all;
}

const std::vector<std::string>& standard_objects() {
    static const std::vector<std::string> all{
        "AccountObj",           "ContactObj",      "LeadsObj",      "NewOpportunityObj",
        "ProductObj",           "QuoteObj",        "QuoteLinesObj", "SalesOrderObj",
        "SalesOrderProductObj", "ActiveRecordObj", "users"};
    return all;
}

Options Options::parse(std::string_view config) {
    sdk::Json parsed;
    try {
        parsed = sdk::parse_json(config.empty() ? "{}" : config, "config");
    } catch (const sdk::Error& error) {
        throw sdk::Error(KONTOR_E_INVALID, error.what());
    }
    const sdk::Json& given = sdk::member(parsed, "options");
    Options out;
    out.api_url = api_base(given);
    if (const std::string api = sdk::text_of(given, "api"); api == "old")
        out.generation = Generation::kOld;
    else if (!api.empty() && api != "new")
        refuse("api", "must be new or old");
    out.user_id = sdk::text_of(given, "user_id");
    if (out.user_id.empty()) refuse("user_id", "is missing");
    out.objects = texts(given, "objects", standard_objects());
    out.custom_objects = sdk::flag_of(given, "custom_objects", true);
    if (const auto& field = sdk::member(given, "external_id_field"); field.is_string())
        out.external_id_field = field.get<std::string>();
    out.trigger_approval = sdk::flag_of(given, "trigger_approval");
    out.trigger_workflow = sdk::flag_of(given, "trigger_workflow");
    out.utc_offset_ms = 60'000 * bounded(given, "utc_offset_minutes", 480, -720, 840);
    out.lag_ms = 1000 * bounded(given, "lag_s", out.lag_ms / 1000, 0, 86'400);
    out.overlap_ms = 1000 * bounded(given, "overlap_s", out.overlap_ms / 1000, 0, 86'400);
    return out;
}

}  // namespace kontor::fxiaoke
