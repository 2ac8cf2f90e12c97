#include "connectors/declarative/spec_json.hpp"

namespace kontor::declarative {
namespace {

Json label_json(const Label& label) {
    Json out = {{"en", label.en}};
    if (!label.zh.empty()) out["zh"] = label.zh;
    return out;
}

Json option_json(const Option& option) {
    Json out = {{"name", option.name}, {"type", option.type}, {"required", option.required}};
    if (!option.fallback.is_null()) out["default"] = option.fallback;
    if (!option.choices.empty()) out["choices"] = option.choices;
    if (!option.help.en.empty()) out["help"] = label_json(option.help);
    return out;
}

}  // namespace

std::string spec_json(const Description& description) {
    std::string address = description.base_url;
    for (const auto& name : description.names_in_address())
        for (auto at = address.find("{" + name + "}"); at != std::string::npos;
             at = address.find("{" + name + "}"))
            address.replace(at, name.size() + 2, "-");
    Json out = {{"title", label_json(description.title)},
                {"options", Json::array()},
                {"auth", Json::array()},
                {"hosts", Json::array({address})}};
    for (const auto& option : description.options) out["options"].push_back(option_json(option));
    for (const auto& auth : description.auth) out["auth"].push_back(auth.spec);
    for (const auto& host : description.hosts) out["hosts"].push_back(host);
    const Limits& limits = description.limits;
    out["limits"] = {{"requests_per_second", limits.requests_per_second},
                     {"concurrency", limits.concurrency},
                     {"daily_credits", limits.daily_credits}};
    if (!limits.credits_left_header.empty())
        out["limits"]["credits_left_header"] = limits.credits_left_header;
    return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace kontor::declarative
