#include "plugins/zoho/options.hpp"

#include <algorithm>

#include "connectors/sdk/error.hpp"
#include "connectors/sdk/json.hpp"

namespace kontor::zoho {
namespace {

[[noreturn]] void refuse(std::string_view option, std::string_view why) {
    throw sdk::Error(KONTOR_E_INVALID, "option " + std::string(option) + " " + std::string(why));
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

std::int64_t bounded(const sdk::Json& options, std::string_view name, std::int64_t otherwise,
                     std::int64_t least, std::int64_t most) {
    const std::int64_t value = sdk::integer_of(options, name, otherwise);
    if (value < least || value > most) refuse(name, "is out of range");
    return value;
}

std::string without_slash(std::string url) {
    while (!url.empty() && url.back() == '/') url.pop_back();
    return url;
}

std::string api_base(const sdk::Json& options) {
    if (auto url = sdk::text_of(options, "api_url"); !url.empty()) return url;
    // The token answer names the API base of the account; the host hands it on.
    if (auto domain = sdk::text_of(options, "api_domain"); !domain.empty())
        return domain.find("://") == std::string::npos ? "https://" + domain : domain;
    std::string name = sdk::text_of(options, "data_centre");
    if (name.empty()) name = "us";
    const auto& centres = data_centres();
    const auto found = std::find_if(centres.begin(), centres.end(),
                                    [&](const DataCentre& each) { return each.name == name; });
    if (found == centres.end())
        refuse(name == "custom" ? "api_url" : "data_centre",
               name == "custom" ? "is needed for a custom data centre" : "is not known");
    const bool sandbox = sdk::flag_of(options, "sandbox");
    return (sandbox ? "https://sandbox.zohoapis." : "https://www.zohoapis.") +
           std::string(found->api_suffix);
}

}  // namespace

const std::vector<DataCentre>& data_centres() {
    static const std::vector<DataCentre> all{
        {"us", "https://accounts.zoho.com", "com", "https://content.zohoapis.com"},
        {"eu", "https://accounts.zoho.eu", "eu", "https://content.zohoapis.eu"},
        {"in", "https://accounts.zoho.in", "in", "https://content.zohoapis.in"},
        {"au", "https://accounts.zoho.com.au", "com.au", "https://content.zohoapis.com.au"},
        {"cn", "https://accounts.zoho.com.cn", "com.cn", "https://content.zohoapis.com.cn"},
        {"jp", "https://accounts.zoho.jp", "jp", "https://content.zohoapis.jp"},
        {"ca", "https://accounts.zohocloud.ca", "ca", "https://upload.zohocloud.ca"},
        {"sa", "https://accounts.zoho.sa", "sa", "https://files.zoho.sa"},
    };
    return all;
}

const std::vector<std::string>& standard_modules() {
    static const std::vector<std::string> all{"Leads",     "Accounts", "Contacts",     "Deals",
                                              "Products",  "Quotes",   "Sales_Orders", "Invoices",
                                              "Campaigns", "Tasks",    "Events",       "Calls",
                                              "Notes",     "Cases",    "users"};
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
    out.api_url = without_slash(api_base(given));
    out.modules = texts(given, "modules", standard_modules());
    out.custom_modules = sdk::flag_of(given, "custom_modules", true);
    if (const auto& field = sdk::member(given, "external_id_field"); field.is_string())
        out.external_id_field = field.get<std::string>();
    out.trigger = texts(given, "trigger", {});
    static const std::vector<std::string> kTriggers{"workflow", "approval", "blueprint",
                                                    "pathfinder", "orchestration"};
    for (const auto& name : out.trigger)
        if (std::find(kTriggers.begin(), kTriggers.end(), name) == kTriggers.end())
            refuse("trigger", "names an automation that Zoho does not have");
    const std::string bulk = sdk::text_of(given, "bulk");
    if (bulk == "always")
        out.bulk = BulkMode::kAlways;
    else if (bulk == "never")
        out.bulk = BulkMode::kNever;
    else if (!bulk.empty() && bulk != "auto")
        refuse("bulk", "must be auto, always or never");
    out.bulk_threshold = bounded(given, "bulk_threshold", out.bulk_threshold, 1, 1'000'000'000);
    out.overlap_ms = 1000 * bounded(given, "overlap_s", out.overlap_ms / 1000, 1, 86'400);
    out.page_fields = static_cast<std::size_t>(bounded(given, "page_fields", 50, 10, 50));
    return out;
}

}  // namespace kontor::zoho
