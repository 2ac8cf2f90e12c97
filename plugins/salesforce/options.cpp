#include "plugins/salesforce/options.hpp"

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::salesforce {
namespace {

[[noreturn]] void refuse(std::string_view option, std::string_view why) {
    throw sdk::Error(KONTOR_E_INVALID, "option " + std::string(option) + " " + std::string(why));
}

std::int64_t bounded(const sdk::Json& options, std::string_view name, std::int64_t otherwise,
                     std::int64_t most) {
    const std::int64_t value = sdk::integer_of(options, name, otherwise);
    if (value < 0 || value > most) refuse(name, "is out of range");
    return value;
}

std::vector<std::string> object_names(const sdk::Json& options) {
    const sdk::Json& list = sdk::member(options, "objects");
    if (list.is_null()) return standard_objects();
    if (!list.is_array()) refuse("objects", "must be a list");
    std::vector<std::string> out;
    for (const sdk::Json& item : list) {
        if (!item.is_string()) refuse("objects", "must be a list of texts");
        out.push_back(item.get<std::string>());
    }
    return out;
}

}  // namespace

const std::vector<std::string>& standard_objects() {
    static const std::vector<std::string> all{"Account",  "Contact",  "Lead", "Opportunity",
                                              "Product2", "Campaign", "Task", "Event",
                                              "Case",     "User"};
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
    out.instance_url = sdk::text_of(given, "instance_url");
    if (out.instance_url.empty()) refuse("instance_url", "is missing");
    out.objects = object_names(given);
    out.custom_objects = sdk::flag_of(given, "custom_objects", true);
    if (const auto& field = sdk::member(given, "external_id_field"); field.is_string())
        out.external_id_field = field.get<std::string>();
    out.bulk_from = bounded(given, "bulk_from", out.bulk_from, 1'000'000'000);
    out.allow_duplicates = sdk::flag_of(given, "allow_duplicates");
    out.auto_assign = sdk::flag_of(given, "auto_assign");
    out.overlap_ms = 1000 * bounded(given, "overlap_s", out.overlap_ms / 1000, 86'400);
    return out;
}

}  // namespace kontor::salesforce
